"""The bytes of uploads are unreadable where they lie, and given back whole and in part."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID, uuid4

import httpx
import pytest

from pilothouse import App
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.errors import NotFound
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope
from pilothouse.kit.sealing import Erased
from pilothouse.kit.session import Database
from pilothouse.runtime.entries import PayloadErased, PayloadUnreadable
from pilothouse.runtime.uploaded import UploadDamaged
from pilothouse.uploads.errors import UploadsFull
from pilothouse.uploads.service import SPARE, Receiving, UploadFinder
from pilothouse.vault.resealing import Resealing, ResealingPace, finish
from pilothouse.vault.service import Vault
from support.waiting import rows

UPLOADS = "/api/v1/uploads"
TEXT = "".join(f"{number:06} ada.lovelace@example.org\n" for number in range(6_000)).encode()
DIGEST = hashlib.sha256(TEXT).hexdigest()
ME = Scope("default", "local")
SPANS = ((0, None), (0, 1), (65_535, 65_537), (70_000, 140_000), (len(TEXT) - 1, None), (len(TEXT), None))
OLDER = """
insert into uploads (id, tenant_id, name, media_type, size, sha256, principal)
values (%s, 'default', 'old.txt', 'text/plain', %s, %s, 'local')
"""


@pytest.fixture
async def api(
    open_api: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App, tmp_path: Path
) -> httpx.AsyncClient:
    return await open_api(sample_app, execute=False, data=tmp_path / "data")


@pytest.fixture
async def finder(conninfo: str, artifacts: ObjectArtifacts, vault: Vault) -> AsyncIterator[UploadFinder]:
    """What runs read uploads through."""
    database = Database(conninfo, connections=1)
    yield UploadFinder(database, artifacts, vault)
    await database.close()


async def send(api: httpx.AsyncClient, content: bytes = TEXT) -> dict:
    answer = await api.post(UPLOADS, files={"file": ("letters.txt", content, "text/plain")})
    assert answer.status_code == 201, answer.text
    return answer.json()


def lying(artifacts: ObjectArtifacts) -> list[Path]:
    return [path for path in artifacts._folder.rglob("*") if path.is_file()]


async def read(finder: UploadFinder, upload: dict, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in finder.read(ME, UUID(upload["id"]), start, end)])


async def test_it_lies_sealed_and_is_read_whole_and_in_part(
    api: httpx.AsyncClient, finder: UploadFinder, artifacts: ObjectArtifacts, conninfo: str, tmp_path: Path
) -> None:
    upload = await send(api)
    assert (upload["sha256"], upload["size"]) == (DIGEST, len(TEXT))
    (path,) = lying(artifacts)
    assert b"ada" not in path.read_bytes()
    ((named, own),) = rows(conninfo, "select sha256, content_sha256 from uploads")
    assert (
        named == path.name == hashlib.sha256(path.read_bytes()).hexdigest()
    )  # as backups and retention take it
    assert own == DIGEST
    whole = await api.get(f"{UPLOADS}/{upload['id']}/content")
    assert (whole.content, whole.headers["etag"]) == (TEXT, f'"{DIGEST}"')
    for start, end in SPANS:
        assert await read(finder, upload, start, end) == TEXT[start:end]
    assert [item for item in (tmp_path / "data").rglob("*") if item.is_file()] == [], (
        "nothing is left on its way"
    )


async def test_equal_files_are_sealed_each_for_itself_and_found_by_what_was_sent(
    api: httpx.AsyncClient, artifacts: ObjectArtifacts
) -> None:
    sent = [await send(api) for _ in range(2)]
    await send(api, b"something else")
    assert len({path.read_bytes() for path in lying(artifacts)}) == 3
    found = (await api.get(UPLOADS, params={"sha256": DIGEST})).json()["items"]
    assert [item["id"] for item in found] == [sent[1]["id"], sent[0]["id"]]
    assert {item["sha256"] for item in found} == {DIGEST}


async def test_one_from_before_is_read_as_it_lies(
    api: httpx.AsyncClient, finder: UploadFinder, artifacts: ObjectArtifacts, conninfo: str
) -> None:
    old = uuid4()
    await artifacts.put("default", DIGEST, TEXT)
    rows(conninfo, OLDER, old, len(TEXT), DIGEST)
    new = await send(api)
    shown = (await api.get(UPLOADS, params={"sha256": DIGEST})).json()["items"]
    assert {item["id"] for item in shown} == {str(old), new["id"]}
    assert (await api.get(f"{UPLOADS}/{old}/content")).content == TEXT
    assert await read(finder, {"id": str(old)}, 70_000, 140_000) == TEXT[70_000:140_000]
    (artifacts._folder / artifacts._key("default", DIGEST)).write_bytes(TEXT[:-1] + b"!")
    refused = await api.get(f"{UPLOADS}/{old}/content")
    assert (refused.status_code, refused.json()["code"]) == (500, "upload_damaged")


async def test_turning_keys_over_seals_the_keys_anew_and_leaves_the_bytes(
    api: httpx.AsyncClient, finder: UploadFinder, artifacts: ObjectArtifacts, vault: Vault, conninfo: str
) -> None:
    upload = await send(api)
    (path,) = lying(artifacts)
    before, key = path.read_bytes(), rows(conninfo, "select content_key from uploads")
    await vault.rotate("default")
    assert await read(finder, upload) == TEXT, "what the older key has sealed is read meanwhile"
    await finish(Resealing(vault, ResealingPace(settled=0.0)), "default")
    (status,) = await vault.status("default")
    assert {told.part: told.resealed for told in status.progress}["uploads.content_key"] == 1
    assert rows(conninfo, "select content_key from uploads") != key
    assert path.read_bytes() == before
    assert await read(finder, upload) == TEXT
    assert rows(conninfo, "select bytes, files from upload_totals") == [(len(TEXT), 1)]


async def test_once_the_key_is_destroyed_nobody_reads_it_and_nobody_sends_more(
    api: httpx.AsyncClient, finder: UploadFinder, artifacts: ObjectArtifacts, vault: Vault
) -> None:
    upload = await send(api)
    await vault.destroy("default")
    assert (await api.get(UPLOADS)).json()["items"][0]["sha256"] == DIGEST
    refused = await api.get(f"{UPLOADS}/{upload['id']}/content")
    assert (refused.status_code, refused.json()["code"]) == (410, "payload_erased")
    with pytest.raises(PayloadErased):
        await read(finder, upload, 0, 1)
    refused = await api.post(UPLOADS, content=TEXT)
    assert (refused.status_code, refused.json()["code"]) == (410, Erased.code)
    assert len(lying(artifacts)) == 1


def _turned(content: bytes) -> bytes:
    return content[:10] + bytes((content[10] ^ 1,)) + content[11:]


def _cut(content: bytes) -> bytes:
    return content[:-1]


def _swapped(content: bytes) -> bytes:
    chunk = (64 << 10) + 16
    return content[chunk : 2 * chunk] + content[:chunk] + content[2 * chunk :]


@pytest.mark.parametrize("damage", [_turned, _cut, _swapped])
async def test_damaged_bytes_are_given_to_nobody(
    api: httpx.AsyncClient, finder: UploadFinder, artifacts: ObjectArtifacts, damage: Callable[[bytes], bytes]
) -> None:
    upload = await send(api)
    (path,) = lying(artifacts)
    path.write_bytes(damage(path.read_bytes()))
    at = len(TEXT) - 5 if damage is _cut else 0
    with pytest.raises(UploadDamaged):
        await read(finder, upload, at, at + 5)
    refused = await api.get(f"{UPLOADS}/{upload['id']}/content")
    assert (refused.status_code, refused.json()["code"]) == (500, "upload_damaged")


async def test_the_key_of_one_upload_opens_no_other(
    api: httpx.AsyncClient, finder: UploadFinder, conninfo: str
) -> None:
    one, other = await send(api), await send(api)
    taken = "update uploads set content_key = (select content_key from uploads where id = %s) where id = %s"
    rows(conninfo, taken, one["id"], other["id"])
    with pytest.raises(PayloadUnreadable):
        await read(finder, other)
    assert await read(finder, one) == TEXT


async def test_a_run_reads_no_more_of_an_upload_that_is_deleted(
    api: httpx.AsyncClient, finder: UploadFinder, artifacts: ObjectArtifacts
) -> None:
    upload = await send(api)
    assert (await api.delete(f"{UPLOADS}/{upload['id']}")).status_code == 204
    assert len(lying(artifacts)) == 1, "its bytes follow"
    with pytest.raises(NotFound):
        await read(finder, upload)
    with pytest.raises(NotFound):
        await anext(finder.read(Scope("stranger", "local"), UUID(upload["id"])))


async def test_a_disk_that_fills_while_a_file_is_sealed_is_told_and_nothing_is_kept(
    conninfo: str, artifacts: ObjectArtifacts, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, database, incoming = os.urandom(300_000), Database(conninfo, connections=1), tmp_path / "in"
    looks = 0

    def filling(_: object) -> SimpleNamespace:
        nonlocal looks
        looks += 1
        return SimpleNamespace(
            free=0 if looks > 4 else 1 << 40
        )  # once before, once as it came in, then sealed

    async def pieces() -> AsyncIterator[bytes]:
        yield content

    monkeypatch.setattr("pilothouse.uploads.service.shutil.disk_usage", filling)
    receiving = Receiving(
        database, artifacts, vault, Ids(), SystemClock(), folder=incoming, largest=1 << 30, scope=ME
    )
    with pytest.raises(UploadsFull):
        await receiving.receive(pieces(), lambda: ("x", ""))
    assert looks > 4
    await database.close()
    assert lying(artifacts) == []
    assert rows(
        conninfo, "select (select count(*) from uploads), (select count(*) from upload_reservations)"
    ) == [(0, 0)]


@pytest.mark.parametrize(("announced", "taken"), [(700, True), (800, False)])
async def test_there_has_to_be_space_for_a_file_and_for_what_is_stored_of_it(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, announced: int, taken: bool
) -> None:
    free = SimpleNamespace(free=SPARE + 1_500)
    monkeypatch.setattr("pilothouse.uploads.service.shutil.disk_usage", lambda _: free)
    answer = await api.post(UPLOADS, content=bytes(announced))
    assert answer.status_code == (201 if taken else 503)
