"""What tests of the console's screens share: a site with a provider, signing in, and what hinders people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from playwright.sync_api import Page, expect

from support.provider.process import serving
from support.site import Site, site

SETTINGS = """
[providers.one]
kind = "compatible"
url = "{url}/v1"
keyless = true

[models]
default = ["one:m", "one:n"]
cheap = ["one:unpriced"]

[model_prices."one:m"]
input = "1"
output = "2"

[model_prices."one:n"]
input = "3"
output = "6"
"""
GRAVE = ("serious", "critical")


@contextmanager
def modelled(folder: Path, script: str = "answers") -> Iterator[Site]:
    """A site that knows a provider, which plays the named script."""
    with serving(script) as url:
        (folder / "pilothouse.toml").write_text(SETTINGS.format(url=url))
        with site(folder) as started:
            yield started


def asked(here: Site, text: str, **more: object) -> Mapping[str, Any]:
    """What the gateway answers to a text."""
    body = {"model": "default", "messages": [{"role": "user", "content": text}], **more}
    answer: Mapping[str, Any] = here.post("/v1/chat/completions", body)
    return answer


def signed_in(here: Site, page: Page) -> Page:
    """The page, with the admin signed in."""
    page.context.add_cookies(here.cookies())
    page.goto("/console/")
    return page


def signed_in_as(here: Site, page: Page, role: str) -> Page:
    """The page, with a person of that role signed in, who is invited for it."""
    email = f"{role}-{uuid4().hex}@example.com"  # sites are shared by tests
    password = here.person(email, role)
    page.goto(f"{here.url}/sign-in")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/console/**")
    return page


def assert_unhindered(page: Page, axe: str) -> None:
    """Nothing on the page hinders people gravely, in light and dark, and a phone need not scroll sideways."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] - each is one of those
        expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)
        page.evaluate(axe)
        found = page.evaluate("axe.run()")
        grave = [
            (one["id"], [node["target"] for node in one["nodes"]], one["nodes"][0]["failureSummary"])
            for one in found["violations"]
            if one["impact"] in GRAVE
        ]
        assert grave == [], (page.url, scheme, grave)
    before = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390, (page.url, wide)
    if before is not None:
        page.set_viewport_size(before)
