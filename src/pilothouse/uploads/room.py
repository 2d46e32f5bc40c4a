"""Room for uploads: how many are under way at once, and how many bytes a tenant keeps in all.

Room is reserved in the database before the first byte is read, so that processes count together, and given
back at the end. A reservation says every `SEEN_EVERY` seconds that its process lives; one that was silent for
`SILENCE` seconds counts no more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import structlog

from pilothouse.errors import PilothouseError
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.runtime.ports import Statement
from pilothouse.settings import Settings
from pilothouse.uploads.errors import TooManyUploads, UploadQuotaReached
from pilothouse.uploads.repository import RoomRepository, UploadRepository
from pilothouse.uploads.tables import UploadRow

log = structlog.get_logger(__name__)

SEEN_EVERY = 15.0
SILENCE = 60.0
RETRY_AFTER = 5
"""Seconds after which a client may ask again where others are uploading."""


@dataclass(frozen=True)
class Bounds:
    """Uploads under way of one principal and of one tenant, and bytes that a tenant keeps; 0 is unlimited."""

    of_principal: int = 4
    of_tenant: int = 16
    bytes: int = 100_000_000_000


@dataclass
class Reservation:
    """Room for one upload of at most `bytes` bytes. It is `kept` once the upload took its place."""

    id: UUID
    bytes: int
    kept: bool = False


class Room:
    """The room that a tenant's uploads have, as one principal of it asks for some."""

    def __init__(
        self, database: Database, ids: Ids, scope: Scope, bounds: Bounds, seen_every: float = SEEN_EVERY
    ) -> None:
        """Count in `database`, within `bounds`."""
        self._database = database
        self._ids = ids
        self._scope = scope
        self._bounds = bounds
        self._seen_every = seen_every

    @asynccontextmanager
    async def reserved(self, announced: int | None, largest: int) -> AsyncIterator[Reservation]:
        """Room for one upload, for as long as it is under way.

        It is of as many bytes as were `announced`; where none were, of the `largest` that is accepted, or of
        what is left. Raises `TooManyUploads` and `UploadQuotaReached`.
        """
        reservation = await self._reserve(announced, largest)
        keeping = asyncio.create_task(self._keep(reservation.id))
        try:
            yield reservation
        finally:
            keeping.cancel()
            if not reservation.kept:
                await self._give_back(reservation.id)

    async def keep(self, row: UploadRow, reservation: Reservation, beside: Sequence[Statement] = ()) -> None:
        """Note an upload in place of its reservation, and write what is to be written `beside` it.

        Raises `UploadQuotaReached` where the reservation had lapsed.
        """
        async with self._database.session(self._scope) as session:
            room = RoomRepository(session, self._scope)
            stored = await room.locked_total()
            if not await room.give_back(reservation.id):
                held = await room.held(self._scope.principal)
                self._insist(row.size, self._left(stored + held.bytes))
            uploads = UploadRepository(session, self._scope)
            await uploads.add(row)
            await uploads.write(beside)
        reservation.kept = True

    async def _reserve(self, announced: int | None, largest: int) -> Reservation:
        bounds, scope = self._bounds, self._scope
        async with self._database.session(scope) as session:
            room = RoomRepository(session, scope)
            stored = await room.locked_total()
            await room.forget_silent(SILENCE)
            held = await room.held(scope.principal)
            _insist_on_few(held.of_principal, bounds.of_principal, "You have")
            _insist_on_few(held.of_tenant, bounds.of_tenant, "Your tenant has")
            left = self._left(stored + held.bytes)
            wanted = (
                announced
                if announced is not None
                else max(1, largest if left is None else min(largest, left))
            )
            self._insist(wanted, left)
            made = Reservation(self._ids.new(), wanted)
            await room.reserve(made.id, scope.principal, wanted)
        return made

    def _left(self, taken: int) -> int | None:
        """The bytes that are left; None where they are unlimited."""
        return self._bounds.bytes - taken if self._bounds.bytes else None

    def _insist(self, wanted: int, left: int | None) -> None:
        if left is not None and wanted > left:
            raise UploadQuotaReached(
                f"Your tenant may keep {self._bounds.bytes:,} bytes of uploads. {max(0, left):,} are left, "
                f"and this one may take {wanted:,}.",
                hint="Delete uploads that are not needed any more, or ask an operator for a greater "
                "upload_tenant_bytes.",
            )

    async def _keep(self, reservation: UUID) -> None:
        while True:
            await asyncio.sleep(self._seen_every)
            try:
                async with self._database.session(self._scope) as session:
                    await RoomRepository(session, self._scope).seen(reservation)
            except PilothouseError as error:  # it counts for `SILENCE` seconds more
                log.warning("upload_not_seen", reason=str(error))

    async def _give_back(self, reservation: UUID) -> None:
        try:
            async with self._database.session(self._scope) as session:
                await RoomRepository(session, self._scope).give_back(reservation)
        except PilothouseError as error:  # it lapses by itself, and what the upload failed of is to be told
            log.warning("upload_room_not_given_back", reason=str(error))


def bounds_of(settings: Settings) -> Bounds:
    """As the settings say."""
    return Bounds(settings.uploads_at_once, settings.uploads_at_once_of_tenant, settings.upload_tenant_bytes)


def _insist_on_few(under_way: int, most: int, whose: str) -> None:
    if most and under_way >= most:
        raise TooManyUploads(
            f"{whose} {under_way} uploads under way, and {most} is the most at once.",
            hint=f"Try again in {RETRY_AFTER} s, or once one of them is done.",
            retry_after=RETRY_AFTER,
        )
