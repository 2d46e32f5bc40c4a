from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import orjson
import pytest
from moto.server import ThreadedMotoServer

from pilothouse.audit.errors import PlaceUnfit
from pilothouse.audit.publishing import (
    EVERY,
    BucketPlace,
    FolderPlace,
    PublishingChore,
    WebhookPlace,
    place_at,
)
from pilothouse.audit.verifying import read_note
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.outgoing import Guard, GuardedClient

BUCKET = "heads"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An S3 on this machine, as clients of `s3.endpoint` see it."""
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}")
    yield client
    client.close()
    server.stop()


class Hook:
    """A web server that keeps what it is sent."""

    def __init__(self, status: int = 204) -> None:
        self.status = status
        self.bodies: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.splitlines()
            if line.lower().startswith(b"content-length")
        )
        self.bodies.append(await reader.readexactly(length))
        writer.write(b"HTTP/1.1 %d OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % self.status)
        await writer.drain()
        writer.close()


async def test_heads_are_published_to_a_folder_once_each(desk: Any, tmp_path: Path) -> None:
    place = FolderPlace(tmp_path / "heads")
    chore = PublishingChore(desk.database, [place], SystemClock())
    await desk.write(3)
    await desk.write(1, tenant="other")
    await desk.sequencer().sign_now()
    assert await chore.publish(place) == 2
    assert await chore.publish(place) == 0
    await desk.write()
    await desk.sequencer().sign_now()
    now = SystemClock().now()
    assert await chore.tend(now) == await chore.tend(now) == now + EVERY
    folder = tmp_path / "heads" / "default"
    names = sorted(path.name for path in folder.iterdir())
    assert [name[:20] for name in names] == [f"{3:020}", f"{4:020}", "latest"]
    newest = read_note((folder / "latest").read_text())
    assert (newest.tenant_id, newest.size) == ("default", 4)
    await place.put(newest, "another text")  # what was published stays
    assert read_note((folder / names[1]).read_text()).size == 4


async def test_heads_are_locked_in_a_bucket(desk: Any, s3: Any) -> None:
    s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    await desk.write(3)
    await desk.sequencer().sign_now()
    place = BucketPlace(f"s3://{BUCKET}/log", SystemClock(), days=30, endpoint=s3.meta.endpoint_url)
    assert await PublishingChore(desk.database, [place], SystemClock()).publish(place) == 1
    (item,) = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert item["Key"].startswith(f"log/default/{3:020}-")
    found = s3.get_object(Bucket=BUCKET, Key=item["Key"])
    assert read_note(found["Body"].read().decode()).size == 3
    assert found["ObjectLockMode"] == "COMPLIANCE"
    left = found["ObjectLockRetainUntilDate"] - dt.datetime.now(dt.UTC)
    assert dt.timedelta(days=29) < left <= dt.timedelta(days=30)


async def test_a_bucket_that_is_not_there_takes_no_head_and_stops_nothing(
    desk: Any, s3: Any, tmp_path: Path
) -> None:
    await desk.write()
    await desk.sequencer().sign_now()
    bucket = BucketPlace("s3://missing", SystemClock(), days=30, endpoint=s3.meta.endpoint_url)
    folder = FolderPlace(tmp_path / "heads")
    chore = PublishingChore(desk.database, [bucket, folder], SystemClock())
    with pytest.raises(PlaceUnfit, match="takes no head"):
        await chore.publish(bucket)
    await chore.tend(SystemClock().now())
    assert (tmp_path / "heads" / "default" / "latest").exists()


async def test_heads_are_sent_to_a_web_address_that_may_be_reached(desk: Any) -> None:
    hook = Hook()
    server = await asyncio.start_server(hook, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/heads"
    client = GuardedClient(Guard(["127.0.0.0/8"]))
    place = WebhookPlace(url, client)
    chore = PublishingChore(desk.database, [place], SystemClock())
    await desk.write(2)
    await desk.sequencer().sign_now()
    hook.status = 500
    with pytest.raises(PlaceUnfit, match="500"):
        await chore.publish(place)
    hook.status = 204
    assert await chore.publish(place) == 1
    said = orjson.loads(hook.bodies[-1])
    assert (said["tenant_id"], said["size"], read_note(said["note"]).size) == ("default", 2, 2)
    await client.close()
    server.close()


def test_a_place_is_known_by_how_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = GuardedClient(Guard())

    def kind(where: str) -> type[object]:
        return type(place_at(where, client, SystemClock(), days=1))

    assert kind("s3://bucket/prefix") is BucketPlace
    assert kind("https://witness.example/heads") is WebhookPlace
    assert kind(str(tmp_path)) is FolderPlace
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    with pytest.raises(PlaceUnfit):
        kind("s3://bucket")
