"""The console's page and files: who may have them, what they may do, and for how long they are kept."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from pilothouse.errors import NotFound
from pilothouse.protocols.console.pages import console_pages

PAGE = '<meta name="style-nonce" content="%STYLE_NONCE%"><script src="/console/assets/a-1.js"></script>'
SCRIPT = "console.log(1);" * 200


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "a-1.js").write_text(SCRIPT)
    (tmp_path / "assets" / "tiny.css").write_text("a{}")
    (tmp_path / "icon.svg").write_text("<svg/>")
    (tmp_path / "index.html").write_text(PAGE)
    return tmp_path


@pytest.fixture
async def browser(built: Path) -> AsyncIterator[httpx.AsyncClient]:
    api = FastAPI()
    console_pages(built).join(api)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://test") as client:
        yield client


async def test_every_address_is_the_page_with_a_word_of_its_own(browser: httpx.AsyncClient) -> None:
    words = set()
    for path in ("/console/", "/console/runs", "/console/runs/1/2"):
        answer = await browser.get(path)
        policy = answer.headers["content-security-policy"]
        found = re.search(r"style-src 'self' 'nonce-([\w-]{22})'", policy)
        assert found is not None
        assert f'content="{found[1]}"' in answer.text
        assert "unsafe" not in policy
        assert policy.startswith("default-src 'none'; script-src 'self'; ")
        assert answer.headers["cache-control"] == "no-store"
        words.add(found[1])
    assert len(words) == 3
    assert (await browser.get("/console")).headers["location"] == "/console/"


async def test_files_are_kept_for_ever_and_compressed_where_that_helps(browser: httpx.AsyncClient) -> None:
    zipped = await browser.get("/console/assets/a-1.js")
    assert (zipped.text, zipped.headers["content-encoding"]) == (SCRIPT, "gzip")
    assert zipped.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert int(zipped.headers["content-length"]) < len(gzip.compress(SCRIPT.encode())) + 100
    plain = await browser.get("/console/assets/a-1.js", headers={"accept-encoding": "identity"})
    assert (plain.text, plain.headers.get("content-encoding")) == (SCRIPT, None)
    assert plain.headers["vary"] == "Accept-Encoding"
    tiny = await browser.get("/console/assets/tiny.css")
    assert (tiny.headers["content-type"], "content-encoding" in tiny.headers) == (
        "text/css; charset=utf-8",
        False,
    )
    assert (await browser.get("/console/icon.svg")).headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize("name", ["nope.js", "index.html"])
async def test_nothing_else_is_given_out(browser: httpx.AsyncClient, name: str) -> None:
    with pytest.raises(NotFound):
        await browser.get(f"/console/assets/{name}")


async def test_without_a_build_the_page_says_how_to_make_one(built: Path, browser: httpx.AsyncClient) -> None:
    (built / "index.html").unlink()
    answer = await browser.get("/console/")
    assert answer.status_code == 503
    assert "./dev console" in answer.text
