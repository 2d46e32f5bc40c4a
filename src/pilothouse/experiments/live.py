"""The experiments as a process goes by them: which arm a call is in, and what came of it.

Running experiments are read when a notification says so, and at least every half second. What came of calls
is summed in memory and written once a second: a process that is killed loses at most that second of counts,
and nothing else. Where a count must not be lost, `statement` writes it in the append of the call itself.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import math
from collections.abc import Callable, Mapping
from typing import NamedTuple
from uuid import UUID

import psycopg
import structlog

from pilothouse.errors import DatabaseUnavailable, InvalidInput
from pilothouse.experiments.measuring import Tally, bucket_of, log_of_cost, log_of_latency
from pilothouse.experiments.repository import COUNT, ExperimentState, InForce
from pilothouse.experiments.schemas import Observation, SplitKey
from pilothouse.experiments.splitting import arm_at, place_of
from pilothouse.kit.ids import parse
from pilothouse.kit.looking import Looking
from pilothouse.prompts.schemas import Assigned, Subjects
from pilothouse.runtime.connection import Lane
from pilothouse.runtime.listener import EXPERIMENTS, Listener
from pilothouse.runtime.ports import Statement

log = structlog.get_logger(__name__)

EVERY = 0.5
"""Seconds between two looks, at most."""
WRITTEN_EVERY = 1.0
"""Seconds between two times that counts are written: what a process that is killed may lose."""

EVERYBODY = ""
"""The tenant under which experiments stand that hold for all."""


class Counted(NamedTuple):
    """Where some calls count. The database adds the epoch."""

    tenant_id: str
    experiment: UUID
    arm: str
    hour: dt.datetime


class Experiments:
    """Assigns arms and counts what came of calls, for one process. Use it within one event loop."""

    def __init__(self, lane: Lane, *, every: float = EVERY, written: float = WRITTEN_EVERY) -> None:
        """Read and write on `lane`, which is its owner's to close; nothing is assigned before `open`."""
        self._state = ExperimentState(lane)
        self._written = written
        self._running: Mapping[tuple[str, str], InForce] = {}
        self._waiting: dict[Counted, Tally] = {}
        self._looking = Looking(self._look_again, every)
        self._closing = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._off: Callable[[], None] | None = None

    async def open(self, listener: Listener | None = None) -> None:
        """Read what runs, and go on reading and writing. Raises `DatabaseUnavailable`."""
        if listener is not None:
            self._off = listener.on(EXPERIMENTS, lambda _: self._looking.ask())
        await self.look()
        self._looking.start()
        self._writer = asyncio.create_task(self._go_on_writing())

    async def close(self) -> None:
        """Read no more, and write what is still to be written."""
        if self._off is not None:
            self._off()
        await self._looking.stop()
        self._closing.set()  # what is being written is not broken off: nobody would know whether it counts
        if self._writer is not None:
            await asyncio.wait([self._writer])
        try:
            await self.flush()
        except DatabaseUnavailable as error:
            log.warning("experiment_counts_lost", groups=len(self._waiting), reason=str(error))

    async def look(self) -> None:
        """Read what runs now. Raises `DatabaseUnavailable`."""
        found = await self._state.running()
        self._running = {(EVERYBODY if one.everybody else one.tenant_id, one.about): one for one in found}

    async def assign(self, tenant_id: str, prompt: str, subjects: Subjects) -> Assigned | None:
        """The arm of a call about `prompt` (a model alias: `model:fast`), from memory.

        A tenant's own experiment goes before one for everybody. None where nothing runs about it, or where
        the call has nothing by which it is split (a key of users, and no user).
        """
        one = self._running.get((tenant_id, prompt)) or self._running.get((EVERYBODY, prompt))
        if one is None:
            return None
        subject: str = getattr(subjects, SplitKey(one.key).value)
        if not subject:
            return None
        of = str(one.id)
        name = arm_at(one.ranges, place_of(of, f"{tenant_id}\0{subject}"))
        arm = next((each for each in one.arms if each["name"] == name), {})
        return Assigned(of, name, arm.get("version"), arm.get("model"))

    def observe(self, seen: Observation) -> None:
        """Count what came of a call; it is written within a second.

        Raises `InvalidInput` for an experiment that is no id and for figures that are none.
        """
        self._waiting.setdefault(_where(seen), Tally()).add(_tally(seen))

    def statement(self, seen: Observation) -> Statement:
        """What counts a call in the append that records it: then it is neither lost nor counted twice."""
        return Statement(COUNT, _written(_where(seen), _tally(seen)), gathered=True)

    async def flush(self) -> None:
        """Write what was counted until now. Raises `DatabaseUnavailable`: then it is kept for the next time.

        Where the connection is lost just after the database has committed, that second counts twice.
        """
        waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        try:
            await self._state.count([_written(where, tally) for where, tally in waiting.items()])
        except DatabaseUnavailable:
            for where, tally in waiting.items():
                self._waiting.setdefault(where, Tally()).add(tally)
            raise

    async def _look_again(self) -> None:
        try:
            await self.look()
        except DatabaseUnavailable as error:
            log.warning("experiments_not_read", reason=str(error))

    async def _go_on_writing(self) -> None:
        while not self._closing.is_set():
            try:
                async with asyncio.timeout(self._written):
                    await self._closing.wait()
            except TimeoutError:
                pass
            try:
                await self.flush()
            except DatabaseUnavailable as error:
                log.warning("experiment_counts_not_written", reason=str(error))
            except psycopg.Error:
                log.exception("experiment_counts_refused")  # whatever it was, what comes next is to count


def _where(seen: Observation) -> Counted:
    hour = seen.at.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
    return Counted(seen.tenant_id, parse(seen.experiment, "experiment"), seen.arm, hour)


def _tally(seen: Observation) -> Tally:
    if not (math.isfinite(seen.latency_ms) and seen.cost.is_finite()):
        raise InvalidInput(f"A call took {seen.latency_ms} ms and cost {seen.cost}: these are no figures.")
    dear, slow = log_of_cost(seen.cost), log_of_latency(seen.latency_ms)
    return Tally(
        calls=1,
        valid=int(seen.valid),
        errors=int(seen.error),
        repairs=seen.repairs,
        tokens=seen.tokens,
        cost=seen.cost,
        cost_log=dear,
        cost_squares=dear * dear,
        latency_log=slow,
        latency_squares=slow * slow,
        latencies={bucket_of(seen.latency_ms): 1},
    )


def _written(where: Counted, tally: Tally) -> dict[str, object]:
    """Calls as the function of the database takes them."""
    return {
        "tenant_id": where.tenant_id,
        "experiment_id": where.experiment,
        "arm": where.arm,
        "hour": where.hour,
        "calls": tally.calls,
        "valid": tally.valid,
        "errors": tally.errors,
        "repairs": tally.repairs,
        "tokens": tally.tokens,
        "cost": str(tally.cost),
        "cost_log": tally.cost_log,
        "cost_squares": tally.cost_squares,
        "latency_log": tally.latency_log,
        "latency_squares": tally.latency_squares,
        "latencies": {str(bucket): calls for bucket, calls in tally.latencies.items()},
    }
