"""How payloads are stored: large ones beside the journal, those of personal runs sealed.

A large one is a content of the artifact store, which the journal names by reference. It is put before the
entry that names it is written, so that no entry ever names what is not there.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from pilothouse.errors import Category, DatabaseUnavailable, NotFound, PilothouseError, Severity
from pilothouse.kit.sealing import Erased, Place, Sealer
from pilothouse.runtime.entries import Codec, Entry, PayloadErased, PayloadUnreadable, encode
from pilothouse.runtime.errors import TurnLost
from pilothouse.runtime.history import History
from pilothouse.runtime.ports import ArtifactStore, Statement
from pilothouse.runtime.sealing import Sealing, of_entry, unsealed

if TYPE_CHECKING:
    from pilothouse.runtime.tail_pages import Line
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


ASIDE = frozenset({Codec.REFERENCE, Codec.ENCRYPTED})
"""Codecs of which more is needed than the stored bytes."""


class PayloadTooLarge(PilothouseError):
    """A payload is larger than the journal takes."""

    code = "payload_too_large"
    status = 413
    category = Category.USER
    severity = Severity.WARNING


class Reference(BaseModel):
    """What stands in the journal in place of a large payload: where its stored bytes are, and their codec.

    With a `key` (of 32 bytes, in base64) they are sealed with that one; the reference is sealed itself then.
    """

    model_config = ConfigDict(frozen=True)

    tenant_id: str
    sha256: str
    size: int
    codec: int
    key: str | None = None

    def statement(self, run_id: UUID) -> Statement:
        """Records that the journal of a run names the content; nothing where there is no such run."""
        return Statement(INSERT_REFERENCE, (self.tenant_id, self.sha256, self.size, run_id))


def refers(entries: Sequence[Entry]) -> bool:
    """Whether any of the entries' payloads is kept elsewhere, or is sealed."""
    return any(entry.codec in ASIDE for entry in entries)


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
        sealer: Sealer | None = None,
    ) -> None:
        """Nothing is asked of `artifacts` before a payload is large, or of `sealer` before one is sealed."""
        self.sealing = Sealing(sealer)
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

    async def inlined(self, payload: bytes, place: Place | None) -> tuple[int, bytes]:
        """The codec and bytes to store for a payload that is not moved; sealed where its `place` is given."""
        codec, stored = encode(payload)
        return (codec, stored) if place is None else await self.sealing.seal(place, codec, stored)

    async def opened(self, codec: int, stored: bytes, place: Place) -> tuple[int, bytes]:
        """The codec and bytes of a payload as if it was never sealed; raises what `Sealing.open` raises."""
        return await self.sealing.open(place, stored) if codec == Codec.ENCRYPTED else (codec, stored)

    async def packed(
        self, tenant_id: str, payload: bytes, place: Place | None = None
    ) -> tuple[int, bytes, Reference | None]:
        """The codec and bytes to store for a payload of any size, and the reference that they are, if any.

        Where its `place` is given it is sealed. Raises `PayloadTooLarge`, and what the artifact store and
        the sealer raise where they cannot do their part.
        """
        codec, stored, reference = await self._moved(tenant_id, payload, sealed=place is not None)
        if place is not None:
            codec, stored = await self.sealing.seal(place, codec, stored)
        return codec, stored, reference

    async def _moved(
        self, tenant_id: str, payload: bytes, *, sealed: bool
    ) -> tuple[int, bytes, Reference | None]:
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
        key = None
        if sealed:
            stored, key = await asyncio.to_thread(_under_new_key, stored)
        sha256 = await asyncio.to_thread(lambda: hashlib.sha256(stored).hexdigest())
        await self._artifacts.put(tenant_id, sha256, stored)
        reference = Reference(tenant_id=tenant_id, sha256=sha256, size=len(stored), codec=codec, key=key)
        return Codec.REFERENCE, reference.model_dump_json(exclude_none=True).encode(), reference

    async def moved(
        self, tenant_id: str, run_id: UUID, entries: Sequence[Entry], *, personal: bool = False
    ) -> tuple[list[Entry], list[Statement]]:
        """The entries as they are to be stored, and what is to be written beside them.

        Those of a `personal` run are sealed; where no key is left for that, an end is recorded without
        what it says, and anything else raises `Erased`.
        """
        written: list[Entry] = []
        beside: list[Statement] = []
        for entry in entries:
            place = of_entry(tenant_id, run_id, entry) if personal and entry.payload else None
            try:
                codec, stored, reference = await self.packed(tenant_id, entry.payload, place)
            except Erased:
                end = unsealed(entry)
                if end is None:
                    raise
                codec, stored, reference = *end, None
                entry = entry._replace(payload=stored)  # noqa: PLW2901 - the same, without what it says
            written.append(entry._replace(payload=stored, codec=codec) if codec else entry)
            if reference is not None:
                beside.append(reference.statement(run_id))
        return written, beside

    async def resolved(self, tenant_id: str, entries: Sequence[Entry]) -> list[Entry]:
        """The entries of a tenant's runs with what they refer to in place, and opened where they are sealed.

        One whose content or key is gone stays as it is. Raises `PayloadUnreadable` for one that is damaged,
        and what the artifact store and the sealer raise where they do not answer.
        """
        if not refers(entries):
            return list(entries)
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(entry: Entry) -> Entry:
            if entry.codec not in ASIDE or entry.source is None:
                return entry
            try:
                async with slots:
                    place = of_entry(tenant_id, entry.source, entry)
                    codec, stored = await self.whole(entry.codec, entry.payload, place)
            except PayloadErased:
                return entry
            return entry._replace(codec=codec, payload=stored)

        return await asyncio.gather(*map(one, entries))

    async def load(self, turn: Turn, entries: Sequence[Entry]) -> None:
        """Give a turn its journal, with the large payloads in it.

        A store that does not answer costs the turn, and the run begins another one. What can never be read
        breaks the turn for good.
        """
        try:
            with turn.working():
                turn.load(History(await self.resolved(turn.claim.tenant_id, entries)))
        except PayloadUnreadable as error:
            turn.breaks(error)
        except Exception as error:  # noqa: BLE001 - logged; another turn tries again
            reason = f"{type(error).__name__}: {error}"
            log.warning("payloads_not_read", reason=reason)
            await asyncio.sleep(AGAIN_AFTER)
            turn.breaks(TurnLost(f"Its large or sealed payloads could not be read ({reason})."))

    async def whole(self, codec: int, stored: bytes, place: Place) -> tuple[int, bytes]:
        """The codec and bytes of an entry's payload, opened where it is sealed and fetched where it is large.

        Of a content that is gone, its reference. Raises what `opened` and `fetched` raise.
        """
        codec, stored = await self.opened(codec, stored, place)
        return await self.fetched(stored) if codec == Codec.REFERENCE else (codec, stored)

    async def shown(self, codec: int, stored: bytes, place: Place) -> tuple[int, bytes]:
        """As `opened`, for those who show what can be read: what cannot is left for `decode` to tell why."""
        try:
            return await self.opened(codec, stored, place)
        except PayloadErased:
            return codec, stored
        except PayloadUnreadable:
            return Codec.BROKEN, b""

    async def show(self, lines: Sequence[Line]) -> None:
        """Open what is sealed of lines on their way to those who watch.

        Raises `DatabaseUnavailable` where that cannot be told now: it is tried again, as with the database.
        """
        for line in lines:
            if line.codec == Codec.ENCRYPTED:
                place = of_entry(line.tenant_id, line.source, line)
                try:
                    line.codec, line.payload = await self.shown(line.codec, line.payload, place)
                except PilothouseError as error:
                    raise DatabaseUnavailable(f"Sealed payloads cannot be read: {error}") from error

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
        if reference.key is not None:
            content = await asyncio.to_thread(_with_key, content, reference.key)
        return reference.codec, content


def _under_new_key(content: bytes) -> tuple[bytes, str]:
    """The content sealed with a key of its own, and that key in base64: it opens nothing else."""
    from pilothouse.kit import cipher

    key = cipher.new_key()
    return cipher.seal(key, b"", content), base64.b64encode(key).decode()


def _with_key(content: bytes, key: str) -> bytes:
    from pilothouse.kit import cipher

    try:
        return cipher.unseal(base64.b64decode(key), b"", content)
    except (ValueError, cipher.Tampered):
        raise PayloadUnreadable(
            "The content of a payload does not open with its key.",
            hint="Restore the artifacts from a backup.",
        ) from None
