"""Two deployments with different versions of a workflow, side by side; rolled forward and back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from pilothouse import Context, agent, workflow
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.worker import Worker
from support.waiting import output, shown, status, submit

OpenEngine = Callable[..., Awaitable[Engine]]
StartWorker = Callable[..., Awaitable[Worker]]


@agent
async def greet(ctx: Context, name: str) -> str:
    return f"hello {name}"


@agent
async def shout(ctx: Context, text: str) -> str:
    return text.upper()


@workflow("greeting", version=1)
async def first(ctx: Context, name: str) -> str:
    text = await ctx.call(greet, name)
    await ctx.ask("Send it?", default="yes", key="send")
    return text


@workflow("greeting", version=2)
async def second(ctx: Context, name: str) -> str:
    text = await ctx.call(shout, await ctx.call(greet, name))
    await ctx.ask("Send it?", default="yes", key="send")
    return text


async def waiting(engine: Engine, *runs: UUID) -> None:
    for run_id in runs:
        await status(engine, run_id, "waiting")


async def answered(engine: Engine, *runs: UUID) -> list[str]:
    for run_id in runs:
        key = next(key for kind, key in await shown(engine, run_id) if kind == "asked")
        await engine.answer(run_id, key, "yes")
    return [await output(engine, run_id) for run_id in runs]


async def test_each_deployment_executes_what_it_knows(
    open_engine: OpenEngine, start_worker: StartWorker
) -> None:
    old, new = await open_engine(first), await open_engine(second)
    await start_worker(old)
    await start_worker(new)
    runs = [await submit(engine, first, "Ada") for engine in (old, new) for _ in range(20)]
    await waiting(old, *runs)
    outputs = await answered(old, *runs)
    assert outputs == ["hello Ada"] * 20 + ["HELLO ADA"] * 20


async def test_runs_outlast_rolling_forward_and_back(
    open_engine: OpenEngine, start_worker: StartWorker
) -> None:
    old = await open_engine(first)
    worker = await start_worker(old)
    early = await submit(old, first, "Ada")
    await waiting(old, early)

    await worker.stop(drain=1)  # forward: only the new version is deployed
    new = await open_engine(second)
    worker = await start_worker(new)
    late = await submit(new, second, "Bob")
    await waiting(new, late)
    key = next(key for kind, key in await shown(new, early) if kind == "asked")
    await new.answer(early, key, "yes")
    assert await answered(new, late) == ["HELLO BOB"]
    assert await new.status(early) == "queued"  # nobody here knows its version: it is kept, not failed
    between = await submit(new, second, "Cy")
    await waiting(new, between)

    await worker.stop(drain=1)  # back
    again = await open_engine(first)
    await start_worker(again)
    assert await output(again, early) == "hello Ada"
    key = next(key for kind, key in await shown(again, between) if kind == "asked")
    await again.answer(between, key, "yes")

    both = await open_engine(first, second)  # forward again, with both
    await start_worker(both)
    assert await output(both, between) == "HELLO CY"
    assert await both.journal(early) == await again.journal(early)
