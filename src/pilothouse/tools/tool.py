"""The `@tool` decorator: a typed function with a side effect becomes a tool."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, overload

from pilothouse.kit.money import Money
from pilothouse.runtime.context import Context
from pilothouse.runtime.signature import Signature, checked_name

I = TypeVar("I")  # noqa: E741 - the input
O = TypeVar("O")  # noqa: E741 - the output

Cost = Callable[[Any], Money]


@dataclass(frozen=True)
class Tool(Generic[I, O]):
    """A function with a side effect.

    `cost` tells what one call costs, from its input. An `idempotent` tool may be called again with the
    same `ctx.idempotency_key` after a crash; any other waits for an operator's word then.
    """

    name: str
    signature: Signature = field(repr=False)
    cost: Cost | None = None
    idempotent: bool = False
    timeout: float | None = None

    @property
    def summary(self) -> str:
        """What it does, in one line."""
        return (self.signature.function.__doc__ or "").strip().partition("\n")[0]

    async def perform(self, ctx: Context, value: I) -> O:
        """Call the function; a plain `def` in a thread."""
        arguments = self.signature.arguments(value)
        if self.signature.is_async:
            result: O = await self.signature.function(ctx, *arguments)
        else:
            result = await ctx.in_thread(self.signature.function, ctx, *arguments)
        return result


class _Decorator:
    """What `@tool(...)` returns: keeps the options and makes a tool of a function."""

    def __init__(
        self, name: str | None, cost: Cost | None, timeout: float | None, *, idempotent: bool
    ) -> None:
        self._name, self._cost, self._timeout, self._idempotent = name, cost, timeout, idempotent

    @overload
    def __call__(self, function: Callable[[Context], Awaitable[O]]) -> Tool[None, O]: ...
    @overload
    def __call__(self, function: Callable[[Context, I], Awaitable[O]]) -> Tool[I, O]: ...
    @overload
    def __call__(self, function: Callable[[Context], O]) -> Tool[None, O]: ...
    @overload
    def __call__(self, function: Callable[[Context, I], O]) -> Tool[I, O]: ...
    def __call__(self, function: Callable[..., Any]) -> Tool[Any, Any]:
        name = checked_name(self._name or function.__name__, "tool")
        return Tool(name, Signature(function), self._cost, self._idempotent, self._timeout)


@overload
def tool(function: Callable[[Context], Awaitable[O]], /) -> Tool[None, O]: ...
@overload
def tool(function: Callable[[Context, I], Awaitable[O]], /) -> Tool[I, O]: ...
@overload
def tool(function: Callable[[Context], O], /) -> Tool[None, O]: ...
@overload
def tool(function: Callable[[Context, I], O], /) -> Tool[I, O]: ...
@overload
def tool(
    *,
    name: str | None = None,
    cost: Cost | None = None,
    idempotent: bool = False,
    timeout: float | None = None,
) -> _Decorator: ...
def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    cost: Cost | None = None,
    idempotent: bool = False,
    timeout: float | None = None,
) -> Tool[Any, Any] | _Decorator:
    """Make a function `(ctx, value)` or `(ctx)` a tool. `timeout` is in seconds."""
    decorator = _Decorator(name, cost, timeout, idempotent=idempotent)
    return decorator if function is None else decorator(function)
