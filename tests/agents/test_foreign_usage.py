"""What agents of other frameworks ask models by themselves is among the usage, once, with what it cost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import structlog.testing
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from pilothouse import Agent, App, Context, workflow
from pilothouse.app import assembled
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import local_scope
from pilothouse.kit.session import Database
from pilothouse.model_settings import PriceTerms, ProviderTerms
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.worker import Worker
from pilothouse.settings import Settings
from pilothouse.usage.repository import UsageRepository
from pilothouse.usage.schemas import CallQuery, ShownCall
from pilothouse.usage.service import Prices, RequestBook, UsageBook
from support import asking
from support.asking import DESKS, MODEL, answer_of, given
from support.provider import Provider, Usage, cut, stalled, status, text
from support.rehearsal import Rehearsal
from support.waiting import ended, output, submit

Open = Callable[..., Awaitable[Engine]]
Start = Callable[..., Awaitable[Worker]]

DONE = text("done", usage=Usage(1_000, 100, 200))
PRICE = PriceTerms(input="2", output="10", cache_read="0.5")
FRAMEWORKS = list(DESKS)


def calling(framework: str, agent: Any) -> Any:
    @workflow("w")
    async def flow(ctx: Context, text: str) -> Any:
        found = await ctx.call(agent, given(framework, text))
        await ctx.sleep(0.01)
        return answer_of(framework, found)

    return flow


def book_for(url: str | None) -> RequestBook:
    """The book of a process whose settings name the provider at `url`, and its price."""
    providers = {} if url is None else {"sim": ProviderTerms(url=f"{url}/v1")}
    return RequestBook(Prices({f"sim:{MODEL}": PRICE}, providers), SystemClock(), Ids())


async def calls_in(conninfo: str) -> list[ShownCall]:
    """The usage book of the tenant, the oldest call first."""
    database = Database(conninfo)
    try:
        async with database.session(local_scope()) as session:
            book = UsageBook(UsageRepository(session, local_scope()), SystemClock())
            return list(reversed((await book.calls(CallQuery())).items))
    finally:
        await database.close()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_a_request_is_one_call_with_its_cost_also_after_a_replay(
    framework: str, stream: bool, conninfo: str, open_engine: Open, start_worker: Start
) -> None:
    async with Provider([DONE]) as provider, asking.client(provider.url) as client:
        flow = calling(framework, DESKS[framework](client, stream=stream))
        engine = await open_engine(flow, book=book_for(provider.url))
        await start_worker(engine)
        run_id = await submit(engine, flow, "go")
        assert await output(engine, run_id) == "done"
        assert [asked.stream for asked in provider.requests] == [stream]
    (call,) = await calls_in(conninfo)
    assert (call.source, call.provider, call.model, call.outcome) == ("run", "sim", MODEL, "ok")
    assert (call.run_id, call.workflow, call.agent, call.streamed) == (run_id, "w", "desk", stream)
    step = "superstep-0" if framework == "langgraph" else "model-0"
    assert call.step == f"desk#0/desk:{step}"
    assert (call.input_tokens, call.output_tokens, call.latency_ms > 0) == (1_000, 100, True)
    cached = 0 if framework == "langgraph" else 200  # which the model of the graph does not tell
    assert call.cache_read == cached
    assert call.cost == ((1_000 - cached) * 2 + cached * Decimal("0.5") + 100 * 10) / 1_000_000


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_one_that_fails_is_a_call_and_so_is_the_one_of_the_retry(
    framework: str, conninfo: str, open_engine: Open, start_worker: Start
) -> None:
    async with Provider([status(429), DONE]) as provider, asking.client(provider.url) as client:
        flow = calling(framework, DESKS[framework](client))
        engine = await open_engine(flow, book=book_for(provider.url))
        await start_worker(engine)
        run_id = await submit(engine, flow, "go")
        assert (await ended(engine, run_id)).kind is Kind.RUN_FAILED
        await engine.retry(run_id)
        assert await output(engine, run_id) == "done"
    calls = await calls_in(conninfo)
    assert [(call.outcome, call.input_tokens) for call in calls] == [("provider_busy", 0), ("ok", 1_000)]
    assert calls[0].step == calls[1].step
    assert calls[0].cost == 0


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_a_model_whose_price_nobody_knows_costs_nothing_and_it_is_said_so(
    framework: str, conninfo: str, open_engine: Open, start_worker: Start
) -> None:
    async with Provider([DONE]) as provider, asking.client(provider.url) as client:
        flow = calling(framework, DESKS[framework](client))
        engine = await open_engine(flow, book=book_for(None))
        with structlog.testing.capture_logs() as logs:
            await start_worker(engine)
            run_id = await submit(engine, flow, "go")
            assert await output(engine, run_id) == "done"
    (call,) = await calls_in(conninfo)
    assert (call.provider, call.model, call.cost, call.input_tokens) == ("", MODEL, 0, 1_000)
    (warned,) = [log for log in logs if log["event"] == "call_without_price"]
    assert (warned["model"], warned["agent"]) == (f":{MODEL}", "desk")
    told = [entry async for entry in engine.follow(run_id) if entry.kind is Kind.EMITTED]
    assert b'"price_unknown":true' in told[0].payload


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("lost", [{"lose_before": {1}}, {"lose_after": {1}}, {"lose_after": {2}}])
@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_a_call_is_written_with_what_is_journalled_of_it_wherever_the_worker_is_lost(
    framework: str, lost: dict[str, Any]
) -> None:
    async with Provider(then=DONE) as provider, asking.client(provider.url) as client:
        run = Rehearsal(calling(framework, DESKS[framework](client)), "go", **lost)
        run.services = replace(run.services, book=book_for(provider.url))
        assert await run.finish() == "done"
        assert await run.replay() == "done"
    assert len(provider.requests) == (2 if "lose_before" in lost else 1)
    written = [each for each in run.statements if "into usage" in each.sql]
    assert len({each.parameters["id"] for each in written}) == len(written) == 1


async def test_a_node_that_is_resumed_asks_again_and_each_request_is_a_call() -> None:
    async with Provider(then=DONE) as provider, asking.client(provider.url) as client:
        agent = asking.graph(client, lambda said: f"{said}, {interrupt('Sure?')}")
        run = Rehearsal(calling("langgraph", agent), "go")
        run.services = replace(run.services, book=book_for(provider.url))
        assert await run.finish() == "done, yes"
    written = [each.parameters for each in run.statements if "into usage" in each.sql]
    assert len(provider.requests) == len(written) == 2
    assert len({each["step"] for each in written}) == 2


async def test_a_model_that_a_plain_node_asks_in_a_thread_is_a_call() -> None:
    async with Provider([DONE]) as provider, asking.client(provider.url) as client:
        model = asking.Chat(base_url=str(client.base_url), client=client)

        def ask(state: asking.State) -> asking.State:
            return {"answer": model.invoke(state["text"]).text}

        builder = StateGraph(asking.State)
        builder.add_node("ask", ask)
        builder.add_edge(START, "ask")
        run = Rehearsal(calling("langgraph", Agent.from_langgraph(builder.compile(), name="desk")), "go")
        run.services = replace(run.services, book=book_for(provider.url))
        assert await run.finish() == "done"
    (call,) = [each.parameters for each in run.statements if "into usage" in each.sql]
    assert (call["provider"], call["input_tokens"], call["outcome"]) == ("sim", 1_000, "ok")


async def test_of_several_models_the_one_that_has_answered_is_the_one_of_the_call() -> None:
    async with Provider([status(500), DONE]) as provider, asking.client(provider.url) as client:
        models = [
            OpenAIChatModel(name, provider=OpenAIProvider(openai_client=client)) for name in ("one", MODEL)
        ]
        theirs = PydanticAgent(FallbackModel(*models), name="desk")
        run = Rehearsal(calling("pydantic-ai", Agent.from_pydantic_ai(theirs)), "go")
        run.services = replace(run.services, book=book_for(provider.url))
        assert await run.finish() == "done"
    (call,) = [each.parameters for each in run.statements if "into usage" in each.sql]
    assert (call["provider"], call["model"], call["cost"] > 0) == ("sim", MODEL, True)


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_a_stream_that_breaks_off_and_a_request_that_is_stopped_are_calls(framework: str) -> None:
    async with Provider([cut(after=1), stalled()]) as provider, asking.client(provider.url) as client:
        for outcome in ("provider_failed", "stopped"):
            agent = replace(DESKS[framework](client, stream=outcome != "stopped"), timeout=0.5)
            run = Rehearsal(calling(framework, agent), "go")
            run.services = replace(run.services, book=book_for(provider.url))
            await run.finish()
            assert run.status == "failed"
            (call,) = [each.parameters for each in run.statements if "into usage" in each.sql]
            assert (call["outcome"], call["model"], call["provider"]) == (outcome, MODEL, "sim")


async def test_a_whole_process_has_the_prices_of_its_settings(conninfo: str, tmp_path: Path) -> None:
    async with Provider([DONE]) as provider, asking.client(provider.url) as client:
        flow = calling("pydantic-ai", agent := asking.pydantic_ai(client))
        prices = {f"sim:{MODEL}": {"input": "2", "output": "10"}}
        said: dict[str, Any] = {"providers": {"sim": {"url": f"{provider.url}/v1"}}, "model_prices": prices}
        settings = Settings(_env_file=None, data=tmp_path, **said)
        object.__setattr__(settings, "database_url", conninfo)
        app = App("desk", workflows=[flow], agents=[agent])
        async with assembled(settings, [app]) as process:
            worker = process.engine.worker()
            task = asyncio.create_task(worker.run())
            run_id = await submit(process.engine, flow, "go")
            assert await output(process.engine, run_id) == "done"
            await worker.stop()
            await task
    (call,) = await calls_in(conninfo)
    assert (call.provider, call.cost) == ("sim", Decimal("0.003"))
