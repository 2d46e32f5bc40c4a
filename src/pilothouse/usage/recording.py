"""Rows of usage: written beside an append of a run, or in batches by whoever calls too often for that."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import structlog

from pilothouse.errors import DatabaseUnavailable
from pilothouse.runtime.connection import Lane
from pilothouse.runtime.ports import Statement
from pilothouse.usage.repository.writing import INSERT, write
from pilothouse.usage.schemas import Call

log = structlog.get_logger(__name__)

BILLIONTHS = Decimal(1_000_000_000)
PER_DECADE = 40
"""Classes of latency in a factor of ten: the middle of one is within 3 % of all that is in it."""

EVERY = 0.5
"""Seconds from the first row of a batch to its writing; with that itself, less than a second."""
AT_ONCE = 1_000
MOST = 100_000
"""Rows that wait at most: more than a minute of calls at 1,200 a second."""


def class_of(latency_ms: float) -> int:
    """The class of a latency: logarithmic, from 0 for less than a thousandth of a millisecond."""
    return 0 if latency_ms < 1e-3 else min(math.floor((math.log10(latency_ms) + 3) * PER_DECADE) + 1, 9_999)


def middle_of(latency_class: int) -> float:
    """The latency in milliseconds that stands for a class: its geometric middle."""
    return 0.0 if latency_class <= 0 else float(10 ** ((latency_class - 0.5) / PER_DECADE - 3))


def row_of(call: Call) -> dict[str, Any]:
    """A call as a row of the table. Fractions of a billionth of a dollar are rounded."""
    return {
        "id": str(call.id),
        "tenant_id": call.tenant_id,
        "at": call.at.isoformat(),
        "source": call.source,
        "provider": call.provider,
        "model": call.model,
        "principal": call.principal,
        "input_tokens": call.tokens.input,
        "output_tokens": call.tokens.output,
        "cache_read": call.tokens.cache_read,
        "cache_write": call.tokens.cache_write,
        "cost": int((call.cost * BILLIONTHS).to_integral_value()),
        "latency_ms": call.latency_ms,
        "latency_class": class_of(call.latency_ms),
        "outcome": call.outcome,
        "valid": call.valid,
        "repairs": call.repairs,
        "streamed": call.streamed,
        "cached": call.cached,
        "run_id": None if call.run_id is None else str(call.run_id),
        "step": call.step,
        "workflow": call.workflow,
        "agent": call.agent,
        "prompt": call.prompt,
        "prompt_version": call.prompt_version,
        "experiment": call.experiment,
        "arm": call.arm,
    }


def recorded(call: Call) -> Statement:
    """What writes a call beside the append that journals it; written again, it changes nothing."""
    return Statement(INSERT, row_of(call))


class UsageWriter:
    """Writes rows in batches, at most one second after each was added. Use it within one event loop.

    While the database is away rows wait, up to `most`; what comes then is counted in `dropped`, and said.
    """

    def __init__(
        self,
        lane: Lane,
        *,
        every: float = EVERY,
        most: int = MOST,
        told: Callable[[Call], None] | None = None,
    ) -> None:
        """Write on `lane`, which others may use as well. `told` hears of each call: metrics are such."""
        self._lane = lane
        self._every, self._most, self._told = every, most, told
        self._waiting: deque[Call] = deque()
        self._full = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """Rows that are not written yet."""
        return len(self._waiting)

    def add(self, call: Call) -> None:
        """Write a call soon. Neither waits nor fails; see the class for what is dropped."""
        if self._told is not None:
            self._told(call)
        if len(self._waiting) >= self._most:
            if self.dropped == 0:
                log.error("usage_dropped", waiting=len(self._waiting))
            self.dropped += 1
            return
        self._waiting.append(call)
        if len(self._waiting) >= AT_ONCE:
            self._full.set()
        if self._task is None and not self._closing.is_set():
            self._task = asyncio.create_task(self._go_on())

    async def close(self) -> None:
        """Write what waits; what cannot be written is counted and said."""
        self._closing.set()
        self._full.set()
        if self._task is not None:
            await asyncio.wait([self._task])
        try:
            while self._waiting:
                await self._flush()
        except DatabaseUnavailable as error:
            self.dropped += len(self._waiting)
            log.error("usage_lost", rows=len(self._waiting), reason=str(error))  # noqa: TRY400 - it says why

    async def _go_on(self) -> None:
        failing = False
        while self._waiting and not self._closing.is_set():
            with contextlib.suppress(TimeoutError):  # the batch has waited long enough
                async with asyncio.timeout(self._every):
                    await self._full.wait()
            try:
                while self._waiting:
                    await self._flush()
                failing = False
            except DatabaseUnavailable as error:
                if not failing:
                    log.warning("usage_not_written", waiting=len(self._waiting), reason=str(error))
                failing = True
                with contextlib.suppress(TimeoutError):  # and whoever closes does not wait for the next try
                    async with asyncio.timeout(self._every):
                        await self._closing.wait()
        self._task = None

    async def _flush(self) -> None:
        """Write the oldest rows; they wait on where that fails. Raises `DatabaseUnavailable`."""
        batch = [self._waiting[number] for number in range(min(AT_ONCE, len(self._waiting)))]
        self._full.clear()
        try:
            await write(self._lane, [row_of(call) for call in batch])
        except DatabaseUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a row that cannot be written must not hold up the others
            await self._each(batch, error)
        for _ in batch:
            self._waiting.popleft()

    async def _each(self, batch: list[Call], error: Exception) -> None:
        """Write row by row what cannot be written together; those that cannot at all are counted and said."""
        for call in batch:
            try:
                await write(self._lane, [row_of(call)])
            except DatabaseUnavailable:
                raise
            except Exception:
                self.dropped += 1
                log.exception("usage_row_refused", call=str(call.id), first=str(error))
