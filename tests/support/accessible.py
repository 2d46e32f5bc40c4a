"""Whether a page hinders people: what axe finds in both themes, and whether a phone scrolls sideways."""

from __future__ import annotations

from typing import Literal

from playwright.sync_api import Page, ViewportSize, expect

PHONE: ViewportSize = {"width": 390, "height": 844}
Theme = Literal["light", "dark"]
STILL = "Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null)))"
"""Colours that are still changing are not what anybody reads."""
DRAWN = "new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
"""What takes its width from the window has it one frame after."""
CONTRASTS = {"runOnly": ["color-contrast"]}
"""Of all that is checked, only colours differ between the themes."""
RUN = """
async (options) => {
  const found = await axe.run(document, { resultTypes: ["violations"], ...options });
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ target, html }) => `${id}: ${target} ${html.slice(0, 160)}`));
}
"""


def settled(page: Page) -> None:
    """Wait until the screen has loaded what it shows."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("status", name="Loading")).to_have_count(0)


def in_theme(page: Page, theme: Theme) -> None:
    """Show the page by day or by night, and wait until its colours have changed."""
    page.emulate_media(color_scheme=theme)
    if page.locator("html[data-mantine-color-scheme]").count():  # the page of customers has none
        expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", theme)
    page.evaluate(STILL)


def hindrances(page: Page, axe: str) -> list[str]:
    """What is serious or critical in either theme, and whether the page is wider than a phone."""
    found: list[str] = []
    page.evaluate(axe)
    checked: tuple[tuple[Theme, dict[str, list[str]]], ...] = (("dark", CONTRASTS), ("light", {}))
    for theme, options in checked:
        in_theme(page, theme)
        found += [f"{theme} {one}" for one in page.evaluate(RUN, options)]
    wide = page.viewport_size
    page.set_viewport_size(PHONE)
    page.evaluate(DRAWN)
    width = page.evaluate("document.documentElement.scrollWidth")
    if width > PHONE["width"]:
        found.append(f"{width} pixels wide on a phone")
    if wide is not None:
        page.set_viewport_size(wide)
    return found
