"""How much a browser has to fetch before anything is seen, and how soon the first screen can be used."""

from __future__ import annotations

import gzip
import re

import pytest
from playwright.sync_api import Page, expect

from support.site import Site

MOST_BYTES = 200 << 10
"""Of scripts for the frame of the console, compressed."""
SEEN = """
new MutationObserver((_, observer) => {
  if (document.querySelector("h1") === null) return;
  window.seenAt = performance.now();
  observer.disconnect();
}).observe(document, { childList: true, subtree: true });
"""


def test_the_frame_of_the_console_is_small(here: Site) -> None:
    page = here.api.get("/console/").text
    scripts = re.findall(r'(?:src|href)="(/console/assets/[^"]+\.js)"', page)
    assert scripts
    sizes = {path: len(gzip.compress(here.api.get(path).content, 9)) for path in scripts}
    assert sum(sizes.values()) <= MOST_BYTES, sizes


@pytest.mark.timed
def test_the_first_screen_can_be_used_within_a_second(admin: Page) -> None:
    admin.context.add_init_script(SEEN)
    taken: list[float] = []
    for _ in range(5):
        session = admin.context.new_cdp_session(admin)
        session.send("Network.clearBrowserCache")
        admin.goto("/console/")
        expect(admin.get_by_role("heading", level=1)).to_be_visible()
        taken.append(float(admin.evaluate("window.seenAt")))
    assert min(taken) < 1_000, taken
