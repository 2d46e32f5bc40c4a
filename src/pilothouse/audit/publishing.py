"""Publishes tree heads to places that do not belong to whoever runs this database."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson
import structlog

from pilothouse.audit.errors import PlaceUnfit
from pilothouse.audit.notes import SignedHead
from pilothouse.audit.repository import Sequencing
from pilothouse.errors import PilothouseError
from pilothouse.kit.clock import Clock
from pilothouse.kit.outgoing import GuardedClient
from pilothouse.kit.session import Database
from pilothouse.resilience import Dependency, Registry, Terms

log = structlog.get_logger(__name__)

EVERY = dt.timedelta(seconds=10)
"""Between two looks at whether there are heads to publish."""

AT_ONCE = 500
LATEST = "latest"
MEDIA_TYPE = "text/plain; charset=utf-8"


class Place(Protocol):
    """Somewhere to publish heads."""

    @property
    def where(self) -> str:
        """The place as people write it."""
        ...

    async def put(self, head: SignedHead, note: str) -> None:
        """Publish a head. Putting the same again changes nothing."""
        ...


class FolderPlace:
    """Files in a folder: one for each head, which is never overwritten, and `latest`."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which is made when something is first written."""
        self._folder = folder
        self.where = str(folder)

    async def put(self, head: SignedHead, note: str) -> None:
        """Write the files, to the disk."""
        await asyncio.to_thread(self._put, head, note)

    def _put(self, head: SignedHead, note: str) -> None:
        folder = self._folder / head.tenant_id
        folder.mkdir(parents=True, exist_ok=True)
        for name in (_name(head), LATEST):
            if name != LATEST and (folder / name).exists():
                continue
            with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as file:
                file.write(note)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).chmod(0o644)
            Path(file.name).rename(folder / name)


TERMS = Terms(retry=None, bulkhead=None)
"""A head that was not taken is put again with the next look: only the breaker stands before a place."""


class Behind:
    """A place that is left alone for a while where it keeps failing."""

    def __init__(self, place: Place, dependency: Dependency) -> None:
        """Put heads to `place` as `dependency` lets through."""
        self.where = place.where
        self._place = place
        self._dependency = dependency

    async def put(self, head: SignedHead, note: str) -> None:
        """As the place; raises `BreakerOpen`, too."""
        await self._dependency.call(lambda: self._place.put(head, note))


def behind_breaker(place: Place, resilience: Registry) -> Place:
    """A place behind a breaker of its own; a folder needs none."""
    parts = urlsplit(place.where)
    if not parts.netloc:
        return place
    return Behind(place, resilience.dependency(f"audit/{parts.scheme}/{parts.netloc}", TERMS, group="audit"))


class BucketPlace:
    """Objects in an S3 bucket with object lock: nobody can remove or overwrite them for `days`.

    The bucket has to be made with object lock; credentials are those that boto3 finds.
    """

    def __init__(self, where: str, clock: Clock, *, days: int, endpoint: str | None = None) -> None:
        """Put objects below the URL `where`. Raises `PlaceUnfit` without the extra `aws`."""
        try:
            import boto3
        except ImportError as error:
            raise PlaceUnfit(
                "Heads are published to S3 by boto3.", hint="Install it: pip install 'pilothouse[aws]'."
            ) from error
        parts = urlsplit(where)
        self.where = where
        self._bucket, self._prefix = parts.netloc, parts.path.strip("/")
        self._days = dt.timedelta(days=days)
        self._clock = clock
        self._endpoint = endpoint
        self._boto3 = boto3
        self._client: Any = None

    async def put(self, head: SignedHead, note: str) -> None:
        """Put one object, locked in compliance mode. Raises `PlaceUnfit`."""
        await asyncio.to_thread(self._put, head, note)

    def _put(self, head: SignedHead, note: str) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        if self._client is None:
            from botocore.config import Config

            once = {"total_max_attempts": 1}  # the chore tries again by itself
            config = Config(connect_timeout=5, read_timeout=20, retries=once)
            self._client = self._boto3.client("s3", endpoint_url=self._endpoint, config=config)
        key = "/".join(part for part in (self._prefix, head.tenant_id, _name(head)) if part)
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=note.encode(),
                ContentType=MEDIA_TYPE,
                ChecksumAlgorithm="SHA256",
                ObjectLockMode="COMPLIANCE",
                ObjectLockRetainUntilDate=self._clock.now() + self._days,
            )
        except (BotoCoreError, ClientError) as error:
            raise PlaceUnfit(
                f"{self.where} takes no head: {error}",
                hint="The bucket needs object lock, the login s3:PutObject and s3:PutObjectRetention.",
            ) from error


class WebhookPlace:
    """A web address that is sent each head as JSON, with its note."""

    def __init__(self, url: str, client: GuardedClient) -> None:
        """Send to `url` through `client`, which reaches public addresses and those that are allowed."""
        self.where = url
        self._http = client

    async def put(self, head: SignedHead, note: str) -> None:
        """Send the head. Raises `PlaceUnfit` for any answer but one of success, and as the client does."""
        said = {"tenant_id": head.tenant_id, "size": head.size, "at": head.at, "key_id": head.key_id}
        body = orjson.dumps({**said, "note": note})
        answer = await self._http.request(
            "POST", self.where, headers={"content-type": "application/json"}, content=body
        )
        if not 200 <= answer.status < 300:
            raise PlaceUnfit(
                f"{self.where} answers {answer.status} to a head.", hint="It has to answer with 2xx."
            )


def place_at(where: str, client: GuardedClient, clock: Clock, *, days: int) -> Place:
    """The place that a setting names: a folder, `s3://bucket/prefix` or a web address."""
    scheme = urlsplit(where).scheme
    if scheme == "s3":
        return BucketPlace(where, clock, days=days)
    if scheme in {"http", "https"}:
        return WebhookPlace(where, client)
    return FolderPlace(Path(where).expanduser().absolute())


class PublishingChore:
    """Publishes the newest head of each log to every place, at most every 10 seconds.

    A place that fails is tried again, and stands in nobody's way. Where several workers publish one head,
    they say the same.
    """

    name = "audit_heads"

    def __init__(self, database: Database, places: Sequence[Place], clock: Clock) -> None:
        """Work through `database`, with the rights to all tenants."""
        self._database = database
        self._places = places
        self._clock = clock
        self._due: dt.datetime | None = None

    async def tend(self, now: dt.datetime) -> dt.datetime | None:
        """Publish what is new."""
        if self._due is not None and now < self._due:
            return self._due
        self._due = now + EVERY
        for place in self._places:
            try:
                await self.publish(place)
            except (PilothouseError, OSError) as error:
                log.warning("audit_head_not_published", place=place.where, reason=str(error))
        return self._due

    async def publish(self, place: Place) -> int:
        """Publish what is new to one place; returns how many heads that were."""
        async with self._database.maintenance() as session:
            heads = await Sequencing(session).unpublished(place.where, AT_ONCE)
        for head, public in heads:
            await place.put(head, head.note(public))
            async with self._database.maintenance() as session:
                await Sequencing(session).published(place.where, head)
        return len(heads)


def _name(head: SignedHead) -> str:
    return f"{head.size:020d}-{head.key_id[:8]}"
