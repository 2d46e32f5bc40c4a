"""Large payloads: kept beside the journal as contents of the artifact store, and named there by reference.

A content is put before the entry that names it is written, so that no entry ever names what is not there.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from pilothouse.errors import Category, NotFound, PilothouseError, Severity
from pilothouse.runtime.entries import Codec, Entry, PayloadUnreadable, encode
from pilothouse.runtime.errors import TurnLost
from pilothouse.runtime.history import History
from pilothouse.runtime.ports import ArtifactStore, Statement

if TYPE_CHECKING:
    from pilothouse.runtime.turn import Turn

log = structlog.get_logger(__name__)

INLINE = 256 << 10
"""Bytes up to which a payload stands in the journal itself, where nothing else is set."""

GREATEST = 64 << 20
"""Bytes that a payload may have, where nothing else is set."""

AGAIN_AFTER = 1.0
"""Seconds for which a run is kept back whose large payloads could not be read."""

AT_ONCE = 8
"""Contents of one journal that are fetched at the same time."""

INSERT_REFERENCE = """
insert into payload_references (tenant_id, sha256, run_id, size)
select %s, %s, id, %s from runs where id = %s on conflict do nothing
"""
"""What is known of a content from outside: which run's journal names it."""


class PayloadTooLarge(PilothouseError):
    """A payload is larger than the journal takes."""

    code = "payload_too_large"
    status = 413
    category = Category.USER
    severity = Severity.WARNING


class Reference(BaseModel):
    """What stands in the journal in place of a large payload: where its stored bytes are, and their codec."""

    model_config = ConfigDict(frozen=True)

    tenant_id: str
    sha256: str
    size: int
    codec: int

    def statement(self, run_id: UUID) -> Statement:
        """Records that the journal of a run names the content; nothing where there is no such run."""
        return Statement(INSERT_REFERENCE, (self.tenant_id, self.sha256, self.size, run_id))


def refers(entries: Sequence[Entry]) -> bool:
    """Whether any of the entries' payloads is kept elsewhere."""
    return any(entry.codec == Codec.REFERENCE for entry in entries)


def measures(stored: bytes) -> dict[str, JsonValue] | None:
    """The size in bytes and the SHA-256 of what a reference names; None where it is none."""
    try:
        reference = Reference.model_validate_json(stored)
    except ValidationError:
        return None
    return {"size": reference.size, "sha256": reference.sha256}


@dataclass
class _Order:
    """The appends of one run of which the first is large: one after the other, as they were made."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    appends: int = 0


async def _always() -> bool:
    return True


class Payloads:
    """Moves payloads above `inline` bytes out of the way, and brings them back.

    Payloads above `greatest` bytes are refused. While `may_refer` says no (a worker of a release that cannot
    read references is alive) all of them stay in the journal. Without `artifacts` they always do.
    """

    def __init__(
        self,
        artifacts: ArtifactStore | None = None,
        *,
        inline: int = INLINE,
        greatest: int = GREATEST,
        may_refer: Callable[[], Awaitable[bool]] = _always,
    ) -> None:
        """Nothing is asked of `artifacts` before there is a large payload."""
        self._artifacts = artifacts
        self._inline = inline
        self._greatest = greatest
        self._may_refer = may_refer
        self._orders: dict[UUID, _Order] = {}

    def large(self, payload: bytes) -> bool:
        """Whether a payload may have to be kept elsewhere."""
        return len(payload) > self._inline

    def concern(self, run_id: UUID, entries: Sequence[Entry]) -> bool:
        """Whether any of the entries is large, or has to wait for one of its run that is being moved."""
        return run_id in self._orders or any(self.large(entry.payload) for entry in entries)

    async def in_order(self, run_id: UUID, append: Callable[[], Awaitable[str]]) -> str:
        """Append after what the same run began to append before."""
        order = self._orders.setdefault(run_id, _Order())
        order.appends += 1
        try:
            async with order.lock:
                return await append()
        finally:
            order.appends -= 1
            if not order.appends:
                del self._orders[run_id]

    async def packed(self, tenant_id: str, payload: bytes) -> tuple[int, bytes, Reference | None]:
        """The codec and bytes to store for a payload of any size, and the reference that they are, if any.

        Raises `PayloadTooLarge`, and what the artifact store raises where it cannot keep the content.
        """
        if not self.large(payload):
            return *encode(payload), None
        if len(payload) > self._greatest:
            raise PayloadTooLarge(
                f"The payload has {len(payload):,} bytes, at most {self._greatest:,} are taken.",
                hint="Save it with ctx.save and pass its id on, or raise payload_max_bytes.",
            )
        codec, stored = await asyncio.to_thread(encode, payload)
        if len(stored) <= self._inline or self._artifacts is None or not await self._may_refer():
            return codec, stored, None
        sha256 = await asyncio.to_thread(lambda: hashlib.sha256(stored).hexdigest())
        await self._artifacts.put(tenant_id, sha256, stored)
        reference = Reference(tenant_id=tenant_id, sha256=sha256, size=len(stored), codec=codec)
        return Codec.REFERENCE, reference.model_dump_json().encode(), reference

    async def moved(
        self, tenant_id: str, run_id: UUID, entries: Sequence[Entry]
    ) -> tuple[list[Entry], list[Statement]]:
        """The entries as they are to be stored, and what is to be written beside them."""
        written: list[Entry] = []
        beside: list[Statement] = []
        for entry in entries:
            codec, stored, reference = await self.packed(tenant_id, entry.payload)
            written.append(entry._replace(payload=stored, codec=codec) if codec else entry)
            if reference is not None:
                beside.append(reference.statement(run_id))
        return written, beside

    async def resolved(self, entries: Sequence[Entry]) -> list[Entry]:
        """The entries with what they refer to in place; one whose content is gone stays as it is.

        Raises what the artifact store raises where it does not answer.
        """
        if not refers(entries):
            return list(entries)
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(entry: Entry) -> Entry:
            if entry.codec != Codec.REFERENCE:
                return entry
            async with slots:
                codec, stored = await self.fetched(entry.payload)
            return entry._replace(codec=codec, payload=stored)

        return await asyncio.gather(*map(one, entries))

    async def load(self, turn: Turn, entries: Sequence[Entry]) -> None:
        """Give a turn its journal, with the large payloads in it.

        A store that does not answer costs the turn, and the run begins another one. What can never be read
        breaks the turn for good.
        """
        try:
            with turn.working():
                turn.load(History(await self.resolved(entries)))
        except PayloadUnreadable as error:
            turn.breaks(error)
        except Exception as error:  # noqa: BLE001 - logged; another turn tries again
            reason = f"{type(error).__name__}: {error}"
            log.warning("payloads_not_read", reason=reason)
            await asyncio.sleep(AGAIN_AFTER)
            turn.breaks(TurnLost(f"Its large payloads could not be read ({reason})."))

    async def fetched(self, stored: bytes) -> tuple[int, bytes]:
        """The codec and bytes behind a reference; the reference itself where its content is gone.

        Raises `PayloadUnreadable` where it is no reference, or the content is not what was put.
        """
        try:
            reference = Reference.model_validate_json(stored)
        except ValidationError:
            raise PayloadUnreadable(
                "A payload's reference is damaged.", hint="Restore the database from a backup."
            ) from None
        if self._artifacts is None:
            return Codec.REFERENCE, stored
        pieces = self._artifacts.read(reference.tenant_id, reference.sha256)
        try:
            content = b"".join([piece async for piece in pieces])
        except NotFound:
            return Codec.REFERENCE, stored
        if await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest()) != reference.sha256:
            raise PayloadUnreadable(
                f"The content {reference.sha256[:12]} of a payload is damaged.",
                hint="Restore the artifacts from a backup.",
            )
        return reference.codec, content
