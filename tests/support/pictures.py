"""Pictures of every screen by day and by night, of runs that were really made: `./dev console pictures`.

They go to docs/images, and the page docs/reference/screens.md shows them all. Each is of 1280 x 800 pixels.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from playwright.sync_api import Browser, Page

from support.accessible import Theme, in_theme
from support.entering import as_admin, move
from support.modelled import modelled
from support.opening import launched, windows
from support.site import site
from support.touring import STOPS, Places, Stop, asking_models, furnished, visit

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
PAGE = ROOT / "docs" / "reference" / "screens.md"
QUALITY = 82
SHOWN = tuple(stop for stop in STOPS if not stop.press)
"""Dialogs are left out: they stand over a screen that is there without them."""
BEGINNING = """# The screens of the console

Each is shown by day or by night, as you have set your browser. They are taken from runs that were really
made, by `./dev console pictures`, which writes this page, too.
"""


def main() -> None:
    """Work on two sites as people do, and take a picture of each screen in both themes."""
    IMAGES.mkdir(exist_ok=True)
    for kept in IMAGES.glob("console-*.webp"):
        kept.unlink()
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        taken(browser, Path(folder))
    PAGE.write_text(page(SHOWN))
    sys.stdout.write(f"{len(SHOWN)} screens are in {IMAGES.relative_to(ROOT)}, in both themes.\n")


def taken(browser: Browser, folder: Path) -> None:
    """Take all pictures, from sites that are made in a folder."""
    plain, asked = folder / "plain", folder / "asked"
    for made in (plain, asked):
        made.mkdir()
    with (
        site(plain) as here,
        modelled(asked, "support.sorting:sorted_alike") as house,
        windows(browser) as visitor,
    ):
        places = {False: furnished(here), True: asking_models(house)}
        pages = {False: as_admin(here, visitor), True: as_admin(house, visitor)}
        for number, stop in enumerate(SHOWN, start=1):
            sys.stderr.write(f"{number} of {len(SHOWN)}: {stop.name}\n")
            picture(pages[stop.modelled], places[stop.modelled], stop)


def picture(page: Page, places: Places, stop: Stop) -> None:
    """Take both pictures of one stop."""
    move(page, places.address(stop))
    visit(page, stop)
    line = page.context.new_cdp_session(page)
    for theme in get_args(Theme):
        in_theme(page, theme)
        taken = line.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
        (IMAGES / name(stop, theme)).write_bytes(base64.b64decode(taken["data"]))
    line.detach()


def name(stop: Stop, theme: Theme) -> str:
    """The file of a picture."""
    return f"console-{stop.name}-{theme}.webp"


def page(stops: Iterable[Stop]) -> str:
    """The page that shows all pictures, each by its name."""
    parts = [BEGINNING]
    for stop in stops:
        title = stop.name.replace("-", ": ", 1).replace("-", " ").capitalize()
        parts.append(f"\n## {title}\n\n{shown(stop, '../images')}\n")
    return "".join(parts)


def shown(stop: Stop, folder: str) -> str:
    """One screen as a page shows it, in the theme of whoever reads."""
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{folder}/{name(stop, "dark")}">'
        f'<img alt="The screen {stop.name.replace("-", " ")}" src="{folder}/{name(stop, "light")}"></picture>'
    )


if __name__ == "__main__":
    main()
