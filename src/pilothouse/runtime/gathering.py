"""`ctx.gather`: several branches at once, each numbered by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Container, Sequence
from inspect import CORO_CREATED, getcoroutinestate
from types import CoroutineType
from typing import Any, NamedTuple

import orjson

from pilothouse.kit import canonical
from pilothouse.runtime import asking
from pilothouse.runtime.branch import DEPLOY, Branch, current
from pilothouse.runtime.entries import Entry, Kind, decode
from pilothouse.runtime.errors import NonDeterminismError, Suspended
from pilothouse.runtime.failures import as_error, is_own, steps_behind
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
    try:
        return await _gather(turn, work)
    finally:
        for item in work:
            if isinstance(item, CoroutineType) and getcoroutinestate(item) == CORO_CREATED:
                item.close()  # one that was never started would complain


async def _gather(turn: Turn, work: Sequence[Awaitable[Any]]) -> list[Any]:
    digest = canonical.digest(str(len(work)).encode())
    parent = current.get()
    step = turn.meet(parent, "gather", "gather", digest)
    if Kind.GATHERED not in step.entries:
        turn.pending.append(Entry(Kind.GATHERED, step.key, orjson.dumps({"branches": len(work)}), digest))
    abandoned = _abandoned(step)
    branches = [parent.inside(f"{step.key}/{place}") for place in range(len(work))]
    for place, branch in enumerate(branches):
        branch.is_arm = True
        branch.abandoned = branch.abandoned or place in abandoned
    arms = zip(branches, work, strict=True)
    tasks = [asyncio.create_task(_settle(turn, branch, item)) for branch, item in arms]
    try:
        settled = await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    turn.check()
    for branch in branches:
        parent.consume(branch.marks)
        parent.known |= branch.known
    return await _conclude(turn, step, branches, settled, abandoned)


async def _settle(turn: Turn, branch: Branch, work: Awaitable[Any]) -> Settled:
    current.set(branch)  # each branch is a task with context variables of its own
    try:
        value = await work
        turn.close(branch)
    except BaseException as error:
        if branch.waits is not None:
            return Settled(error=branch.waits)
        if not is_own(error):
            raise
        return Settled(error=as_error(error))
    return Settled(value)


async def _conclude(
    turn: Turn,
    step: Step,
    branches: Sequence[Branch],
    settled: Sequence[Settled],
    abandoned: Container[int],
) -> list[Any]:
    failures, waiting = [], []
    for place, end in enumerate(settled):
        if place in abandoned or isinstance(end.error, Suspended):
            waiting.append(place)
        elif isinstance(end.error, Exception):
            failures.append(end.error)
    if failures:
        first = failures[0]
        if waiting and Kind.SETTLED not in step.entries and not current.get().abandoned:
            keys = [key for place in waiting for key in asking.open_below(turn, branches[place])]
            payload = orjson.dumps({"abandoned": waiting})
            await asking.withdraw(turn, keys, Entry(Kind.SETTLED, step.key, payload))
        behind = tuple(dict.fromkeys(key for error in failures for key in steps_behind(error)))
        first.__dict__["steps"] = behind
        raise first
    if Kind.SETTLED in step.entries:
        message = f"{step.key} failed by the journal, but no branch of it fails now."
        raise turn.breaks(NonDeterminismError(message, hint=DEPLOY))
    if waiting:
        times = [end.error.wake_at for end in settled if isinstance(end.error, Suspended)]
        raise current.get().suspend(min((time for time in times if time is not None), default=None))
    return [end.value for end in settled]


def _abandoned(step: Step) -> frozenset[int]:
    settled = step.entries.get(Kind.SETTLED)
    if settled is None:
        return frozenset()
    return frozenset(orjson.loads(decode(settled.codec, settled.payload))["abandoned"])
