"""A real Chromium on a real server. What a page complains about, and what it asks of other hosts, fails."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from support.entering import as_admin
from support.modelled import modelled
from support.opening import PROGRAM, Visitor, launched, windows
from support.site import Site, site
from support.touring import Places, asking_models, furnished

SUPPORT = str(Path(__file__).parents[1] / "support")


@pytest.hookimpl(tryfirst=True)  # before those that were not asked for are left out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What drives a browser runs apart, and is left out where there is none."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
            if PROGRAM is None:
                item.add_marker(pytest.mark.skip(reason="needs a browser: apt-get install chromium"))


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with the shipped applications, which knows no model."""
    folder = tmp_path_factory.mktemp("site")
    with site(folder) as started:
        yield started
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Another one, on which people have `worked`; it has the application of `support.crowded`, too."""
    folder = tmp_path_factory.mktemp("there")
    path = os.pathsep.join([SUPPORT, os.environ.get("PYTHONPATH", "")])
    with site(folder, "--app", "crowded:app", PYTHONPATH=path) as started:
        yield started
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with a provider of models, which sorts messages."""
    folder = tmp_path_factory.mktemp("house")
    with modelled(folder, "support.sorting:sorted_alike") as started:
        yield started
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def worked(there: Site) -> Places:
    """What people do in a day was done there; each screen has something to show."""
    return furnished(there)


@pytest.fixture(scope="session")
def asked(house: Site) -> Places:
    """Models were asked here, within an experiment."""
    return asking_models(house)


@pytest.fixture(scope="module")  # while it is open, no event loop of another test can run in this process
def chromium() -> Iterator[Browser]:
    """One browser for all tests of a module."""
    with launched() as started:
        yield started


@pytest.fixture
def visitor(chromium: Browser) -> Iterator[Visitor]:
    """Opens a window of its own, as another person would: `visitor(url, **options)`."""
    with windows(chromium) as enter:
        yield enter


@pytest.fixture
def admin(here: Site, visitor: Visitor) -> Page:
    """A window in which the admin has signed in."""
    return as_admin(here, visitor)


@pytest.fixture(scope="session")
def axe() -> str:
    """The script that finds what hinders people."""
    return Path(__file__).parents[2].joinpath("console/node_modules/axe-core/axe.min.js").read_text()
