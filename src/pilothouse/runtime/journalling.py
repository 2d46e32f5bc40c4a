"""A computation as a step: what code of others asks is asked once, and told again at each replay."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from pydantic import JsonValue

from pilothouse.kit import canonical
from pilothouse.runtime import calling
from pilothouse.runtime.branch import Branch, current
from pilothouse.runtime.context import Context
from pilothouse.runtime.history import Step
from pilothouse.runtime.ports import Callee, Statement
from pilothouse.runtime.signature import Answer, Signature
from pilothouse.runtime.turn import Turn

Work = Callable[[], Awaitable[JsonValue]]


class _Computation:
    """Work as something that is called: what it is given tells one from another, what it gives is JSON."""

    def __init__(self, name: str, work: Work, timeout: float | None) -> None:
        self.name, self._work, self.timeout = name, work, timeout
        self.signature = Signature(_computed)

    async def perform(self, ctx: object, value: str) -> Answer[JsonValue]:
        """Do the work."""
        return Answer(await self._work(), "computed")


async def _computed(_ctx: object, given: str) -> JsonValue:
    """The types of a computation: a digest in, JSON out. Nothing calls it."""
    return given


async def journalled(
    ctx: Context,
    name: str,
    given: JsonValue,
    work: Work,
    *,
    key: str,
    timeout: float | None = None,
    guarded: bool = True,
) -> JsonValue:
    """What `work` gives, journalled as a step `name:key` of the code that stands here; told again at replay.

    `given` is what the work was given: another one at replay is a `NonDeterminismError`. Killing the agent
    called `name` stops it. `timeout` is in seconds, None for the engine's own limit. What is not to be
    read by a guard, such as packed state, is not `guarded`. Raises `StepFailed` where the work fails.
    """
    step = _Computation(name, work, timeout)
    digest = canonical.digest(canonical.to_json(given)).hex()
    answer = await calling.call(
        turn_of(ctx),
        step,
        digest,
        lambda value: step.perform(ctx, value),
        key=key,
        passing=calling.guarded if guarded else _as_it_is,
    )
    found: JsonValue = answer.value
    return found


def turn_of(ctx: Context) -> Turn:
    """The turn that a context belongs to, for what extends the verbs."""
    return ctx._turn  # noqa: SLF001 - the context hides it from workflows, not from the engine


def settled(ctx: Context) -> None:
    """Raise again what stops this code: that it waits for a person, that its turn is lost, or its run over.

    For code that has called what may swallow control flow.
    """
    turn_of(ctx).check()
    waits = current.get().waits
    if waits is not None:
        raise waits


async def _as_it_is(
    _turn: Turn, _agent: Callee[Any, Any], _step: Step, _scope: Branch, answer: Answer[Any]
) -> tuple[Answer[Any], Sequence[Statement]]:
    return answer, ()
