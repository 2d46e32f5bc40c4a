"""Whether a page hinders people: what axe finds in both themes, and whether a phone scrolls sideways."""

from __future__ import annotations

from typing import Literal

from playwright.sync_api import Page, ViewportSize, expect

PHONE: ViewportSize = {"width": 390, "height": 844}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
STILL = "Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null)))"
"""Colours that are still changing are not what anybody reads."""
RUN = """
async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`));
}
"""


def settled(page: Page) -> None:
    """Wait until the screen has loaded what it shows."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("status", name="Loading")).to_have_count(0)


def hindrances(page: Page, axe: str) -> list[str]:
    """What is serious or critical in either theme, and whether the page is wider than a phone."""
    found: list[str] = []
    page.evaluate(axe)
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", theme)
        page.evaluate(STILL)
        found += [f"{theme} {one}" for one in page.evaluate(RUN)]
    wide = page.viewport_size
    page.set_viewport_size(PHONE)
    width = page.evaluate("document.documentElement.scrollWidth")
    if width > PHONE["width"]:
        found.append(f"{width} pixels wide on a phone")
    if wide is not None:
        page.set_viewport_size(wide)
    return found
