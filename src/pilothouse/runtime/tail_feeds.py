"""What one process reads of journals for all who watch in it: runs, tenants, and the deltas of runs."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple
from uuid import UUID

import structlog

from pilothouse.errors import DatabaseUnavailable
from pilothouse.runtime import deltas
from pilothouse.runtime.connection import Lane
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.listener import DELTAS, JOURNAL, RUNS, Listener
from pilothouse.runtime.payloads import Payloads
from pilothouse.runtime.tail import Tail, View
from pilothouse.runtime.tail_pages import (
    NOTHING,
    POSITIONS,
    PRESENT,
    Page,
    Place,
    read_runs,
    read_tenants,
)

log = structlog.get_logger(__name__)

LOOK = 1.0
"""Seconds after which what is watched is looked at, so that a lost notification costs no more."""

ANNOUNCE = 0.02
"""Seconds for which runs that come to be watched collect before workers are told."""

STRAGGLE = 2.0
"""Seconds for which pieces of a step's answer are left out once the step has ended."""

_ENDS = frozenset({Kind.COMPLETED.value, Kind.FAILED.value})

RunView = View[UUID, int]
TenantView = View[str, Place]


class Present(NamedTuple):
    """Where a tenant's stream begins that begins now, the first transaction to come, and the incarnation.

    A database that was restored is another incarnation: its transactions are numbered anew.
    """

    place: Place
    ahead: int
    incarnation: UUID


class Feeds:
    """The tails of one process. Nothing is open, read or asked while nobody watches."""

    def __init__(self, ahead: Lane, behind: Lane, listener: Listener, payloads: Payloads) -> None:
        """Read what is new through `ahead` and what is there already through `behind`.

        `listener` hears of changes, on one connection however many watch. `payloads` opens what is sealed.
        """
        self._ahead, self._behind, self._payloads = ahead, behind, payloads
        self.runs: Tail[UUID, int] = Tail(self._read_on, partial(self._runs, self._behind))
        self.tenants: Tail[str, Place] = Tail(
            partial(self._tenants, self._ahead), partial(self._tenants, self._behind)
        )
        self._off = [
            listener.on(JOURNAL, self._heard),
            listener.on(RUNS, self._submitted),
            listener.on(DELTAS, self._said),
        ]
        self._names: dict[str, UUID] = {}
        self._looking: asyncio.Task[None] | None = None
        self._announced: set[UUID] = set()
        self._announced_at = -math.inf
        self._announcing: asyncio.Task[None] | None = None
        self._ended: dict[tuple[UUID, str], float] = {}

    async def close(self) -> None:
        """End every view."""
        while self._off:
            self._off.pop()()
        for task in (self._looking, self._announcing):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        await self.runs.close()
        await self.tenants.close()

    async def follow(
        self, run_id: UUID, after: int, *, silence: float = LOOK, patience: float = math.inf
    ) -> RunView:
        """Watch a run behind the entry `after`; see `Tail.open`."""
        self._look()
        self._names[str(run_id)] = run_id
        view = await self.runs.open(run_id, after, silence=silence, patience=patience)
        if run_id not in self._announced and (self._announcing is None or self._announcing.done()):
            self._announcing = asyncio.create_task(self._announce_soon())
        return view

    async def follow_tenant(self, tenant_id: str, after: Place, *, silence: float = LOOK) -> TenantView:
        """Watch all that a tenant's runs journal behind `after`; see `Tail.open`."""
        self._look()
        return await self.tenants.open(tenant_id, after, silence=silence)

    async def present(self) -> Present:
        """Where the database stands. Raises `DatabaseUnavailable`."""
        ((horizon, ahead, incarnation),) = await self._behind.rows(PRESENT)
        return Present(Place(horizon, NOTHING, 0), ahead, incarnation)

    def _heard(self, payload: str | None) -> None:
        """Read on in the journals named, or in all where some may have been missed."""
        self.tenants.stir_all()
        if payload is None:
            self.runs.stir_all()
        elif self._names:
            names = self._names
            self.runs.stir(names[name] for name in payload.split(",") if name in names)

    def _submitted(self, _payload: str | None) -> None:
        """A run may have been submitted, which nobody can have watched before."""
        self.tenants.stir_all()

    def _said(self, payload: str | None) -> None:
        """Hand on a delta, unless its run is not watched here or its step has ended already."""
        if not payload or payload[2:38] not in self._names:
            return
        present = asyncio.get_running_loop().time()
        for delta in deltas.read(payload):
            if self._ended.get((delta.run_id, delta.step), 0.0) < present:
                self.runs.hand(delta.run_id, delta)

    async def _read_on(self, asks: Sequence[tuple[UUID, int]]) -> Sequence[Page[int]]:
        """What is new of runs; the steps that it ends are remembered for a moment."""
        pages = await self._runs(self._ahead, asks)
        until = asyncio.get_running_loop().time() + STRAGGLE
        for page in pages:
            for line in page.lines:
                if line.kind in _ENDS:
                    self._ended[line.run_id, line.key] = until
        return pages

    async def _runs(self, lane: Lane, asks: Sequence[tuple[UUID, int]]) -> Sequence[Page[int]]:
        pages = await read_runs(lane, asks)
        for page in pages:
            await self._payloads.show(page.lines)
        return pages

    async def _tenants(self, lane: Lane, asks: Sequence[tuple[str, Place]]) -> Sequence[Page[Place]]:
        pages = await read_tenants(lane, asks)
        for page in pages:
            await self._payloads.show(page.lines)
        return pages

    def _look(self) -> None:
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_on())

    async def _look_on(self) -> None:
        """Every second: see how far what is watched has come, and say which runs those are."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK)
            watched = self.runs.watched
            self._names = {str(run_id): run_id for run_id in watched}
            try:
                if watched:
                    await self._positions(watched)
                if loop.time() - self._announced_at >= deltas.REFRESH:
                    self._announced.clear()
                    self._announced_at = loop.time()
                await self._announce()
            except DatabaseUnavailable as error:
                log.debug("tail_not_looked_at", reason=str(error))
                self.runs.answered(well=False)
            except Exception:
                log.exception("tail_not_looked_at")
            self.tenants.stir_all()
            present = loop.time()
            self._ended = {step: until for step, until in self._ended.items() if until > present}

    async def _announce_soon(self) -> None:
        await asyncio.sleep(ANNOUNCE)
        try:
            await self._announce()
        except DatabaseUnavailable as error:
            log.debug("watch_not_announced", reason=str(error))  # it is tried again every second

    async def _announce(self) -> None:
        """Tell workers which runs are watched here that they have not been told of for a while."""
        watched = self.runs.watched.keys()
        self._announced &= watched
        fresh = watched - self._announced
        await deltas.announce(self._behind, list(fresh))
        self._announced |= fresh

    async def _positions(self, watched: dict[UUID, int | None]) -> None:
        rows = await self._behind.rows(POSITIONS, (list(watched),))
        self.runs.answered(well=True)
        found: dict[UUID, int] = dict(rows)
        self.runs.stir(run_id for run_id, seq in found.items() if (watched[run_id] or 0) < seq)
        for run_id in watched.keys() - found.keys():
            self.runs.gone(run_id)
