"""The `@agent` decorator: a typed function becomes an agent, its body the expert rung of its ladder."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from pilothouse.agents.ladder import Card, ExpertRung, Rung, climb_down
from pilothouse.errors import InvalidInput
from pilothouse.runtime.context import Context, turn_of
from pilothouse.runtime.laddering import Subject
from pilothouse.runtime.noting import settled
from pilothouse.runtime.ports import Actor, Statement
from pilothouse.runtime.signature import Answer, Signature, checked_name

if TYPE_CHECKING:  # what speaks with models is loaded by processes that have some
    from agents.models.interface import ModelProvider
    from pydantic_ai import Agent as PydanticAgent

    from pilothouse.agents.model_rung import Verify
    from pilothouse.agents.offering import ToolSource

I = TypeVar("I")  # noqa: E741 - the input
O = TypeVar("O")  # noqa: E741 - the output

Function = Callable[..., Awaitable[O]] | Callable[..., O]


@dataclass(frozen=True)
class Agent(Generic[I, O]):
    """A named unit of judgement: typed input, typed output, and how it was produced.

    `rungs` are tried in order until one answers. An agent that names a `prompt` has model rungs above its
    expert as soon as a provider is set up: with `draft` they are shown the expert's answer, `verify` says of
    an input and an output what is wrong, `tools` and those of `mcp` may be wished for, and a model is asked
    at most `model_requests` times for one answer. An agent of another framework brings the `tools` that it
    calls, for policies to know. `card` makes the reason card of an input and the answer to it, whichever
    rung gave that. `timeout` is in seconds for the whole ladder.
    """

    name: str
    signature: Signature = field(repr=False)
    rungs: tuple[Rung, ...] = field(repr=False)
    prompt: str | None = None
    timeout: float | None = None
    draft: bool = False
    verify: Verify | None = field(default=None, repr=False)
    card: Card | None = field(default=None, repr=False)
    tools: tuple[Actor[Any, Any], ...] = field(default=(), repr=False)
    mcp: tuple[ToolSource, ...] = ()
    model_requests: int = 10

    @property
    def summary(self) -> str:
        """What it does, in one line."""
        return (self.signature.function.__doc__ or "").strip().partition("\n")[0]

    async def perform(self, ctx: Context, value: I) -> Answer[O]:
        """Try the rungs in order; raises what the last one raised."""
        rungs = self.rungs if self.prompt is None else await self._laddered(ctx)
        return cast("Answer[O]", await climb_down(rungs, ctx, self.signature.arguments(value), self.card))

    async def _laddered(self, ctx: Context) -> Sequence[Rung]:
        """The rungs that this process has for the agent: once planned, the same at every replay."""
        turn = turn_of(ctx)
        ladders = turn.services.ladders

        async def make() -> tuple[bytes | None, Sequence[Statement]]:
            subject = Subject(ctx.tenant_id, ctx.run_id, ctx.principal)
            return await ladders.planned(subject, self), ()

        plan = await settled(turn, "@ladder", make, optional=True)
        return self.rungs if plan is None else ladders.rungs(plan, self, self.rungs)

    @staticmethod
    def from_pydantic_ai(
        agent: PydanticAgent[Any, Any],
        *,
        name: str | None = None,
        given: Any = str,
        gives: Any = None,
        tools: Sequence[Actor[Any, Any]] = (),
        pure: Collection[str] = (),
        deps: Any = None,
        stream: bool = True,
        timeout: float | None = None,
    ) -> Agent[Any, Any]:
        """An agent of Pydantic AI as an agent of Pilothouse.

        Each request to its model is a journalled step, asked once. Each call of a tool, its own and the
        `tools` of Pilothouse that are offered to its model, goes through `ctx.act`; what is declared `pure`,
        by name, does not: it has no effect, and is called again at each replay. `given` is the type of the
        input (text is the prompt, anything else becomes JSON in it), `gives` that of the output, by default
        the agent's own. Text is shown while it is made where the model can `stream`.
        """
        from pilothouse.agents.foreign.adapting import Terms
        from pilothouse.agents.foreign.pydantic_ai import from_pydantic_ai

        terms = Terms(name, given, gives, tools, timeout)
        return from_pydantic_ai(agent, terms, frozenset(pure), deps, stream=stream)

    @staticmethod
    def from_langgraph(
        graph: Any,
        *,
        name: str | None = None,
        given: Any = None,
        gives: Any = None,
        tools: Sequence[Any] = (),
        context: Any = None,
        timeout: float | None = None,
    ) -> Agent[Any, Any]:
        """A compiled graph of LangGraph as an agent of Pilothouse. Needs the extra `langgraph`.

        Each superstep is a journalled step: a run that is taken up again goes on from the last one. An
        `interrupt()` is a question, whose answer resumes the graph; so is a breakpoint before a node. Input
        and output have the types of the graph's state, unless `given` and `gives` say otherwise. What a node
        does on its own is not governed; `tools` names those of `Agent.langchain_tools`, which are. `context`
        is the graph's own.
        """
        from pilothouse.agents.foreign.adapting import Terms, imported

        imported("langgraph.pregel", "langgraph")
        from pilothouse.agents.foreign.langgraph import from_langgraph

        return from_langgraph(graph, Terms(name, given, gives, tools, timeout), context)

    @staticmethod
    def from_openai_agents(
        agent: Any,
        *,
        name: str | None = None,
        given: Any = str,
        gives: Any = None,
        tools: Sequence[Actor[Any, Any]] = (),
        pure: Collection[str] = (),
        context: Any = None,
        provider: ModelProvider | None = None,
        max_turns: int = 20,
        stream: bool = True,
        timeout: float | None = None,
    ) -> Agent[Any, Any]:
        """An agent of the OpenAI Agents SDK as an agent of Pilothouse. Needs the extra `openai-agents`.

        As `from_pydantic_ai`; agents that it hands over to are governed alike. `context` and `max_turns` are
        the SDK's own, `provider` finds models by name. A call that the SDK wants approved is a question.
        """
        from pilothouse.agents.foreign.adapting import Terms, imported

        imported("agents", "openai-agents")
        from pilothouse.agents.foreign.openai_agents import from_openai_agents

        terms, named = Terms(name, given, gives, tools, timeout), frozenset(pure)
        return from_openai_agents(agent, terms, named, context, provider, max_turns=max_turns, stream=stream)

    @staticmethod
    def from_callable(
        function: Callable[..., Any],
        *,
        name: str | None = None,
        given: Any = None,
        gives: Any = None,
        tools: Sequence[Actor[Any, Any]] = (),
        timeout: float | None = None,
    ) -> Agent[Any, Any]:
        """A function of one value as an agent of Pilothouse, whatever it calls.

        A plain `def` runs in a thread; what an async generator of texts gives is shown while it is made. Its
        types are those of its hints, unless `given` and `gives` say otherwise. What it does is not governed.
        """
        from pilothouse.agents.foreign.adapting import Terms
        from pilothouse.agents.foreign.functions import from_callable

        return from_callable(function, Terms(name, given, gives, tools, timeout))

    @staticmethod
    def langchain_tools(*tools: Any) -> list[Any]:
        """Tools of Pilothouse, and of LangChain, as tools of LangChain each call of which is an action.

        A node or a `ToolNode` calls them as any other. They work within an agent of `from_langgraph` only.
        """
        from pilothouse.agents.foreign.adapting import imported

        imported("langgraph.pregel", "langgraph")
        from pilothouse.agents.foreign.langgraph import langchain_tools

        return langchain_tools(*tools)


class _Decorator:
    """What `@agent(...)` returns: keeps the options and makes an agent of a function."""

    def __init__(self, name: str | None, **options: Any) -> None:
        self._name, self._options = name, options

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
        return Agent(name, signature, (ExpertRung(signature),), **self._options)


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
    *,
    name: str | None = None,
    prompt: str | None = None,
    timeout: float | None = None,
    draft: bool = False,
    verify: Verify | None = None,
    card: Card | None = None,
    tools: Sequence[Actor[Any, Any]] = (),
    mcp: Sequence[ToolSource] = (),
    model_requests: int = 10,
) -> _Decorator: ...
def agent(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    prompt: str | None = None,
    timeout: float | None = None,
    draft: bool = False,
    verify: Verify | None = None,
    card: Card | None = None,
    tools: Sequence[Actor[Any, Any]] = (),
    mcp: Sequence[ToolSource] = (),
    model_requests: int = 10,
) -> Agent[Any, Any] | _Decorator:
    """Make a function `(ctx, value)` or `(ctx)` an agent; its body is the expert, which needs no model.

    A plain `def` runs in a thread, so that nothing slow blocks the loop. `prompt` names the prompt of the
    model rungs. With `draft` the expert answers first, and models are shown that. `verify` takes the input
    and a model's output and returns what is wrong with it (None: nothing), or raises that; it gives the same
    for the same. `card` takes the input and the answer and returns the one reason card of both, whichever
    rung answered: the body then emits none. `tools` and the tools of `mcp` are offered to models: each call
    of one goes through `ctx.act`. For one answer a model is asked `model_requests` times at most, 1 or more;
    raises `InvalidInput` for fewer.
    """
    if model_requests < 1:
        raise InvalidInput(f"model_requests={model_requests} of an agent: it takes at least 1.")
    decorator = _Decorator(
        name,
        prompt=prompt,
        timeout=timeout,
        draft=draft,
        verify=verify,
        card=card,
        tools=tuple(tools),
        mcp=tuple(mcp),
        model_requests=model_requests,
    )
    return decorator if function is None else decorator(function)
