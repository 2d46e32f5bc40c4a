"""Any function as an agent: what calls a framework that has no adapter of its own.

Its result is journalled, so that it is called once. What it does on its own is not governed, and is done
again where a worker dies while it runs.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable
from typing import Any, get_type_hints

from pilothouse.agents.agent import Agent
from pilothouse.agents.foreign import adapting
from pilothouse.agents.foreign.line import Line

FRAMEWORK = "callable"


def from_callable(function: Callable[..., Any], terms: adapting.Terms) -> Agent[Any, Any]:
    """`function` as an agent of Pilothouse: see `Agent.from_callable`."""
    if not callable(function):
        raise adapting.AgentUnfit(f"{type(function).__name__} cannot be called.")
    called = str(terms.name or getattr(function, "__name__", type(function).__name__))
    taken = _parameters(function, called)
    hints = _hints(function)
    streams = inspect.isasyncgenfunction(function)
    summary = inspect.getdoc(function) or f"A function: {called}."
    returns = str if streams else hints.get("return", Any)
    drive = _streamed(function) if streams else _called(function)
    found = adapting.Found(FRAMEWORK, called, summary, hints.get(taken, Any), returns, drive, terms.tools)
    return found.agent(terms)


def _parameters(function: Callable[..., Any], called: str) -> str:
    """The name of the one parameter; raises `AgentUnfit` where there are more, or none."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        raise adapting.AgentUnfit(f"It cannot be seen what {called} takes ({error}).") from error
    needed = [each for each in parameters if each.default is inspect.Parameter.empty]
    needed = [each for each in needed if each.kind not in {each.VAR_KEYWORD, each.VAR_POSITIONAL}]
    if len(needed) != 1 or needed[0].kind is inspect.Parameter.KEYWORD_ONLY:
        raise adapting.AgentUnfit(
            f"{called} needs {len(needed)} arguments: an agent is given one value.",
            hint="Wrap it in a function that takes one, such as a Pydantic model.",
        )
    return needed[0].name


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    of = function if inspect.isroutine(function) else type(function).__call__
    try:
        return get_type_hints(of, include_extras=True)
    except (NameError, TypeError):  # annotations that name nothing here, or none at all
        return {}


def _called(function: Callable[..., Any]) -> adapting.Drive:
    of = function if inspect.isroutine(function) else type(function).__call__

    async def drive(line: Line, arguments: tuple[Any, ...]) -> Any:
        if inspect.iscoroutinefunction(of):
            return await function(*arguments)
        result = await line.ctx.in_thread(function, *arguments)
        return await result if inspect.isawaitable(result) else result

    return drive


def _streamed(function: Callable[..., AsyncIterator[str]]) -> adapting.Drive:
    async def drive(line: Line, arguments: tuple[Any, ...]) -> str:
        pieces = []
        async for piece in function(*arguments):
            line.delta(piece)
            pieces.append(piece)
        return "".join(pieces)

    return drive
