"""Graphs of LangGraph as ours: supersteps that are journalled, interrupts that are questions."""

from __future__ import annotations

import operator
import threading
from itertools import pairwise
from typing import Annotated, Any, Literal

import pytest
from langchain_core.messages import AIMessage, AnyMessage
from langchain_core.tools import tool as langchain_tool
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import ToolNode
from langgraph.types import Send, interrupt
from pydantic import BaseModel
from typing_extensions import TypedDict

from pilothouse import Agent, Context, tool, workflow
from pilothouse.agents.foreign.adapting import AgentUnfit
from pilothouse.runtime.entries import Kind
from support.rehearsal import Rehearsal


class State(TypedDict):
    text: str
    log: Annotated[list[str], operator.add]


class Refund(BaseModel):
    order: str


def graph_of(*nodes: tuple[str, Any], **options: Any) -> Any:
    """A graph whose nodes follow each other."""
    builder = StateGraph(State)
    for name, node in nodes:
        builder.add_node(name, node)
    names = [START, *(name for name, _ in nodes), END]
    for before, after in pairwise(names):
        builder.add_edge(before, after)
    return builder.compile(**options)


def calling(agent: Agent[Any, Any]) -> Any:
    @workflow("w")
    async def flow(ctx: Context, text: str) -> Any:
        answer = await ctx.answer_of(agent, {"text": text, "log": []})
        return [answer.value, answer.produced_by]

    return flow


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("lost", range(1, 6))
async def test_each_superstep_is_done_once_wherever_the_worker_is_lost(lost: int) -> None:
    done: list[str] = []

    async def first(state: State) -> dict[str, Any]:
        done.append("first")
        return {"log": ["first"]}

    def second(state: State) -> dict[str, Any]:
        done.append("second")
        return {"log": [f"second after {state['log']}"]}

    agent = Agent.from_langgraph(graph_of(("first", first), ("second", second)), name="steps")
    run = Rehearsal(calling(agent), "go", lose_after={lost})
    expected = [{"text": "go", "log": ["first", "second after ['first']"]}, "langgraph"]
    assert await run.finish() == expected
    assert await run.replay() == expected
    assert done == ["first", "second"]


async def test_an_interrupt_is_a_question_and_its_answer_resumes_the_graph() -> None:
    async def ask(state: State) -> dict[str, Any]:
        team = interrupt({"question": "Which team?", "choices": ["red", "blue"], "why": "none fits"})
        count = interrupt("How many?", response_schema={"type": "integer"})
        return {"log": [f"{team} {count + 1}"]}

    run = Rehearsal(calling(Agent.from_langgraph(graph_of(("ask", ask)), name="asks")), "go")
    assert await run.until_waiting() == "waiting"
    asked = run.payloads(Kind.ASKED)[0]
    assert (asked["prompt"], asked["choices"]) == ('Which team?\n{\n  "why": "none fits"\n}', ["red", "blue"])
    given = iter(["blue", "many", "41"])
    expected = [{"text": "go", "log": ["blue 42"]}, "langgraph"]
    assert await run.finish(lambda _: next(given)) == expected
    assert await run.replay() == expected


async def test_interrupts_of_nodes_that_run_at_once_are_asked_one_by_one_and_resume_together() -> None:
    async def one(state: State) -> dict[str, Any]:
        return {"log": [f"{state['text']}: {interrupt(state['text'])}"]}

    def fan(state: State) -> list[Send]:
        return [Send("one", {"text": part, "log": []}) for part in state["text"].split()]

    builder = StateGraph(State)
    builder.add_node("one", one)
    builder.add_conditional_edges(START, fan, ["one"])
    run = Rehearsal(calling(Agent.from_langgraph(builder.compile(), name="fans")), "a b c")
    expected = [{"text": "a b c", "log": ["a: yes", "b: yes", "c: yes"]}, "langgraph"]
    assert await run.finish() == expected
    assert await run.replay() == expected
    assert len(run.kinds(Kind.ASKED)) == 3


async def test_a_breakpoint_before_a_node_is_a_question() -> None:
    async def node(state: State) -> dict[str, Any]:
        return {"log": ["done"]}

    graph = graph_of(("check", node), ("pay", node), interrupt_before=["pay"])
    run = Rehearsal(calling(Agent.from_langgraph(graph, name="breaks")), "go")
    assert await run.finish(lambda _: "go on") == [{"text": "go", "log": ["done", "done"]}, "langgraph"]
    stopped = Rehearsal(calling(Agent.from_langgraph(graph, name="breaks")), "go")
    await stopped.finish(lambda _: "stop")
    assert stopped.failure.code == "refused"


@pytest.mark.usefixtures("unhurried")
async def test_what_a_tool_did_before_an_interrupt_of_its_node_is_not_done_again() -> None:
    paid: list[str] = []

    @tool(idempotent=True)
    async def pay_refund(ctx: Context, refund: Refund) -> str:
        """Pay."""
        paid.append(refund.order)
        return f"paid {refund.order}"

    (pay,) = Agent.langchain_tools(pay_refund)

    async def node(state: State) -> dict[str, Any]:
        first = await pay.ainvoke({"order": "a"})
        answer = interrupt("Pay another one?")
        second = await pay.ainvoke({"order": "a"})
        return {"log": [first, answer, second]}

    agent = Agent.from_langgraph(graph_of(("node", node)), name="pays", tools=[pay])
    assert [each.name for each in agent.tools] == ["pay_refund"]
    for lost in range(10):
        paid.clear()
        run = Rehearsal(calling(agent), "go", lose_after={lost})
        expected = [{"text": "go", "log": ["paid a", "yes", "paid a"]}, "langgraph"]
        assert await run.finish() == expected
        assert await run.replay() == expected
        assert len(paid) in {2, 3}, (
            lost
        )  # where the worker died in a call, an idempotent tool is called again
    paid.clear()
    await Rehearsal(calling(agent), "go").finish()
    assert paid == ["a", "a"]


class Chat(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


@pytest.mark.parametrize("kind", ["pilothouse", "langchain"])
async def test_the_tools_of_a_tool_node_are_actions_whoever_made_them(
    kind: Literal["pilothouse", "langchain"],
) -> None:
    paid: list[str] = []

    @tool
    def pay(ctx: Context, refund: Refund) -> str:
        """Pay."""
        paid.append(refund.order)
        return f"paid {refund.order}"

    @langchain_tool("pay")
    def theirs(order: str) -> str:
        """Pay."""
        paid.append(order)
        return f"paid {order}"

    async def model(state: Chat) -> dict[str, Any]:
        calls = [{"name": "pay", "args": {"order": name}, "id": f"c{name}"} for name in "abc"]
        return {"messages": [AIMessage("", tool_calls=calls)]}

    tools = Agent.langchain_tools(pay if kind == "pilothouse" else theirs)
    builder = StateGraph(Chat)
    builder.add_node("model", model)
    builder.add_node("tools", ToolNode(tools))
    builder.add_edge(START, "model")
    builder.add_edge("model", "tools")
    agent = Agent.from_langgraph(builder.compile(), name="chat", tools=tools)

    @workflow("w")
    async def flow(ctx: Context) -> list[str]:
        found = await ctx.call(agent, {"messages": [{"type": "human", "content": "pay all"}]})
        return [str(message.content) for message in found["messages"]]

    run = Rehearsal(flow)
    expected = ["pay all", "", "paid a", "paid b", "paid c"]
    assert await run.finish() == expected
    assert await run.replay() == expected
    assert sorted(paid) == ["a", "b", "c"]
    assert len(run.kinds(Kind.DISPATCH)) == 3


async def test_a_plain_node_runs_in_a_thread_that_pilothouse_counts_and_may_call_a_tool_there() -> None:
    names: list[str] = []

    @tool
    async def note(ctx: Context, refund: Refund) -> str:
        """Note."""
        return refund.order

    (noting,) = Agent.langchain_tools(note)

    def node(state: State) -> dict[str, Any]:
        names.append(threading.current_thread().name)
        return {"log": [noting.invoke({"order": "a"})]}

    agent = Agent.from_langgraph(graph_of(("node", node)), name="plain")
    assert await Rehearsal(calling(agent), "go").finish() == [{"text": "go", "log": ["a"]}, "langgraph"]
    assert names[0].startswith("rehearsal")


async def test_a_graph_that_is_not_compiled_is_refused() -> None:
    with pytest.raises(AgentUnfit, match="no compiled graph"):
        Agent.from_langgraph(StateGraph(State))
