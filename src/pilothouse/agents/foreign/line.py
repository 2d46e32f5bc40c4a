"""One agent of another framework at work: its steps in one line, whatever it does at once.

A framework may call tools at the same time, and cancels its other tasks as soon as one of them raises. Here
one step comes after the other, so that none is ever cut off by a sibling; and at a replay they come in the
order in which they are journalled, so that it does not matter which task is quicker then.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, NoReturn, TypeVar

from pydantic import JsonValue

from pilothouse.agents.foreign.metering import Meter
from pilothouse.errors import InvalidInput
from pilothouse.runtime.branch import current
from pilothouse.runtime.context import Context
from pilothouse.runtime.errors import Interrupt
from pilothouse.runtime.journalling import journalled, settled
from pilothouse.runtime.ports import Actor

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds that a replayed step waits for those before it. Then the code is not what was journalled."""

standing: ContextVar[Line] = ContextVar("pilothouse_line")
"""The line of the agent whose code runs."""


def line() -> Line:
    """The line of the agent whose code runs; raises `InvalidInput` outside one."""
    found = standing.get(None)
    if found is None:
        raise InvalidInput(
            "A tool of Pilothouse was called outside a run.",
            hint="Give the agent to Pilothouse (Agent.from_...), and call it in a workflow by ctx.call.",
        )
    return found


class Line:
    """The steps of one call of an agent."""

    def __init__(self, ctx: Context, agent: str, meter: Meter | None = None) -> None:
        """The steps of `agent`, in whose scope this is made."""
        self.ctx, self.agent, self.meter = ctx, agent, meter or Meter()
        self._branch = current.get()
        self._moved = asyncio.Condition()
        self._loop = asyncio.get_running_loop()
        self._counts: dict[str, int] = {}

    async def act(self, tool: Actor[Any, Any], value: Any, call: str) -> Any:
        """The tool's result, by `ctx.act`. `call` tells this call from others of the same tool."""
        if current.get().leaf is not None:  # inside another tool: the context says that it cannot be
            return await self.ctx.act(tool, value)
        key = self._key(tool.name, call)
        return await self._in_order(f"{tool.name}:{key}", lambda: self.ctx.act(tool, value, key=key))

    async def step(
        self, what: str, given: JsonValue, work: Callable[[], Awaitable[JsonValue]], *, guarded: bool = True
    ) -> JsonValue:
        """What `work` gives: a step of the agent's own, such as a request to a model."""
        if current.get().leaf is not None:  # inside a tool, which is journalled as a whole
            return await work()
        key = self._key(what, "")
        return await self._in_order(
            f"{self.agent}:{key}",
            lambda: journalled(self.ctx, self.agent, given, work, key=key, guarded=guarded),
        )

    async def ask(self, ask: Callable[[Context, str], Awaitable[str]], key: str) -> str:
        """A person's answer."""
        return await self._in_order(f"ask:{key}", lambda: ask(self.ctx, key))

    def from_thread(self, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` gives, for code of a framework that runs in a thread and waits there."""

        async def waited() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(waited(), self._loop).result()

    def delta(self, text: str) -> None:
        """Show a piece of the agent's answer while it is made."""
        within = current.set(self._branch)
        try:
            self.ctx.delta(text)
        finally:
            current.reset(within)

    @property
    def waits(self) -> bool:
        """Whether the agent waits for a person."""
        return self._branch.waits is not None

    def count(self, name: str) -> int:
        """How often something has been counted before."""
        count = self._counts.get(name, 0)
        self._counts[name] = count + 1
        return count

    def _key(self, what: str, call: str) -> str:
        """A key for a step: `call` where it can be one, and the count where that came before."""
        if call and (not call.isprintable() or "/" in call or len(call) > 150):
            call = hashlib.sha256(call.encode(errors="backslashreplace")).hexdigest()[:32]
        named = call or what
        before = self.count(f"{what}/{call}")
        return named if call and not before else f"{named}-{before}"

    async def _in_order(self, component: str, work: Callable[[], Awaitable[T]]) -> T:
        async with self._moved:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._moved.wait_for(lambda: self._is_next(component))
            within = current.set(self._branch)
            try:
                return await work()
            finally:
                current.reset(within)
                self._moved.notify_all()

    def _is_next(self, component: str) -> bool:
        branch = self._branch
        if branch.waits is not None or not branch.replaying:
            return True
        return branch.following.removeprefix(f"{branch.path}/") == component


async def driven(agent_line: Line, work: Callable[[], Awaitable[T]]) -> T:
    """What a framework makes of its agent. Control flow that it swallowed or wrapped is raised again."""
    token = standing.set(agent_line)
    try:
        result = await work()
    except BaseException as error:  # noqa: BLE001 - raised again, as what it was
        settled(agent_line.ctx)
        _raise(error)
    finally:
        standing.reset(token)
    settled(agent_line.ctx)
    return result


def _raise(error: BaseException) -> NoReturn:
    """Raise what a group of errors that come of tasks is about: control flow first, else the first error."""
    found = list(_leaves(error))
    interrupts = [each for each in found if isinstance(each, Interrupt)]
    if interrupts:
        raise interrupts[0]
    if len(found) == 1 and found[0] is not error:
        raise found[0] from error
    raise error


def _leaves(error: BaseException) -> list[BaseException]:
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for each in error.exceptions for leaf in _leaves(each)]
