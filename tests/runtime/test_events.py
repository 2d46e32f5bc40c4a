"""What reaches a run from outside: answers, cancellations, retries, and the end of a poisonous run."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable

import pytest

from pilothouse import Context, agent, workflow
from pilothouse.errors import Conflict, InvalidInput, NotFound
from pilothouse.kit.ids import Ids
from pilothouse.runtime import events
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.entries import Kind
from support.waiting import ended, output, rows, said, shown, status, submit, until

Open = Callable[..., Awaitable[Engine]]
Start = Callable[..., Awaitable[object]]


@workflow("asks")
async def asks(ctx: Context) -> list[str]:
    return await ctx.gather(
        ctx.ask("Which?", choices=["Red", "Blue"], key="color"),
        ctx.ask("Who?", default="me", key="who"),
    )


@workflow("naps")
async def naps(ctx: Context) -> str:
    await ctx.sleep(3600)
    return "awake"


COLOR, WHO = "gather#0/0/ask:color", "gather#0/1/ask:who"


@pytest.fixture
async def engine(open_engine: Open, start_worker: Start) -> Engine:
    made = await open_engine(asks, naps)
    await start_worker(made)
    return made


async def test_answers_move_a_waiting_run_on(engine: Engine) -> None:
    run_id = await submit(engine, asks)
    await status(engine, run_id, "waiting")
    assert await engine.answer(run_id, COLOR, " blue ", by="ada") == "Blue"
    assert await engine.answer(run_id, WHO, "") == "me"
    assert await output(engine, run_id) == ["Blue", "me"]
    closed = rows(engine.store.conninfo, "select status, closed_by from questions where key = %s", COLOR)
    assert closed == [("answered", "ada")]
    answers = [said(entry) for entry in await engine.journal(run_id) if entry.kind is Kind.ANSWERED]
    assert {"answer": "Blue", "by": "ada"} in answers


async def test_an_answer_that_is_no_choice_or_empty_is_refused_and_the_question_stays_open(
    engine: Engine,
) -> None:
    run_id = await submit(engine, asks)
    await status(engine, run_id, "waiting")
    with pytest.raises(InvalidInput, match="not one of the choices") as caught:
        await engine.answer(run_id, COLOR, "green")
    assert "Red, Blue" in caught.value.hint
    with pytest.raises(InvalidInput, match="no default"):
        await engine.answer(run_id, COLOR, " ")
    assert await engine.answer(run_id, COLOR, "red") == "Red"


async def test_a_question_is_answered_once_however_many_try_at_the_same_moment(engine: Engine) -> None:
    run_id = await submit(engine, asks)
    await status(engine, run_id, "waiting")
    tried = await asyncio.gather(
        *(engine.answer(run_id, COLOR, color) for color in ("red", "blue") * 5), return_exceptions=True
    )
    assert sum(isinstance(each, str) for each in tried) == 1
    assert {type(each) for each in tried if not isinstance(each, str)} == {Conflict}
    assert [kind for kind, _ in await shown(engine, run_id)].count("answered") == 1


async def test_unknown_runs_questions_and_tenants_are_not_found(engine: Engine) -> None:
    run_id = await submit(engine, asks)
    await status(engine, run_id, "waiting")
    with pytest.raises(NotFound):
        await engine.answer(Ids().new(), COLOR, "red")
    with pytest.raises(NotFound):
        await engine.answer(run_id, "ask:none", "red")
    with pytest.raises(NotFound):
        await engine.answer(run_id, COLOR, "red", tenant_id="other")
    with pytest.raises(NotFound):
        await engine.cancel(run_id, tenant_id="other")
    with pytest.raises(NotFound):
        await engine.retry(run_id, tenant_id="other")


async def test_an_answer_to_a_withdrawn_question_is_a_conflict(engine: Engine) -> None:
    run_id = await submit(engine, asks)
    await status(engine, run_id, "waiting")
    assert await engine.cancel(run_id, by="ada") == "cancelled"
    with pytest.raises(Conflict, match="already withdrawn"):
        await engine.answer(run_id, COLOR, "red")


async def test_an_answer_to_an_expired_question_is_a_conflict(open_engine: Open, start_worker: Start) -> None:
    @workflow("short")
    async def short(ctx: Context) -> str:
        hurried = await ctx.ask("?", default="no", expires_after=dt.timedelta(seconds=0.05), key="q")
        return hurried + await ctx.ask("Go on?")

    engine = await open_engine(short)
    await start_worker(engine)
    run_id = await submit(engine, short)
    await until(lambda: rows(engine.store.conninfo, "select 1 from questions where status = 'expired'"))
    with pytest.raises(Conflict, match="already expired"):
        await engine.answer(run_id, "ask:q", "yes")
    await status(engine, run_id, "waiting")
    await engine.answer(run_id, "ask#0", "yes")
    assert await output(engine, run_id) == "noyes"


async def test_an_answer_while_another_branch_executes_is_taken_up_at_once(
    open_engine: Open, start_worker: Start
) -> None:
    answered = asyncio.Event()

    @agent
    async def slow(ctx: Context) -> str:
        await answered.wait()
        return "slow"

    @workflow("both")
    async def both(ctx: Context) -> list[str]:
        return await ctx.gather(ctx.ask("?", key="q"), ctx.call(slow))

    engine = await open_engine(both)
    await start_worker(engine)
    run_id = await submit(engine, both)
    await until(lambda: rows(engine.store.conninfo, "select 1 from questions"))
    await engine.answer(run_id, "gather#0/0/ask:q", "early")
    assert await engine.status(run_id) == "running"
    answered.set()
    assert await output(engine, run_id) == ["early", "slow"]


async def test_cancelling_a_queued_run_ends_it_at_once(open_engine: Open) -> None:
    engine = await open_engine(naps)
    run_id = await submit(engine, naps)
    assert await engine.cancel(run_id, by="ada") == "cancelled"
    last = await ended(engine, run_id)
    assert (last.kind, said(last)) == (Kind.RUN_CANCELLED, {"by": "ada"})
    with pytest.raises(Conflict, match="already cancelled"):
        await engine.cancel(run_id)


async def test_cancelling_a_sleeping_run_ends_it_at_once_and_its_timer_with_it(engine: Engine) -> None:
    run_id = await submit(engine, naps)
    await status(engine, run_id, "waiting")
    assert await engine.cancel(run_id) == "cancelled"
    assert await engine.store.wake_timers(dt.datetime(2100, 1, 1, tzinfo=dt.UTC)) == (0, None)
    assert await engine.status(run_id) == "cancelled"


async def test_only_a_failed_run_can_be_retried(engine: Engine) -> None:
    run_id = await submit(engine, naps)
    await status(engine, run_id, "waiting")
    with pytest.raises(Conflict, match="waiting: only a failed run"):
        await engine.retry(run_id)


async def test_a_retry_goes_on_from_the_failed_step_and_asks_what_was_withdrawn_again(
    open_engine: Open, start_worker: Start
) -> None:
    made: list[str] = []

    @agent
    async def flaky(ctx: Context) -> str:
        made.append("flaky")
        if len(made) == 2:
            raise ConnectionError("no network")
        return "fine"

    @workflow("fragile")
    async def fragile(ctx: Context) -> list[str]:
        await ctx.call(flaky)
        return await ctx.gather(ctx.ask("?", key="q"), ctx.call(flaky))

    engine = await open_engine(fragile)
    await start_worker(engine)
    run_id = await submit(engine, fragile)
    assert (await ended(engine, run_id)).kind is Kind.RUN_FAILED
    assert rows(engine.store.conninfo, "select status from questions") == [("withdrawn",)]
    assert await engine.retry(run_id, by="ada") == ("gather#0/1/flaky#0",)
    await status(engine, run_id, "waiting")
    assert rows(engine.store.conninfo, "select status, closed_at from questions") == [("open", None)]
    await engine.answer(run_id, "gather#0/0/ask:q", "yes")
    assert await output(engine, run_id) == ["yes", "fine"]
    assert made == ["flaky"] * 3


async def test_a_retry_takes_back_a_cancellation_that_came_too_late(open_engine: Open) -> None:
    engine = await open_engine(naps)
    run_id = await submit(engine, naps)
    sql = "update runs set status = 'failed', cancel_requested = true"
    rows(engine.store.conninfo, sql)
    assert await engine.retry(run_id) == ()
    assert rows(engine.store.conninfo, "select cancel_requested, status from runs") == [(False, "queued")]


async def test_a_run_that_takes_down_its_workers_fails_and_names_the_last_step(open_engine: Open) -> None:
    engine = await open_engine(naps)
    run_id = await submit(engine, naps)
    rows(engine.store.conninfo, "insert into journal (run_id, seq, kind, key, payload) "
         "values (%s, 2, 'started', 'crunch#0', '')", run_id)  # fmt: skip
    rows(engine.store.conninfo, "update runs set seq = 2, status = 'running', losses = 6")
    await events.fail_lost(engine.store, run_id, 6)
    last = await ended(engine, run_id)
    failure = said(last)
    assert (failure["code"], failure["step"]) == ("worker_lost", "crunch#0")
    assert "6 workers in a row" in failure["message"]
    assert await engine.retry(run_id) == ()
    assert rows(engine.store.conninfo, "select status, losses from runs") == [("queued", 0)]


async def test_a_run_that_has_ended_or_was_queued_meanwhile_is_not_failed(open_engine: Open) -> None:
    engine = await open_engine(naps)
    run_id = await submit(engine, naps)
    for meanwhile in ("queued", "completed"):
        rows(engine.store.conninfo, "update runs set status = %s", meanwhile)
        await events.fail_lost(engine.store, run_id, 6)
        assert await engine.status(run_id) == meanwhile
    await events.fail_lost(engine.store, Ids().new(), 6)
