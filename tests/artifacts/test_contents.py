"""Contents in the database, a folder or a bucket: whole or not at all, and removed when nobody needs them."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import random
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from pilothouse.artifacts import opening
from pilothouse.artifacts.contents.repository import PART, DatabaseArtifacts
from pilothouse.artifacts.store import ArtifactsUnavailable, ObjectArtifacts
from pilothouse.errors import NotFound, SettingsInvalid
from pilothouse.runtime.ports import ArtifactStore
from support.waiting import rows

LATER = dt.timedelta(hours=1)


def bytes_of(size: int, seed: int = 7) -> tuple[str, bytes]:
    content = random.Random(seed).randbytes(size)
    return hashlib.sha256(content).hexdigest(), content


async def read(store: ArtifactStore, sha256: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in store.read("default", sha256, start, end)])


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patched:
        server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        server.start()
        _, port = server.get_host_and_port()
        url = f"http://127.0.0.1:{port}"
        for name, value in {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "planted-secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": url,
            "AWS_ALLOW_HTTP": "true",
        }.items():
            patched.setenv(name, value)
        boto3.client("s3", endpoint_url=url).create_bucket(Bucket="kept")
        yield "s3://kept/some/prefix"
        server.stop()


@pytest.fixture(params=["database", "folder", "bucket"])
async def store(
    request: pytest.FixtureRequest, conninfo: str, tmp_path: Path
) -> AsyncIterator[ArtifactStore]:
    made = {
        "database": lambda: opening.open_store(None, conninfo, tmp_path / "none"),
        "folder": lambda: opening.open_store((tmp_path / "kept").as_uri(), conninfo, tmp_path / "none"),
        "bucket": lambda: opening.open_store(request.getfixturevalue("bucket"), conninfo, tmp_path / "none"),
    }[request.param]()
    yield made
    await made.close()


@pytest.mark.parametrize("size", [0, 1, PART, PART + 1, 3 * PART - 5])
async def test_what_was_put_is_read_back_whole_and_in_part(store: ArtifactStore, size: int) -> None:
    sha256, content = bytes_of(size)
    await store.put("default", sha256, content)
    assert await read(store, sha256) == content
    for start, end in (
        (0, 10),
        (PART - 3, PART + 3),
        (PART, 2 * PART),
        (size - 1, size + 100),
        (PART + 7, None),
    ):
        if 0 <= start < size:
            assert await read(store, sha256, start, end) == content[start:end]


async def test_a_tenant_sees_its_own_contents_only(store: ArtifactStore) -> None:
    sha256, content = bytes_of(10)
    await store.put("default", sha256, content)
    with pytest.raises(NotFound, match=sha256[:12]):
        assert [piece async for piece in store.read("another", sha256)]


async def test_a_content_is_removed_unless_it_was_put_again_since(store: ArtifactStore) -> None:
    sha256, content = bytes_of(2 * PART)
    now = dt.datetime.now(dt.UTC)
    await store.put("default", sha256, content)
    assert not await store.remove("default", sha256, now - LATER)
    assert await read(store, sha256) == content
    assert await store.remove("default", sha256, now + LATER)
    assert await store.remove("default", sha256, now + LATER)
    with pytest.raises(NotFound):
        await read(store, sha256)


async def test_a_store_is_tried_out_and_left_as_it_was(store: ArtifactStore, conninfo: str) -> None:
    await opening.try_out(store, dt.datetime.now(dt.UTC))
    assert rows(conninfo, "select count(*) from artifact_contents") == [(0,)]


async def test_putting_again_marks_a_content_as_put_now(conninfo: str) -> None:
    store = DatabaseArtifacts(conninfo)
    sha256, content = bytes_of(PART + 1)
    await store.put("default", sha256, content)
    rows(conninfo, "update artifact_contents set put_at = now() - interval '3 days'")
    await store.put("default", sha256, content)
    assert not await store.remove("default", sha256, dt.datetime.now(dt.UTC) - LATER)
    assert rows(conninfo, "select part, length(bytes) from artifact_contents order by 1") == [
        (0, PART),
        (1, 1),
    ]
    await store.close()


async def test_a_content_put_and_removed_by_many_at_once_is_whole_or_gone(conninfo: str) -> None:
    stores = [DatabaseArtifacts(conninfo) for _ in range(4)]
    sha256, content = bytes_of(PART + 1)
    long_after = dt.datetime.now(dt.UTC) + LATER
    for _ in range(10):
        await asyncio.gather(
            *(made.put("default", sha256, content) for made in stores[:3]),
            stores[3].remove("default", sha256, long_after),
        )
        parts = rows(conninfo, "select count(*) from artifact_contents")[0][0]
        assert parts in {0, 2}
    for made in stores:
        await made.close()


async def test_what_an_earlier_release_left_in_the_folder_is_still_found(
    conninfo: str, tmp_path: Path
) -> None:
    sha256, content = bytes_of(100)
    await ObjectArtifacts.local(tmp_path / "artifacts").put("default", sha256, content)
    store = opening.open_store(None, conninfo, tmp_path / "artifacts")
    assert await read(store, sha256, 5, 50) == content[5:50]
    assert await store.remove("default", sha256, dt.datetime.now(dt.UTC) + LATER)
    with pytest.raises(NotFound):
        await read(store, sha256)
    await store.close()


async def test_a_bucket_that_is_away_is_said_to_be_so_without_its_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setattr("pilothouse.artifacts.store.RETRIES", 0)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret")
    with pytest.raises(ArtifactsUnavailable) as caught:
        await opening.try_out(ObjectArtifacts.at("s3://kept"), dt.datetime.now(dt.UTC))
    assert "planted" not in str(caught.value)


def test_a_store_is_called_by_its_place(tmp_path: Path) -> None:
    assert opening.place("s3://kept/x?key=planted", None, tmp_path) == "s3://kept/x"
    assert opening.place(None, "postgresql://me:planted@db/x", tmp_path) == "the database"
    assert opening.place(None, None, tmp_path) == str(tmp_path)


def test_a_place_that_cannot_be_one_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="artifacts_url"):
        ObjectArtifacts.at("az://")


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), RuntimeError("odd")])
async def test_a_store_that_fails_when_tried_out_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    async def put(*_: object) -> None:
        raise failure

    store = ObjectArtifacts.local(tmp_path)
    monkeypatch.setattr(store, "put", put)
    with pytest.raises(ArtifactsUnavailable, match=str(failure.args[-1])):
        await opening.try_out(store, dt.datetime.now(dt.UTC))
