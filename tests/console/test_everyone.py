"""No screen hinders anybody: nothing that axe calls serious or critical, by day and by night, on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from support.accessible import hindrances
from support.entering import as_admin, move
from support.opening import windows
from support.site import Site
from support.touring import STOPS, Places, Stop, visit

SCREENS = Path(__file__).parents[2] / "console" / "src" / "features"

Toured = dict[bool, tuple[Page, Places]]
"""By whether there is a provider of models: a window in which the admin has signed in, and what was made."""


@pytest.fixture(scope="module")
def toured(chromium: Browser, there: Site, house: Site, worked: Places, asked: Places) -> Iterator[Toured]:
    """A window on each of two sites that were worked on: one without models, and one with a provider."""
    with windows(chromium) as visitor:
        yield {False: (as_admin(there, visitor), worked), True: (as_admin(house, visitor), asked)}


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
