"""`ctx.gather`: several branches at once, each numbered by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any, NamedTuple

import orjson

from pilothouse.kit import canonical
from pilothouse.runtime import asking
from pilothouse.runtime.branch import Branch, current
from pilothouse.runtime.entries import Entry, Kind, decode
from pilothouse.runtime.errors import Interrupt, NonDeterminismError, Suspended
from pilothouse.runtime.failures import steps_behind
from pilothouse.runtime.history import Step
from pilothouse.runtime.turn import Turn


class Settled(NamedTuple):
    """How a branch ended: a value, an error, or a suspension."""

    value: Any = None
    error: BaseException | None = None


async def gather(turn: Turn, work: Sequence[Awaitable[Any]]) -> list[Any]:
    """The results in the order of `work`.

    All branches settle first. Where some fail, the first failure by position is raised and the questions
    of branches that still wait are withdrawn; where some wait and none fails, the turn is suspended.
    """
    turn.check()
    digest = canonical.digest(str(len(work)).encode())
    parent = current.get()
    try:
        step = parent.meet("gather", "gather", digest)
    except BaseException:
        for item in work:
            if isinstance(item, Coroutine):
                item.close()
        raise
    if Kind.GATHERED not in step.entries:
        turn.pending.append(Entry(Kind.GATHERED, step.key, orjson.dumps({"branches": len(work)}), digest))
    abandoned = _abandoned(step)
    branches = [parent.inside(f"{step.key}/{place}") for place in range(len(work))]
    for place, branch in enumerate(branches):
        branch.abandoned = branch.abandoned or place in abandoned
    tasks = [asyncio.create_task(_settle(branch, item)) for branch, item in zip(branches, work, strict=True)]
    try:
        settled = await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    turn.check()
    return await _conclude(turn, step, branches, settled)


async def _settle(branch: Branch, work: Awaitable[Any]) -> Settled:
    current.set(branch)  # each branch is a task with context variables of its own
    try:
        value = await work
        branch.close()
    except (Suspended, Exception) as error:  # noqa: BLE001 - raised again once all have settled
        return Settled(error=error)
    return Settled(value)


async def _conclude(
    turn: Turn, step: Step, branches: Sequence[Branch], settled: Sequence[Settled]
) -> list[Any]:
    differs = next((end.error for end in settled if isinstance(end.error, NonDeterminismError)), None)
    if differs is not None:
        raise turn.breaks(differs)
    failures = [end.error for end in settled if isinstance(end.error, Exception)]
    waiting = [place for place, end in enumerate(settled) if isinstance(end.error, Suspended)]
    if failures:
        first = failures[0]
        if waiting and Kind.SETTLED not in step.entries:
            keys = [key for place in waiting for key in asking.open_below(turn, branches[place])]
            payload = orjson.dumps({"abandoned": waiting})
            await asking.withdraw(turn, keys, Entry(Kind.SETTLED, step.key, payload))
        behind = tuple(dict.fromkeys(key for error in failures for key in steps_behind(error)))
        first.__dict__["steps"] = behind
        raise first
    if waiting:
        raise _sleepiest([end.error for end in settled if isinstance(end.error, Suspended)])
    return [end.value for end in settled]


def _abandoned(step: Step) -> frozenset[int]:
    settled = step.entries.get(Kind.SETTLED)
    if settled is None:
        return frozenset()
    return frozenset(orjson.loads(decode(settled.codec, settled.payload))["abandoned"])


def _sleepiest(suspended: Sequence[Suspended]) -> Interrupt:
    """The suspension that wakes the run first."""
    times = [each.wake_at for each in suspended if each.wake_at is not None]
    return Suspended(min(times) if times else None)
