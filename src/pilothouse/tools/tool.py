"""The `@tool` decorator: a typed function with a side effect becomes a tool."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar, get_type_hints, overload

from pydantic import BaseModel, TypeAdapter

from pilothouse.errors import InvalidInput
from pilothouse.kit.money import Money
from pilothouse.runtime.context import Context
from pilothouse.runtime.governing import Action
from pilothouse.runtime.guarding import Inlet
from pilothouse.runtime.signature import Signature, checked_name

I = TypeVar("I")  # noqa: E741 - the input
O = TypeVar("O")  # noqa: E741 - the output

Cost = Callable[[Any], Money]
FactsOf = Callable[[Action, Any], Any]
Result = Literal["trusted", "untrusted"]


@dataclass(frozen=True)
class Tool(Generic[I, O]):
    """A function with a side effect.

    `cost` tells what one call costs, and `tokens` how many of a model's it takes at most, from its input;
    `ctx.spent` tells within it what it took indeed. An `idempotent` tool may be called again with the
    same `ctx.idempotency_key` after a crash; any other waits for an operator's word then. The results of one
    that gives data `from_outside` carry the mark `untrusted`. `facts` tells what trusted code knows of the
    thing that an action is about, as a model of `facts_type`. `inlet` is where its results pass the guard.
    """

    name: str
    signature: Signature = field(repr=False)
    cost: Cost | None = None
    tokens: Callable[[Any], int] | None = None
    idempotent: bool = False
    timeout: float | None = None
    from_outside: bool = False
    facts: FactsOf | None = None
    facts_type: TypeAdapter[Any] | None = field(default=None, repr=False, compare=False)
    inlet: Inlet = Inlet.TOOL_RESULT

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

    def __init__(self, name: str | None, **options: Any) -> None:
        self._name, self._options = name, options

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
        return Tool(name, Signature(function), **self._options)


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
    tokens: Callable[[Any], int] | None = None,
    idempotent: bool = False,
    timeout: float | None = None,
    result: Result = "trusted",
    facts: FactsOf | None = None,
) -> _Decorator: ...
def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    cost: Cost | None = None,
    tokens: Callable[[Any], int] | None = None,
    idempotent: bool = False,
    timeout: float | None = None,
    result: Result = "trusted",
    facts: FactsOf | None = None,
) -> Tool[Any, Any] | _Decorator:
    """Make a function `(ctx, value)` or `(ctx)` a tool. `timeout` is in seconds.

    `result="untrusted"` says that what it gives is data from outside: mail, the web, what others wrote.
    `facts` is a function `(action, value)`, plain or async, that looks up what policies have to know of the
    thing that an action is about, as the state of an order; its return type is a Pydantic model. It is asked
    whenever the action is decided on, and what it says is `context.facts` to policies.
    """
    if result not in {"trusted", "untrusted"}:
        raise InvalidInput(f"result={result!r} of a tool is neither trusted nor untrusted.")
    decorator = _Decorator(
        name,
        cost=cost,
        tokens=tokens,
        idempotent=idempotent,
        timeout=timeout,
        from_outside=result == "untrusted",
        facts=facts,
        facts_type=None if facts is None else _type_of(facts),
    )
    return decorator if function is None else decorator(function)


def _type_of(facts: FactsOf) -> TypeAdapter[Any]:
    """The type of what a function knows; raises `InvalidInput` where it does not say."""
    told = get_type_hints(facts).get("return")
    if not (isinstance(told, type) and issubclass(told, BaseModel)):
        raise InvalidInput(
            f"facts={getattr(facts, '__name__', facts)!r} of a tool does not say what it returns.",
            hint="Annotate it with a Pydantic model: policies are validated against it.",
        )
    return TypeAdapter(told)
