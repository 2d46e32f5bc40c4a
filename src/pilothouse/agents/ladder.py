"""The ladder: the order in which an agent tries its ways to an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pilothouse.errors import PilothouseError
from pilothouse.runtime.branch import current, fallen, producing
from pilothouse.runtime.cards import ReasonCard
from pilothouse.runtime.context import Context, turn_of
from pilothouse.runtime.errors import StepFailed
from pilothouse.runtime.failures import writable
from pilothouse.runtime.laddering import Rung
from pilothouse.runtime.signature import Answer, Signature

__all__ = ["Card", "ExpertRung", "NothingKept", "Rung", "climb_down", "code_of"]

HOPELESS = frozenset({"provider_refused", "blocked_by_guard"})
"""Codes of failures that no other model helps against: the request itself is what is wrong."""

Card = Callable[[Any, Any], ReasonCard]
"""Makes the reason card of an agent's input (None where it takes none) and its answer."""


class NothingKept(PilothouseError):
    """No answer is kept for this input."""

    code = "nothing_kept"


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


def code_of(error: BaseException) -> str:
    """The code of a failure, that of a journalled step where it is one's."""
    if isinstance(error, StepFailed):
        return error.failure.code
    return error.code if isinstance(error, PilothouseError) else "step_failed"


async def climb_down(
    rungs: Sequence[Rung], ctx: Context, arguments: tuple[Any, ...], card: Card | None = None
) -> Answer[Any]:
    """The answer of the first rung that has one, with the names and reasons of those that failed.

    With `card` the answer's reason card is put on the record; a model's rung does so itself.

    An agent that has failed again and again begins on a lower rung: what decides that is told how each fares.
    Where a request is wrong in itself, no other model is asked.
    """
    failed: list[tuple[str, str]] = []
    last, hopeless, reason = len(rungs) - 1, False, Exception()
    branch = current.get()
    for place in range(min(branch.first_rung, last), len(rungs)):
        if hopeless and _asks_model(rungs[place]):
            continue
        branch.rung = place
        try:
            return await _attempt(rungs, place, ctx, arguments, failed, card)
        except Exception as error:
            if place == last:
                raise
            failed.append((rungs[place].name, writable(str(error) or type(error).__name__)))
            hopeless |= _asks_model(rungs[place]) and code_of(error) in HOPELESS
            reason = error
    raise reason


def _asks_model(rung: Rung) -> bool:
    return bool(getattr(rung, "asks_model", False))


async def _attempt(
    rungs: Sequence[Rung],
    place: int,
    ctx: Context,
    arguments: tuple[Any, ...],
    failed: Sequence[tuple[str, str]],
    card: Card | None,
) -> Answer[Any]:
    rung, branch = rungs[place], current.get()
    live = not branch.replaying  # what is replayed was told the first time
    rung_token, fallen_token = producing.set(rung.name), fallen.set(tuple(failed))
    try:
        value = await rung.attempt(ctx, arguments)
        if card is not None and not _asks_model(rung):
            ctx.emit(card(arguments[0] if arguments else None, value))
    except Exception as error:
        if live:
            _tell(ctx, rungs, place, error)
        raise
    finally:
        producing.reset(rung_token)
        fallen.reset(fallen_token)
    if live:
        _tell(ctx, rungs, place, None)
    return Answer(value=value, produced_by=rung.name, failed=tuple(failed))


def _tell(ctx: Context, rungs: Sequence[Rung], place: int, error: Exception | None) -> None:
    """Tell how a rung has fared. One that simply has nothing to say has not failed."""
    branch = current.get()
    if branch.on_tried is not None and not isinstance(error, NothingKept):
        branch.on_tried(place, failed=error is not None, rungs=len(rungs))
    told = "" if error is None else code_of(error)
    turn_of(ctx).services.ladders.tried(branch.agent, rungs[place].name, told)
