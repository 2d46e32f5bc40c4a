"""How each part of a process is, looked at side by side, each within a bounded time."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import structlog

from pilothouse.errors import PilothouseError
from pilothouse.health.repository import heartbeats, queue, schema_revision, works_on
from pilothouse.health.schemas import Condition, Detail, Part
from pilothouse.kit.clock import Clock, elapsed
from pilothouse.kit.masking import mask_text
from pilothouse.kit.session import Database

log = structlog.get_logger(__name__)

PATIENCE = 2.0
"""Seconds within which a part has to answer."""
FRESH = 1.0
"""Seconds for which an answer is given again, so that nobody can make work by asking."""
SLOW = 0.5
"""Seconds for a trivial query, above which the database counts as degraded."""
LONG_WAIT = 60.0
"""Seconds that the oldest run may wait in the queue."""
LITTLE_SPACE, NO_SPACE = 1_000_000_000, 100_000_000
"""Bytes free on the disk, below which it counts as degraded, and as failed."""

_WORST = (Condition.FAILED, Condition.DEGRADED, Condition.WELL, Condition.ABSENT)


class Probe(NamedTuple):
    """A part, and how it is looked at."""

    name: str
    look: Callable[[], Awaitable[Part]]


class Examination:
    """Looks at every part at once. Those who ask at the same time get the same answer."""

    def __init__(self, probes: Sequence[Probe], clock: Clock) -> None:
        self._probes = probes
        self._clock = clock
        self._looking: asyncio.Task[Detail] | None = None
        self._looked_at = -FRESH

    async def detail(self) -> Detail:
        """How each part is, and the process as a whole."""
        fresh = elapsed() - self._looked_at < FRESH
        if self._looking is None or (self._looking.done() and not fresh):
            self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(self._looking)

    async def _look(self) -> Detail:
        parts = list(await asyncio.gather(*(_looked_at(probe) for probe in self._probes)))
        self._looked_at = elapsed()
        found = {part.status for part in parts}
        return Detail(
            status=next(status for status in _WORST if status in found),
            version=version("pilothouse"),
            checked_at=self._clock.now(),
            parts=parts,
        )


class Inside:
    """What every process has: its database with the schema and the queue, and perhaps a worker."""

    def __init__(self, database: Database, revision: str, worker_id: UUID | None, lease: float) -> None:
        self._database, self._revision = database, revision
        self._worker_id, self._lease = worker_id, lease

    def probes(self) -> list[Probe]:
        """The parts."""
        return [
            Probe("database", self._answers),
            Probe("schema", self._schema),
            Probe("worker", self._worker),
            Probe("queue", self._queue),
        ]

    async def _answers(self) -> Part:
        since = elapsed()
        async with self._database.maintenance() as session:
            found = elapsed() - since
            await schema_revision(session)
            latency = elapsed() - since - found
        slow = latency > SLOW
        return Part(
            name="database",
            status=Condition.DEGRADED if slow else Condition.WELL,
            detail=f"It answers in {latency * 1e3:.1f} ms.",
            figures={
                "seconds": round(latency, 6),
                "connections_used": self._database.used(),
                "connections_max": self._database.most,
            },
        )

    async def _schema(self) -> Part:
        async with self._database.maintenance() as session:
            found = await schema_revision(session)
            fits = await works_on(session, found, self._revision)
        detail = f"Schema {found}." if fits else f"The database is at schema {found}, not {self._revision}."
        return Part(name="schema", status=Condition.WELL if fits else Condition.FAILED, detail=detail)

    async def _worker(self) -> Part:
        async with self._database.maintenance() as session:
            found = await heartbeats(session, self._worker_id, self._lease)
        figures = {"live_workers": float(found.live)}
        if self._worker_id is None:
            status = Condition.ABSENT if found.live else Condition.DEGRADED
            detail = f"This process executes nothing; {found.live} workers do elsewhere."
        elif found.own_age is None or found.own_age > self._lease:
            status, detail = Condition.FAILED, f"It was not heard of for {self._lease:g} s."
        else:
            figures["heartbeat_age_seconds"] = round(found.own_age, 3)
            status, detail = Condition.WELL, f"It was heard of {found.own_age:.1f} s ago."
        return Part(name="worker", status=status, detail=detail, figures=figures)

    async def _queue(self) -> Part:
        async with self._database.maintenance() as session:
            found = await queue(session)
        return Part(
            name="queue",
            status=Condition.DEGRADED if found.oldest > LONG_WAIT else Condition.WELL,
            detail=f"{found.runs} runs wait, the oldest for {found.oldest:.1f} s.",
            figures={"runs": found.runs, "oldest_seconds": round(found.oldest, 3)},
        )


def listener(connected: Callable[[], bool]) -> Probe:
    """The connection that hears wake-ups; without it everything goes on by polling."""

    async def look() -> Part:
        if connected():
            return Part(name="listener", status=Condition.WELL, detail="It hears wake-ups.")
        return Part(
            name="listener", status=Condition.DEGRADED, detail="It is not connected; the process polls."
        )

    return Probe("listener", look)


def artifacts(try_out: Callable[[], Awaitable[None]]) -> Probe:
    """The place for artifacts, where something is put, read and removed."""

    async def look() -> Part:
        since = elapsed()
        await try_out()
        took = elapsed() - since
        detail = f"It was written and read in {took * 1e3:.0f} ms."
        return Part(
            name="artifacts", status=Condition.WELL, detail=detail, figures={"seconds": round(took, 6)}
        )

    return Probe("artifacts", look)


def disk(folder: Path) -> Probe:
    """The disk of the folder for data, or of the nearest one above it that exists."""

    async def look() -> Part:
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        free = (await asyncio.to_thread(shutil.disk_usage, existing)).free
        status = Condition.WELL
        if free < LITTLE_SPACE:
            status = Condition.FAILED if free < NO_SPACE else Condition.DEGRADED
        return Part(
            name="disk", status=status, detail=f"{free / 1e9:.1f} GB are free.", figures={"free_bytes": free}
        )

    return Probe("disk", look)


def secrets(stale: Callable[[], Mapping[str, str]]) -> Probe:
    """The places that keep secrets: which secrets could not be read again, and why."""

    async def look() -> Part:
        found = stale()
        figures = {"stale": float(len(found))}
        status, detail = Condition.WELL, "They are as they were read last."
        if found:
            status = Condition.DEGRADED
            detail = f"{', '.join(sorted(found))} could not be read again, and are used as they were."
        return Part(name="secrets", status=status, detail=detail, figures=figures)

    return Probe("secrets", look)


def collector(reachable: Callable[[], bool | None], lost: Callable[[], int]) -> Probe:
    """The collector that spans are sent to; runs do not depend on it."""

    async def look() -> Part:
        figures = {"spans_lost": float(lost())}
        if reachable() is False:
            detail = "It does not take spans; they are dropped."
            return Part(name="collector", status=Condition.DEGRADED, detail=detail, figures=figures)
        detail = "It takes spans." if reachable() else "Nothing was sent yet."
        return Part(name="collector", status=Condition.WELL, detail=detail, figures=figures)

    return Probe("collector", look)


async def _looked_at(probe: Probe) -> Part:
    """What a look says; one that fails or hangs says that the part has failed."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await probe.look()
    except TimeoutError:
        detail = f"It did not answer within {PATIENCE:g} s."
    except PilothouseError as error:
        detail = mask_text(error.message)
    except Exception as error:
        log.exception("part_not_examined", part=probe.name)
        detail = f"It could not be examined ({type(error).__name__}); the log says why."
    return Part(name=probe.name, status=Condition.FAILED, detail=detail)
