from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest

from pilothouse import App
from pilothouse.artifacts.contents.repository import DatabaseArtifacts
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.retention.removing import Pace, Remover
from pilothouse.uploads.errors import UploadIncomplete, UploadsFull
from pilothouse.uploads.repository import UploadRepository
from pilothouse.uploads.service import Receiving, UploadDamaged, UploadFinder, Uploads
from pilothouse.vault.service import Vault
from support import hostile_files as files
from support.waiting import rows

UPLOADS = "/api/v1/uploads"
Open = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def api(open_api: Open, sample_app: App, tmp_path: Path) -> httpx.AsyncClient:
    return await open_api(sample_app, execute=False, data=tmp_path / "data", upload_max_bytes=3_000_000)


async def send(
    client: httpx.AsyncClient, content: bytes, name: str = "a.txt", kind: str = "text/plain"
) -> dict:
    answer = await client.post(UPLOADS, files={"file": (name, content, kind)})
    assert answer.status_code == 201, answer.text
    return answer.json()


def kept(conninfo: str, artifacts: ObjectArtifacts, upload: dict) -> Path:
    """Where the bytes of an upload lie."""
    ((sha256,),) = rows(conninfo, "select sha256 from uploads where id = %s", upload["id"])
    return artifacts._folder / artifacts._key("default", sha256)


async def test_a_file_comes_back_as_it_was_sent_and_is_never_shown(api: httpx.AsyncClient) -> None:
    content = os.urandom(2_500_000)
    made = await api.post(UPLOADS, files={"file": ("../Brief \u202ex.bin", content)})
    upload = made.json()
    assert made.headers["location"] == f"{UPLOADS}/{upload['id']}"
    assert upload["name"] == "Brief _x.bin"
    assert upload["sha256"] == hashlib.sha256(content).hexdigest()
    assert (upload["size"], upload["media_type"]) == (len(content), "application/octet-stream")
    assert (await api.get(f"{UPLOADS}/{upload['id']}")).json() == upload
    read = await api.get(f"{UPLOADS}/{upload['id']}/content")
    assert read.content == content
    assert read.headers["content-disposition"] == 'attachment; filename="Brief _x.bin"'
    assert read.headers["x-content-type-options"] == "nosniff"
    assert read.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert read.headers["cache-control"] == "private, no-cache"
    again = await api.get(
        f"{UPLOADS}/{upload['id']}/content", headers={"if-none-match": read.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


async def test_the_body_itself_can_be_the_file(api: httpx.AsyncClient) -> None:
    answer = await api.post(
        UPLOADS, params={"name": "t.csv"}, content=b"a,b\n", headers={"content-type": "text/csv"}
    )
    assert (answer.json()["name"], answer.json()["media_type"]) == ("t.csv", "text/csv")


async def test_uploads_are_listed_the_newest_first_and_found_by_content(api: httpx.AsyncClient) -> None:
    sent = [await send(api, f"content {number}".encode()) for number in range(3)]
    page = (await api.get(UPLOADS, params={"limit": 2})).json()
    assert [item["id"] for item in page["items"]] == [sent[2]["id"], sent[1]["id"]]
    rest = (await api.get(UPLOADS, params={"limit": 2, "cursor": page["next_cursor"]})).json()
    assert [item["id"] for item in rest["items"]] == [sent[0]["id"]]
    found = (await api.get(UPLOADS, params={"sha256": sent[1]["sha256"]})).json()
    assert [item["id"] for item in found["items"]] == [sent[1]["id"]]


async def _endless(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 50_000):
        yield bytes(50_000)


@pytest.mark.parametrize("announced", [True, False])
async def test_a_file_that_is_too_large_is_refused_and_leaves_nothing(
    api: httpx.AsyncClient, tmp_path: Path, announced: bool
) -> None:
    content = bytes(5_000_000) if announced else _endless(5_000_000)
    answer = await api.post(UPLOADS, content=content)
    assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_large")
    assert list((tmp_path / "data").rglob("*.*")) == []
    assert (await api.get(UPLOADS)).json()["items"] == []


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (files.flat_bomb(), "application/zip", 400, "unsafe_archive"),
        (files.gzip_bomb(50), "application/gzip", 400, "unsafe_archive"),
        (b"\x7fELF" + bytes(60), "image/png", 415, "content_mismatch"),
        (b"", "text/plain", 400, "upload_incomplete"),
    ],
)
async def test_what_harms_is_refused_and_not_kept(
    api: httpx.AsyncClient, content: bytes, kind: str, status: int, code: str
) -> None:
    answer = await api.post(UPLOADS, files={"file": ("a", content, kind)})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await api.get(UPLOADS)).json()["items"] == []


async def test_a_compressed_body_is_never_inflated(api: httpx.AsyncClient) -> None:
    for path in (UPLOADS, "/api/v1/runs"):
        for encoding in ("gzip", "deflate", "br", "zstd", "gzip, gzip", "GZIP"):
            answer = await api.post(path, content=files.gzip_bomb(20), headers={"content-encoding": encoding})
            assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
            assert answer.headers["accept-encoding"] == "identity"


async def test_a_form_that_breaks_off_is_told(api: httpx.AsyncClient) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = await api.post(UPLOADS, content=b"--x\r\nContent-Disposition: form-data", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "upload_incomplete")


async def test_another_tenant_finds_nothing(
    api: httpx.AsyncClient, conninfo: str, artifacts: ObjectArtifacts, vault: Vault
) -> None:
    upload = await send(api, b"secret")
    stranger = Scope("stranger", "person", frozenset({"admin"}))
    database = Database(conninfo, connections=1)
    async with database.session(stranger) as session:
        service = Uploads(UploadRepository(session, stranger), artifacts, vault, stranger)
        with pytest.raises(Exception, match="There is no upload"):
            await service.show(UUID(upload["id"]))
        with pytest.raises(Exception, match="There is no upload"):
            await service.remove(UUID(upload["id"]))
    await database.close()
    assert (tmp := artifacts._folder) is not None
    assert [path.name for path in tmp.iterdir()] == ["default"]  # bytes lie under their tenant


async def test_a_deleted_upload_is_gone_and_its_bytes_follow(
    api: httpx.AsyncClient, conninfo: str, artifacts: ObjectArtifacts
) -> None:
    one, same = await send(api, b"twice"), await send(api, b"twice")
    database, now = Database(conninfo, connections=2), SystemClock().now
    remover = Remover(database, conninfo, artifacts, Pace(grace=dt.timedelta(seconds=-5)))
    assert one["sha256"] == same["sha256"]
    stored = {each["id"]: kept(conninfo, artifacts, each) for each in (one, same)}
    left = set(stored.values())
    assert len(left) == 2, "each is sealed with a key of its own"
    for upload in (one, same):
        assert (await api.delete(f"{UPLOADS}/{upload['id']}")).status_code == 204
        assert (await api.get(f"{UPLOADS}/{upload['id']}")).status_code == 404
        await remover.contents(now())
        left.remove(stored[upload["id"]])
        assert {path for path in stored.values() if path.exists()} == left
    assert (await api.delete(f"{UPLOADS}/{one['id']}")).status_code == 404
    await database.close()


async def test_an_upload_that_a_run_uses_stays_until_the_run_has_ended(
    api: httpx.AsyncClient, conninfo: str, submit: Callable[..., Awaitable[str]]
) -> None:
    upload, run_id = await send(api, b"used"), await submit(api, "echo")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("insert into upload_uses values (%s, %s, 'default')", (upload["id"], run_id))
    refused = await api.delete(f"{UPLOADS}/{upload['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    await api.post(f"/api/v1/runs/{run_id}/cancel")
    assert (await api.delete(f"{UPLOADS}/{upload['id']}")).status_code == 204


async def test_bytes_that_have_changed_are_not_given_as_whole(
    api: httpx.AsyncClient, conninfo: str, artifacts: ObjectArtifacts, vault: Vault
) -> None:
    upload = await send(api, b"the bytes")
    kept(conninfo, artifacts, upload).write_bytes(b"others!!!")
    scope, database = Scope("default", "local"), Database(conninfo, connections=1)
    async with database.session(scope) as session:
        uploads = Uploads(UploadRepository(session, scope), artifacts, vault, scope)
        with pytest.raises(UploadDamaged):
            await uploads.content(await uploads.show(UUID(upload["id"])))
    await database.close()


def _receiving(database: Database, store: object, vault: Vault, folder: Path) -> Receiving:
    scope = Scope("default", "local")
    return Receiving(
        database, store, vault, Ids(), SystemClock(), folder=folder, largest=1 << 40, scope=scope
    )


async def test_memory_stays_flat_however_large_the_file_is(
    conninfo: str, tmp_path: Path, vault: Vault
) -> None:
    database, store = Database(conninfo, connections=1), ObjectArtifacts.local(tmp_path / "kept")
    size, most, at = 96 << 20, 0, 0
    piece = os.urandom(1 << 16)

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal most, at
        while at < size:
            yield piece
            at += len(piece)
            most = max(most, resident())

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, resident())
            await asyncio.sleep(0.005)

    watching, before = asyncio.create_task(watch()), resident()
    upload = await _receiving(database, store, vault, tmp_path / "in").receive(pieces(), lambda: ("big", ""))
    watching.cancel()
    await database.close()
    assert upload.size == size
    assert most - before < 48 << 20


async def test_a_database_keeps_a_large_file_row_by_row(conninfo: str, tmp_path: Path, vault: Vault) -> None:
    store, content = DatabaseArtifacts(conninfo), os.urandom((2 << 20) + 5)
    database = Database(conninfo, connections=1)

    async def pieces() -> AsyncIterator[bytes]:
        yield content

    receiving, scope = _receiving(database, store, vault, tmp_path / "in"), Scope("default", "local")
    upload = await receiving.receive(pieces(), lambda: ("x", ""))
    again = await receiving.receive(pieces(), lambda: ("x", ""))
    assert upload.sha256 == again.sha256
    finder = UploadFinder(database, store, vault)
    for each in (upload, again):
        assert b"".join([piece async for piece in finder.read(scope, each.id)]) == content
    assert rows(
        conninfo, "select count(*) from artifact_contents where octet_length(bytes) > %s", 1 << 19
    ) == [(4,)]
    await store.close()
    await database.close()


async def test_a_full_disk_is_told_as_such(
    conninfo: str, artifacts: ObjectArtifacts, tmp_path: Path, vault: Vault
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"x"

    database = Database(conninfo, connections=1)
    with pytest.raises(UploadsFull):
        await _receiving(database, artifacts, vault, tmp_path / "in").receive(
            pieces(), lambda: ("x", ""), 1 << 39
        )
    with pytest.raises(UploadIncomplete):
        await _receiving(database, artifacts, vault, tmp_path / "in").receive(_nothing(), lambda: ("x", ""))
    await database.close()


async def _nothing() -> AsyncIterator[bytes]:
    for piece in ():
        yield piece
