"""No screen hinders anybody: nothing that axe calls serious or critical, by day and by night, on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from support.accessible import hindrances
from support.entering import as_admin, move
from support.modelled import modelled
from support.opening import windows
from support.site import site
from support.touring import STOPS, Places, Stop, asking_models, furnished, visit

SCREENS = Path(__file__).parents[2] / "console" / "src" / "features"
MODELLED = "support.sorting:sorted_alike"

Toured = dict[bool, tuple[Page, Places]]
"""By whether there is a provider of models: a window in which the admin has signed in, and what was made."""


@pytest.fixture(scope="module")
def toured(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toured]:
    """Two sites that were worked on, with a window each: one without models, and one with a provider."""
    plain, asked = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("asked")
    with site(plain) as here, modelled(asked, MODELLED) as house, windows(chromium) as visitor:
        yield {
            False: (as_admin(here, visitor), furnished(here)),
            True: (as_admin(house, visitor), asking_models(house)),
        }


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.name)
def test_a_screen_hinders_nobody(toured: Toured, axe: str, stop: Stop) -> None:
    page, places = toured[stop.modelled]
    move(page, places.address(stop))
    visit(page, stop)
    assert hindrances(page, axe) == []


def test_every_screen_is_visited() -> None:
    told = {
        path
        for file in SCREENS.glob("*/screens.ts")
        for path in re.findall(r'path: "(/[^"]*)"', file.read_text())
    }
    visited = {re.sub(r"\{\w+\}", "$", stop.address.partition("?")[0]) for stop in STOPS}
    visited = {re.sub(r"^/prompts/.+", "/prompts/$", path) for path in visited}
    visited = {re.sub(r"^/settings/tenants/.+", "/settings/tenants/$", path) for path in visited}
    assert {re.sub(r"\$\w+", "$", path) for path in told} == visited
