"""A real Chromium on a real server. What a page complains about, and what it asks of other hosts, fails."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from support.browser import PROGRAM
from support.entering import as_admin
from support.site import Site, site

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
    """A server with the shipped applications."""
    folder = tmp_path_factory.mktemp("site")
    with site(folder) as started:
        yield started
    shutil.rmtree(folder)


@pytest.fixture(scope="module")  # while it is open, no event loop of another test can run in this process
def chromium() -> Iterator[Browser]:
    """One browser for all tests of a module."""
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=PROGRAM, headless=True, args=ARGUMENTS)
        yield started
        started.close()


Visitor = Callable[..., Page]


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


def _note(complaints: list[str], kind: str, text: str) -> None:
    if kind in {"error", "warning"} and not any(part in text for part in EXPECTED):
        complaints.append(f"{kind}: {text}")


def _elsewhere(complaints: list[str], url: str, own: str) -> None:
    parts = urlsplit(url)
    if parts.scheme in {"http", "https"} and parts.netloc != own:
        complaints.append(f"asked {url}")
