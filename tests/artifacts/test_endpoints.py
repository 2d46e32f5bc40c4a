from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from pilothouse.artifacts.store import CHUNK

UNKNOWN = "01900000-0000-7000-8000-000000000000"

Save = Callable[..., Awaitable[str]]


async def test_what_a_run_saved_can_be_listed_and_read(
    client: httpx.AsyncClient,
    submit: Callable[..., Awaitable[str]],
    reach: Callable[..., Awaitable[dict[str, Any]]],
) -> None:
    run = await reach(client, await submit(client, "echo"), "completed")
    listed = (await client.get(f"/api/v1/artifacts?run_id={run['id']}")).json()["items"]
    assert listed == run["artifacts"]
    artifact = listed[0]
    assert (await client.get(f"/api/v1/artifacts/{artifact['id']}")).json() == artifact
    content = await client.get(f"/api/v1/artifacts/{artifact['id']}/content")
    assert content.text == "HELLO"
    assert hashlib.sha256(content.content).hexdigest() == artifact["sha256"]
    assert content.headers["content-type"] == "text/plain; charset=utf-8"
    assert content.headers["content-disposition"] == 'inline; filename="loud.txt"'


async def test_the_content_says_what_it_is_and_that_it_may_do_nothing(
    idle: httpx.AsyncClient, save: Save
) -> None:
    data = b"<script>alert(1)</script>"
    answer = await idle.get(f"{await save(data, 'report.html', 'text/html')}/content")
    digest = hashlib.sha256(data).digest()
    assert answer.headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest).decode()}:"
    assert answer.headers["etag"] == f'"{digest.hex()}"'
    assert answer.headers["content-length"] == str(len(data))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none';")
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 7])
async def test_every_byte_comes_back_whatever_the_size(
    idle: httpx.AsyncClient, save: Save, size: int
) -> None:
    data = bytes(number % 251 for number in range(256)) * (size // 256) + b"x" * (size % 256)
    answer = await idle.get(f"{await save(data)}/content")
    assert answer.status_code == 200
    assert answer.content == data


@pytest.mark.parametrize(
    ("asked", "expected", "told"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=8-", b"89", "bytes 8-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=4-4", b"4", "bytes 4-4/10"),
        ("bytes=5-999", b"56789", "bytes 5-9/10"),
    ],
)
async def test_a_range_of_bytes_is_sent_alone(
    idle: httpx.AsyncClient, save: Save, asked: str, expected: bytes, told: str
) -> None:
    path = await save(b"0123456789")
    answer = await idle.get(f"{path}/content", headers={"range": asked})
    assert (answer.status_code, answer.content) == (206, expected)
    assert answer.headers["content-range"] == told
    assert answer.headers["content-length"] == str(len(expected))
    whole = await idle.get(f"{path}/content")
    assert answer.headers["repr-digest"] == whole.headers["repr-digest"]


async def test_a_range_across_pieces_is_sent_whole(idle: httpx.AsyncClient, save: Save) -> None:
    data = bytes(number % 256 for number in range(3 * 256)) * (CHUNK // 256)
    answer = await idle.get(f"{await save(data)}/content", headers={"range": f"bytes=5-{2 * CHUNK + 5}"})
    assert answer.content == data[5 : 2 * CHUNK + 6]


async def test_a_range_outside_the_content_is_refused(idle: httpx.AsyncClient, save: Save) -> None:
    answer = await idle.get(f"{await save(b'0123')}/content", headers={"range": "bytes=4-"})
    assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == "bytes */4"


async def test_a_range_holds_only_for_the_content_that_is_meant(idle: httpx.AsyncClient, save: Save) -> None:
    path = f"{await save(b'0123456789')}/content"
    etag = (await idle.get(path)).headers["etag"]
    same = await idle.get(path, headers={"range": "bytes=0-1", "if-range": etag})
    other = await idle.get(path, headers={"range": "bytes=0-1", "if-range": '"other"'})
    weak = await idle.get(path, headers={"range": "bytes=0-1", "if-range": f"W/{etag}"})
    assert [answer.status_code for answer in (same, other, weak)] == [206, 200, 200]


async def test_a_content_that_the_client_has_is_not_sent_again(idle: httpx.AsyncClient, save: Save) -> None:
    path = f"{await save(b'0123')}/content"
    etag = (await idle.get(path)).headers["etag"]
    for condition in (etag, f'"other", W/{etag}', "*"):
        answer = await idle.get(path, headers={"if-none-match": condition})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    assert (await idle.get(path, headers={"if-none-match": '"other"'})).status_code == 200


async def test_head_tells_all_but_the_bytes(idle: httpx.AsyncClient, save: Save) -> None:
    path = f"{await save(b'0123', 'a.txt', 'text/plain')}/content"
    told, whole = await idle.head(path), await idle.get(path)
    assert (told.status_code, told.content) == (200, b"")
    assert {k: v for k, v in told.headers.items() if k != "x-request-id"} == {
        k: v for k, v in whole.headers.items() if k != "x-request-id"
    }


async def test_a_download_is_saved_under_its_name(idle: httpx.AsyncClient, save: Save) -> None:
    path = await save(b"x", "Plan für Ä.md", "text/markdown")
    answer = await idle.get(f"{path}/content?download=true")
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"Plan f_r _.md\"; filename*=UTF-8''Plan%20f%C3%BCr%20%C3%84.md"
    )


async def test_bytes_that_are_gone_are_not_found(idle: httpx.AsyncClient, save: Save, tmp_path: Path) -> None:
    path = await save(b"0123")
    for file in (tmp_path / "artifacts").rglob("*"):
        if file.is_file():
            file.unlink()
    answer = await idle.get(f"{path}/content")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "not in the store" in answer.json()["detail"]


@pytest.mark.parametrize("damaged", [b"0124", b"012", b""])
async def test_damaged_bytes_are_not_passed_off_as_the_artifact(
    idle: httpx.AsyncClient, save: Save, tmp_path: Path, damaged: bytes
) -> None:
    path = await save(b"0123")
    for file in (tmp_path / "artifacts").rglob("*"):
        if file.is_file():
            file.write_bytes(damaged)
    answer = await idle.get(f"{path}/content")
    assert (answer.status_code, answer.json()["code"]) == (500, "artifact_damaged")


async def test_an_artifact_that_is_not_there_is_not_found(idle: httpx.AsyncClient, save: Save) -> None:
    foreign = await save(b"secret", tenant="other")
    for path in (f"/api/v1/artifacts/{UNKNOWN}", foreign):
        assert (await idle.get(path)).status_code == 404
        assert (await idle.get(f"{path}/content")).status_code == 404
    assert (await idle.get("/api/v1/artifacts")).json()["items"] == []
    assert (await idle.get("/api/v1/artifacts/..%2f..%2fetc%2fpasswd/content")).status_code in {400, 404}


async def test_the_list_comes_in_pages(idle: httpx.AsyncClient, save: Save) -> None:
    for number in range(3):
        await save(b"same bytes", f"{number}.txt")
    first = (await idle.get("/api/v1/artifacts?limit=2")).json()
    second = (await idle.get(f"/api/v1/artifacts?limit=2&cursor={first['next_cursor']}")).json()
    names = [item["name"] for item in first["items"] + second["items"]]
    assert (names, second["next_cursor"]) == (["2.txt", "1.txt", "0.txt"], None)
    assert (await idle.get(f"/api/v1/artifacts?run_id={UNKNOWN}")).json()["items"] == []
