"""A real browser shows our pages without a complaint, and runs nothing that an artifact brings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from pilothouse import App, Context, workflow
from support.browser import PROGRAM, Browser

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="needs a browser: apt-get install chromium")

SCRIPT = "<script>document.title='ran';alert(document.domain);fetch('/api/v1/runs')</script>"
FILES = {
    "page.html": (
        "text/html",
        f"<title>kept</title>{SCRIPT}<img src=x onerror=alert(1)><iframe src='/sign-in'></iframe>",
    ),
    "drawing.svg": (
        "image/svg+xml",
        f"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><title>kept</title>{SCRIPT}</svg>",
    ),
    "plan.md": ("text/markdown", f"# kept\n\n{SCRIPT}<img src=x onerror=alert(1)>[go](javascript:alert(1))"),
}


@workflow("hostile", version=1)
async def hostile(ctx: Context, text: str) -> None:
    """Save what would run if a browser let it."""
    for name, (media_type, content) in FILES.items():
        await ctx.save(name, content + text, media_type=media_type)


@pytest.fixture
def browser() -> Iterator[Browser]:
    with Browser() as started:
        yield started


async def test_pages_work_under_their_policy_and_artifacts_run_nothing(
    open_server: Callable[..., Awaitable[httpx.AsyncClient]], browser: Browser
) -> None:
    client = await open_server(App("hostile", workflows=[hostile]))
    base = str(client.base_url).rstrip("/")
    operations = sum(
        len(item) for item in (await client.get("/api/v1/openapi.json")).json()["paths"].values()
    )

    def the_documentation() -> None:
        seen = browser.open(f"{base}/api/docs")
        browser.wait("document.querySelectorAll('main section').length > 0")
        assert browser.evaluate("document.querySelectorAll('nav a').length") == operations
        assert browser.evaluate("document.styleSheets[0].cssRules.length") > 10
        browser.evaluate("document.getElementById('find').value = 'retention'")
        browser.evaluate("document.getElementById('find').dispatchEvent(new Event('input'))")
        shown = browser.evaluate("[...document.querySelectorAll('nav a')].filter((a) => !a.hidden).length")
        assert 0 < shown < operations
        assert seen.complaints == []
        assert {urlsplit(url).netloc for url in seen.asked} == {urlsplit(base).netloc}

    def a_page(path: str) -> None:
        seen = browser.open(f"{base}{path}")
        assert browser.evaluate("document.styleSheets[0].cssRules.length") > 0, path
        assert (seen.complaints, seen.dialogues) == ([], []), path

    def an_artifact(path: str) -> None:
        seen = browser.open(f"{base}{path}")
        assert browser.evaluate("document.documentElement.textContent.includes('kept')"), path
        assert browser.evaluate("document.title") != "ran"
        assert browser.evaluate("self.origin") == "null"
        assert seen.dialogues == []
        assert [url for url in seen.asked if urlsplit(url).path != path] == [], path

    await asyncio.to_thread(the_documentation)
    for path in ("/sign-in", "/sign-in?token=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"):
        await asyncio.to_thread(a_page, path)
    run = (await client.post("/api/v1/runs", json={"workflow": "hostile", "input": ""})).json()["id"]
    async with asyncio.timeout(10):
        while len(made := (await client.get(f"/api/v1/artifacts?run_id={run}")).json()["items"]) < len(FILES):
            await asyncio.sleep(0.05)
    browser.headers({"authorization": client.headers["authorization"]})
    for item in made:
        last = "page" if item["name"].endswith(".md") else "content"
        await asyncio.to_thread(an_artifact, f"/api/v1/artifacts/{item['id']}/{last}")
