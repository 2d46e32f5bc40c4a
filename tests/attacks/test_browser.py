"""A real browser shows our pages without a complaint, and runs nothing that an artifact brings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from pilothouse import App, Context, workflow
from support.opening import PROGRAM, launched, windows

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="needs a browser: apt-get install chromium"),
]

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


async def test_pages_work_under_their_policy_and_artifacts_run_nothing(
    open_server: Callable[..., Awaitable[httpx.AsyncClient]],
) -> None:
    client = await open_server(App("hostile", workflows=[hostile]))
    described = (await client.get("/api/v1/openapi.json")).json()
    operations = sum(len(item) for item in described["paths"].values())
    run = (await client.post("/api/v1/runs", json={"workflow": "hostile", "input": ""})).json()["id"]
    async with asyncio.timeout(10):
        while len(made := (await client.get(f"/api/v1/artifacts?run_id={run}")).json()["items"]) < len(FILES):
            await asyncio.sleep(0.05)
    paths = [
        f"/api/v1/artifacts/{item['id']}/{'page' if item['name'].endswith('.md') else 'content'}"
        for item in made
    ]
    headers = {"authorization": client.headers["authorization"]}

    def look() -> None:
        with launched() as browser:
            pages_complain_of_nothing(browser, str(client.base_url), operations)
            artifacts_run_nothing(browser, str(client.base_url), headers, paths)

    await asyncio.to_thread(look)


def pages_complain_of_nothing(browser: Browser, base: str, operations: int) -> None:
    """The documentation and the page to sign in work, whatever their address brings."""
    with windows(browser) as visitor:
        page = visitor(base)
        dialogues = spoken(page)
        page.goto("/api/docs")
        expect(page.locator("nav a")).to_have_count(operations)
        assert page.evaluate("document.styleSheets[0].cssRules.length") > 10
        page.locator("#find").fill("retention")
        shown = page.locator("nav a:visible").count()
        assert 0 < shown < operations
        for path in ("/sign-in", "/sign-in?token=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"):
            page.goto(path)
            assert page.evaluate("document.styleSheets[0].cssRules.length") > 0, path
        assert dialogues == []


def artifacts_run_nothing(browser: Browser, base: str, headers: dict[str, str], paths: list[str]) -> None:
    """What a run has saved is shown in an origin of its own, and asks for nothing else."""
    with closing(browser.new_context(base_url=base, extra_http_headers=headers)) as context:
        page = context.new_page()
        dialogues = spoken(page)
        asked: list[str] = []
        page.on("requestfinished", lambda request: asked.append(urlsplit(request.url).path))
        for path in paths:
            page.goto(path)
            assert "kept" in str(page.evaluate("document.documentElement.textContent")), path
            assert page.title() != "ran"
            assert page.evaluate("self.origin") == "null"
        assert [path for path in asked if path not in paths] == []
        assert dialogues == []


def spoken(page: Page) -> list[str]:
    """What a page says in dialogues from now on."""
    said: list[str] = []

    def dismissed(dialog: Dialog) -> None:
        said.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismissed)
    return said
