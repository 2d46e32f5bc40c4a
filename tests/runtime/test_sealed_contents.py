"""The bytes of personal runs' artifacts are unreadable where they lie, and served whole and in part."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from pilothouse import App, Context, workflow
from pilothouse.vault.resealing import Resealing, ResealingPace, finish
from pilothouse.vault.service import Vault
from support.waiting import rows

TEXT = "".join(f"{number:06} ada.lovelace@example.org\n" for number in range(6_000))
DIGEST = hashlib.sha256(TEXT.encode()).hexdigest()

Reach = Callable[..., Awaitable[object]]


@workflow("letter", personal=True)
async def letter(ctx: Context) -> str:
    """Write about a person."""
    return (await ctx.save("letter.txt", TEXT)).sha256


@workflow("notice")
async def notice(ctx: Context) -> str:
    """Write the same, and say nothing of persons."""
    return (await ctx.save("letter.txt", TEXT)).sha256


@pytest.fixture
async def client(open_api: Callable[..., Awaitable[httpx.AsyncClient]]) -> httpx.AsyncClient:
    return await open_api(App("letters", workflows=[letter, notice]))


async def saved(client: httpx.AsyncClient, reach: Reach, name: str = "letter") -> str:
    made = await client.post("/api/v1/runs", json={"workflow": name, "input": None})
    run = await reach(client, made.json()["id"], "completed")
    assert run["output"] == DIGEST
    (artifact,) = run["artifacts"]
    assert (artifact["sha256"], artifact["size"]) == (DIGEST, len(TEXT))
    assert (await client.get(f"/api/v1/artifacts/{artifact['id']}")).json() == artifact
    return f"/api/v1/artifacts/{artifact['id']}/content"


def stored(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in (folder / "artifacts").rglob("*") if path.is_file()]


async def test_it_is_stored_sealed_and_read_whole_and_in_part(
    client: httpx.AsyncClient, reach: Reach, tmp_path: Path, conninfo: str
) -> None:
    url = await saved(client, reach)
    (content,) = stored(tmp_path)
    assert b"ada" not in content
    ((named,),) = rows(conninfo, "select sha256 from artifacts")
    assert named == hashlib.sha256(content).hexdigest()  # as backups and retention take it
    whole = await client.get(url)
    assert whole.text == TEXT
    assert whole.headers["etag"] == f'"{DIGEST}"'
    for start, end in ((0, 0), (65_535, 65_536), (70_000, 140_000), (len(TEXT) - 1, len(TEXT) - 1)):
        part = await client.get(url, headers={"range": f"bytes={start}-{end}"})
        assert (part.status_code, part.text) == (206, TEXT[start : end + 1])


async def test_the_same_bytes_of_a_run_that_is_not_personal_lie_as_they_are(
    client: httpx.AsyncClient, reach: Reach, tmp_path: Path
) -> None:
    urls = [await saved(client, reach, name) for name in ("letter", "notice", "letter")]
    assert [(await client.get(url)).text for url in urls] == [TEXT] * 3
    assert sorted(TEXT.encode() == content for content in stored(tmp_path)) == [False, False, True]


async def test_turning_keys_over_leaves_the_bytes_as_they_are(
    client: httpx.AsyncClient, reach: Reach, tmp_path: Path, vault: Vault
) -> None:
    url = await saved(client, reach)
    before = stored(tmp_path)
    await vault.rotate("default")
    await finish(Resealing(vault, ResealingPace(settled=0.0)), "default")
    (status,) = await vault.status("default")
    assert {told.part: told.resealed for told in status.progress}["artifacts.content_key"] == 1
    assert stored(tmp_path) == before
    assert (await client.get(url)).text == TEXT


async def test_once_the_key_is_destroyed_it_is_listed_and_answers_410(
    client: httpx.AsyncClient, reach: Reach, vault: Vault
) -> None:
    url = await saved(client, reach)
    await vault.destroy("default")
    assert (await client.get("/api/v1/artifacts")).json()["items"][0]["sha256"] == DIGEST
    refused = await client.get(url)
    assert (refused.status_code, refused.json()["code"]) == (410, "payload_erased")


async def test_damaged_bytes_are_noticed_in_every_part(
    client: httpx.AsyncClient, reach: Reach, tmp_path: Path
) -> None:
    url = await saved(client, reach)
    (path,) = [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]
    content = bytearray(path.read_bytes())
    content[10] ^= 1
    path.write_bytes(content)
    refused = await client.get(url, headers={"range": "bytes=0-9"})
    assert (refused.status_code, refused.json()["code"]) == (500, "payload_unreadable")
