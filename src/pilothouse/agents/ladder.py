"""The ladder: the order in which an agent tries its ways to an answer, and what a rung is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from pilothouse.runtime.branch import current, producing
from pilothouse.runtime.context import Context
from pilothouse.runtime.failures import writable
from pilothouse.runtime.signature import Answer, Signature


class Rung(Protocol):
    """One way to an answer: a model, a cached answer, the expert, a person."""

    @property
    def name(self) -> str:
        """What `produced_by` says of its answers."""
        ...

    async def attempt(self, ctx: Context, arguments: tuple[Any, ...]) -> Any:
        """The answer; raises where this rung has none."""
        ...


class ExpertRung:
    """The agent's own body: rules, algorithms, statistics."""

    name = "expert"

    def __init__(self, signature: Signature) -> None:
        """The rung of the function behind `signature`."""
        self._signature = signature

    async def attempt(self, ctx: Context, arguments: tuple[Any, ...]) -> Any:
        """Call the function; a plain `def` in a thread."""
        function = self._signature.function
        if self._signature.is_async:
            return await function(ctx, *arguments)
        return await ctx.in_thread(function, ctx, *arguments)


async def climb_down(rungs: Sequence[Rung], ctx: Context, arguments: tuple[Any, ...]) -> Answer[Any]:
    """The answer of the first rung that has one, with the names and reasons of those that failed.

    An agent that has failed again and again begins on a lower rung: what decides that is told how each fares.
    """
    failed: list[tuple[str, str]] = []
    last = len(rungs) - 1
    for place in range(min(current.get().first_rung, last), last):
        try:
            return await _attempt(rungs, place, ctx, arguments, failed)
        except Exception as error:  # noqa: BLE001 - recorded in the answer, and the next rung is tried
            failed.append((rungs[place].name, writable(str(error) or type(error).__name__)))
    return await _attempt(rungs, last, ctx, arguments, failed)


async def _attempt(
    rungs: Sequence[Rung],
    place: int,
    ctx: Context,
    arguments: tuple[Any, ...],
    failed: Sequence[tuple[str, str]],
) -> Answer[Any]:
    rung, branch = rungs[place], current.get()
    told = None if branch.replaying else branch.on_tried  # what is replayed was told the first time
    token = producing.set(rung.name)
    try:
        value = await rung.attempt(ctx, arguments)
    except Exception:
        if told is not None:
            told(place, failed=True, rungs=len(rungs))
        raise
    finally:
        producing.reset(token)
    if told is not None:
        told(place, failed=False, rungs=len(rungs))
    return Answer(value=value, produced_by=rung.name, failed=tuple(failed))
