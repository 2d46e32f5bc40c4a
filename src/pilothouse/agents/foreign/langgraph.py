"""Graphs of LangGraph as agents: each superstep is a journalled step, each interrupt a question.

What a node does on its own cannot be governed from outside: a request that it sends, a model that it asks, a
tool that was not made by `Agent.langchain_tools`. It is done again where a worker dies within its superstep,
and where the node is resumed after an interrupt, as LangGraph itself has it. Tools that were made so are
actions: what one has done before an interrupt of its node is not done again when the node is resumed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import Any, get_type_hints

import orjson
from langchain_core.messages import AIMessageChunk
from langchain_core.runnables.config import RunnableConfig, run_in_executor
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph.config import get_config
from langgraph.pregel import Pregel
from langgraph.types import Command
from pydantic import JsonValue, TypeAdapter
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError
from typing_extensions import TypedDict, is_typeddict

from pilothouse.agents.agent import Agent
from pilothouse.agents.foreign import adapting
from pilothouse.agents.foreign.checkpoints import JournalSaver
from pilothouse.agents.foreign.interrupts import answered, asking
from pilothouse.agents.foreign.line import Line, driven, line
from pilothouse.agents.foreign.listening import Requests, Used
from pilothouse.kit import canonical
from pilothouse.runtime.context import Context
from pilothouse.runtime.described import Arguments
from pilothouse.runtime.errors import Denied, Expired, Refused, WrongType
from pilothouse.runtime.ports import Actor

FRAMEWORK = "langgraph"
_THREAD: RunnableConfig = {"configurable": {"thread_id": "run"}}
GO_ON, STOP = "go on", "stop"
MOST_SUPERSTEPS = 1_000


def from_langgraph(graph: Any, terms: adapting.Terms, context: Any) -> Agent[Any, Any]:
    """`graph` as an agent of Pilothouse: see `Agent.from_langgraph`."""
    if not isinstance(graph, Pregel):
        hint = "Compile it first: graph.compile()." if hasattr(graph, "compile") else None
        raise adapting.AgentUnfit(f"{type(graph).__name__} is no compiled graph of LangGraph.", hint=hint)
    called = terms.name or graph.get_name()
    builder = getattr(graph, "builder", None)
    takes = Any if terms.given is not None else _typed(getattr(builder, "input_schema", None))
    returns = Any if terms.gives is not None else _typed(getattr(builder, "output_schema", None))
    tools = [tool_behind(each) for each in terms.tools]
    summary = (getattr(graph, "description", None) or "").strip() or f"A graph of LangGraph: {called}."
    drive = _Driving(graph, context).drive
    return adapting.Found(FRAMEWORK, called, summary, takes, returns, drive, tools).agent(terms)


def _typed(schema: Any) -> Any:
    """The type of a state, no member of which has to be there; anything where Pydantic cannot read it."""
    if schema is None:
        return Any
    if is_typeddict(schema):
        schema = _partial(schema.__name__, get_type_hints(schema, include_extras=True))
    try:
        TypeAdapter[Any](schema)
    except (PydanticSchemaGenerationError, PydanticUserError, NameError, TypeError):
        return Any  # a state may hold what Pydantic knows nothing of
    return schema


def _partial(name: str, members: dict[str, Any]) -> Any:
    """A `TypedDict` no member of which has to be there."""
    make: Any = TypedDict
    return make(name, members, total=False)


@dataclass
class _Superstep:
    """What is known after a superstep: `next` is what follows, `interrupts` what it waits for.

    `acted` holds the results of actions in nodes that wait, by the task and the call; `unpriced` are models
    of which nobody knows the price.
    """

    added: JsonValue
    next: list[str]
    interrupts: list[dict[str, JsonValue]]
    output: JsonValue
    used: list[Used]
    acted: dict[str, list[JsonValue]]
    unpriced: list[str] = field(default_factory=list)


@dataclass
class _Driving:
    graph: Pregel[Any, Any, Any, Any]
    context: Any

    async def drive(self, agent_line: Line, arguments: tuple[Any, ...]) -> Any:
        """Go from superstep to superstep, each from the checkpoint that the one before it has left."""
        saver = JournalSaver(serde=getattr(self.graph.checkpointer, "serde", None))
        graph = self._governed(saver, agent_line.ctx)
        given: Any = arguments[0]
        acted: dict[str, list[JsonValue]] = {}
        for number in range(MOST_SUPERSTEPS):
            work = partial(self._superstep, graph, saver, agent_line, given, acted)
            before = saver.held()
            written = await agent_line.step("superstep", number, work, guarded=False)
            found = TypeAdapter(_Superstep).validate_python(written)
            if not saver.added(before):
                saver.restore(found.added)
            for model, tokens_in, tokens_out in found.used:
                known = model not in found.unpriced
                agent_line.meter.add(model, tokens_in, tokens_out, priced=known)
            acted, given = found.acted, None
            if found.interrupts:
                given = await self._asked(agent_line, found.interrupts, number)
            elif not found.next:
                return found.output
            else:
                await self._paused(agent_line, found.next, number)
        raise adapting.AgentUnfit(f"{agent_line.agent} has not ended within {MOST_SUPERSTEPS:,} supersteps.")

    async def _asked(
        self, agent_line: Line, interrupts: list[dict[str, JsonValue]], number: int
    ) -> Command[Any]:
        """The answers to all interrupts of a superstep, in their order."""
        answers = {}
        for place, each in enumerate(interrupts):
            question = asking(each["value"], each["schema"])
            answers[str(each["id"])] = await answered(agent_line, question, f"interrupt-{number}.{place}")
        return Command(resume=answers)

    async def _paused(self, agent_line: Line, following: list[str], number: int) -> None:
        """Ask where the graph was compiled to stop before what follows."""
        stops = self.graph.interrupt_before_nodes
        before = sorted(name for name in following if stops == "*" or name in stops)
        if before:
            question = asking({"question": f"Go on with {', '.join(before)}?", "choices": [GO_ON, STOP]})
            if await answered(agent_line, question, f"before-{number}") == STOP:
                raise Refused(f"Somebody stopped {agent_line.agent} before {', '.join(before)}.")

    async def _superstep(
        self,
        graph: Pregel[Any, Any, Any, Any],
        saver: JournalSaver,
        agent_line: Line,
        given: Any,
        acted: dict[str, list[JsonValue]],
    ) -> JsonValue:
        before, requests = saver.held(), Requests(agent_line.ctx, agent_line.agent)
        own = GraphLine(agent_line.ctx, agent_line.agent, acted)
        output: Any = None

        async def run() -> None:
            nonlocal output
            async for mode, chunk in graph.astream(
                given,
                {**_THREAD, "callbacks": [requests]},
                stream_mode=["values", "messages"],
                interrupt_after="*",
                durability="sync",
                context=self.context,
            ):
                if mode == "messages":
                    _show(agent_line, chunk)
                elif not (isinstance(chunk, dict) and "__interrupt__" in chunk):
                    output = chunk

        try:
            await driven(own, run)
        finally:
            unpriced = requests.close()
        state = await graph.aget_state(_THREAD)
        interrupts: list[dict[str, JsonValue]] = [
            {
                "id": each.id,
                "value": adapting.as_json(each.value, "An interrupt"),
                "schema": adapting.as_json(each.response_schema, "The schema of an interrupt"),
            }
            for each in state.interrupts
        ]
        done = _Superstep(
            saver.added(before),
            list(state.next),
            interrupts,
            None if state.next else adapting.as_json(output, agent_line.agent),
            requests.used,
            own.acted if interrupts else {},
            unpriced,
        )
        return adapting.as_json(done.__dict__, agent_line.agent)

    def _governed(self, saver: JournalSaver, ctx: Context) -> Pregel[Any, Any, Any, Any]:
        """The graph for one run: with the journal's checkpoints, its plain functions in our threads."""
        nodes = {}
        for name, node in self.graph.nodes.items():
            afunc = getattr(node.bound, "afunc", None)
            if isinstance(afunc, partial) and afunc.func is run_in_executor:
                bound: Any = copy(node.bound)
                function = afunc.args[-1]
                bound.afunc = wraps(function)(partial(_in_thread, ctx, function))
                nodes[name] = node.copy({"bound": bound})
        return self.graph.copy(
            {
                "checkpointer": saver,
                "nodes": {**self.graph.nodes, **nodes},
                "interrupt_before_nodes": [],
                "interrupt_after_nodes": [],
            }
        )


async def _in_thread(ctx: Context, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run a node in a thread of Pilothouse, which counts it where a run that is stopped leaves it behind."""
    return await ctx.in_thread(partial(function, *args, **kwargs))


def _show(agent_line: Line, chunk: Any) -> None:
    message = chunk[0]
    if isinstance(message, AIMessageChunk) and isinstance(message.content, str) and message.content:
        agent_line.delta(message.content)


class GraphLine(Line):
    """The steps of one superstep: a call is known by its node and arguments, in whatever order it comes."""

    def __init__(self, ctx: Context, agent: str, before: dict[str, list[JsonValue]]) -> None:
        """`before` holds what the same tasks have done before they were interrupted."""
        super().__init__(ctx, agent)
        self._before = {call: list(results) for call, results in before.items()}
        self.acted = {call: list(results) for call, results in before.items()}

    async def act(self, tool: Actor[Any, Any], value: Any, call: str) -> Any:
        """The tool's result; that of before the interrupt, where the task has called it so before."""
        given = tool.signature.dump_input(value) if tool.signature.takes_value else b""
        task, place = _place()
        digest = hashlib.sha256(canonical.digest(given) + place.encode()).hexdigest()[:20]
        known = f"{task}/{tool.name}/{digest}"
        if earlier := self._before.get(known):
            return tool.signature.parse_output(orjson.dumps(earlier.pop(0)))
        result = await super().act(tool, value, digest)
        self.acted.setdefault(known, []).append(adapting.written(tool, result))
        return result


def _place() -> tuple[str, str]:
    """The task that runs, which is the same one when it is resumed; and its place in the graph."""
    config = get_config()
    task = str(config["configurable"].get("checkpoint_ns", ""))
    names = [part.partition(":")[0] for part in task.split("|")]
    path = config.get("metadata", {}).get("langgraph_path", ())
    return task, f"{'|'.join(names)} {path}"


def langchain_tools(*tools: Any) -> list[Any]:
    """Tools of Pilothouse and of LangChain as LangChain's, each call of which is an action."""
    return [_of_langchain(each) if isinstance(each, BaseTool) else _offered(each) for each in tools]


def tool_behind(tool: Any) -> Actor[Any, Any]:
    """The action behind a tool of `langchain_tools`; a tool of Pilothouse is its own."""
    if not isinstance(tool, BaseTool):
        found: Actor[Any, Any] = tool
        return found
    behind: Actor[Any, Any] | None = (tool.metadata or {}).get("pilothouse")
    if behind is None:
        raise adapting.AgentUnfit(
            f"{tool.name} is a tool of LangChain that is not governed.",
            hint="Give the graph, and from_langgraph, what Agent.langchain_tools makes of it.",
        )
    return behind


def _of_langchain(tool: BaseTool) -> StructuredTool:
    """A tool of LangChain, called as an action."""

    async def call(_: Context, arguments: Arguments) -> JsonValue:
        return adapting.as_json(await tool.ainvoke(dict(arguments)), tool.name)

    schema = tool.tool_call_schema
    written = schema if isinstance(schema, dict) else TypeAdapter[Any](schema).json_schema()
    return _offered(adapting.foreign_tool(tool.name, tool.description, written, call))


def _offered(tool: Actor[Any, Any]) -> StructuredTool:
    async def call(**arguments: Any) -> Any:
        try:
            value = adapting.value_of(tool, arguments)
            return adapting.written(tool, await line().act(tool, value, ""))
        except (Denied, Refused, Expired, WrongType) as error:
            raise ToolException(error.message) from error

    def wait(**arguments: Any) -> Any:
        return line().from_thread(lambda: call(**arguments))

    return StructuredTool(
        name=tool.name,
        description=adapting.summary_of(tool) or tool.name,
        args_schema=adapting.schema_of(tool)[0],
        func=wait,
        coroutine=call,
        handle_tool_error=True,
        metadata={"pilothouse": tool},
    )
