"""A real Chromium and its windows. What a page complains about, and what it asks of other hosts, fails."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

NAMES = (
    "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
)  # fmt: skip
PROGRAM = next((found for name in NAMES if (found := shutil.which(name))), None)
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--disable-default-apps", "--disable-domain-reliability", "--no-default-browser-check",
    # no name but loopback can be resolved: nothing leaves this machine, and a page that tries is seen
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
]  # fmt: skip
WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
EXPECTED = ("the server responded with a status of", "net::ERR_")
"""What Chromium says of answers that the page itself deals with."""
Visitor = Callable[..., Page]


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser without windows, which ends with the block."""
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=PROGRAM, headless=True, args=ARGUMENTS)
        yield started
        started.close()


@contextmanager
def windows(chromium: Browser) -> Iterator[Visitor]:
    """Opens windows, which close with the block; what their pages complained about fails then."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def enter(base_url: str, **options: object) -> Page:
        given = {"viewport": WIDE, "reduced_motion": "reduce", "service_workers": "block"} | options
        context = chromium.new_context(base_url=base_url, **given)
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        own = urlsplit(base_url).netloc
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: _note(complaints, said.type, said.text))
        page.on("request", lambda request: _elsewhere(complaints, request.url, own))
        return page

    yield enter
    for context in contexts:
        context.close()
    assert complaints == []


def _note(complaints: list[str], kind: str, text: str) -> None:
    if kind in {"error", "warning"} and not any(part in text for part in EXPECTED):
        complaints.append(f"{kind}: {text}")


def _elsewhere(complaints: list[str], url: str, own: str) -> None:
    parts = urlsplit(url)
    if parts.scheme in {"http", "https"} and parts.netloc != own:
        complaints.append(f"asked {url}")
