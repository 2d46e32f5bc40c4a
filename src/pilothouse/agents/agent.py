"""The `@agent` decorator: a typed function becomes an agent, its body the expert rung of its ladder."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast, overload

from pilothouse.agents.ladder import ExpertRung, Rung, climb_down
from pilothouse.runtime.context import Context
from pilothouse.runtime.signature import Answer, Signature, checked_name

I = TypeVar("I")  # noqa: E741 - the input
O = TypeVar("O")  # noqa: E741 - the output

Function = Callable[..., Awaitable[O]] | Callable[..., O]


@dataclass(frozen=True)
class Agent(Generic[I, O]):
    """A named unit of judgement: typed input, typed output, and how it was produced.

    `rungs` are tried in order until one answers. An agent that names a `prompt` has a model rung
    above its expert as soon as a provider is set up. `timeout` is in seconds for the whole ladder.
    """

    name: str
    signature: Signature = field(repr=False)
    rungs: tuple[Rung, ...] = field(repr=False)
    prompt: str | None = None
    timeout: float | None = None

    @property
    def summary(self) -> str:
        """What it does, in one line."""
        return (self.signature.function.__doc__ or "").strip().partition("\n")[0]

    async def perform(self, ctx: Context, value: I) -> Answer[O]:
        """Try the rungs in order; raises what the last one raised."""
        return cast("Answer[O]", await climb_down(self.rungs, ctx, self.signature.arguments(value)))


class _Decorator:
    """What `@agent(...)` returns: keeps the options and makes an agent of a function."""

    def __init__(self, name: str | None, prompt: str | None, timeout: float | None) -> None:
        self._name, self._prompt, self._timeout = name, prompt, timeout

    @overload
    def __call__(self, function: Callable[[Context], Awaitable[O]]) -> Agent[None, O]: ...
    @overload
    def __call__(self, function: Callable[[Context, I], Awaitable[O]]) -> Agent[I, O]: ...
    @overload
    def __call__(self, function: Callable[[Context], O]) -> Agent[None, O]: ...
    @overload
    def __call__(self, function: Callable[[Context, I], O]) -> Agent[I, O]: ...
    def __call__(self, function: Callable[..., Any]) -> Agent[Any, Any]:
        name = checked_name(self._name or function.__name__, "agent")
        signature = Signature(function)
        return Agent(name, signature, (ExpertRung(signature),), self._prompt, self._timeout)


@overload
def agent(function: Callable[[Context], Awaitable[O]], /) -> Agent[None, O]: ...
@overload
def agent(function: Callable[[Context, I], Awaitable[O]], /) -> Agent[I, O]: ...
@overload
def agent(function: Callable[[Context], O], /) -> Agent[None, O]: ...
@overload
def agent(function: Callable[[Context, I], O], /) -> Agent[I, O]: ...
@overload
def agent(
    *, name: str | None = None, prompt: str | None = None, timeout: float | None = None
) -> _Decorator: ...
def agent(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    prompt: str | None = None,
    timeout: float | None = None,
) -> Agent[Any, Any] | _Decorator:
    """Make a function `(ctx, value)` or `(ctx)` an agent; its body is the expert, which needs no model.

    A plain `def` runs in a thread, so that nothing slow blocks the loop. `prompt` names the prompt of
    the model rung.
    """
    decorator = _Decorator(name, prompt, timeout)
    return decorator if function is None else decorator(function)
