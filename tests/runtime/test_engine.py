"""The engine as applications see it: submit, follow, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from pydantic import BaseModel

from pilothouse import Context, agent, workflow
from pilothouse.errors import Conflict, InvalidInput, NotFound
from pilothouse.kit.ids import Ids
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.errors import WrongType
from support.waiting import EMPTYING, ended, output, rows, shown, submit, until

Open = Callable[..., Awaitable[Engine]]
Start = Callable[..., Awaitable[object]]


class Basket(BaseModel):
    items: set[int] = set()
    notes: dict[str, Any] = {}


@agent
async def double(ctx: Context, number: int) -> int:
    return number * 2


@workflow("thrice")
async def thrice(ctx: Context, number: int) -> int:
    for _ in range(3):
        number = await ctx.call(double, number)
    return number


@workflow("buy")
async def buy(ctx: Context, basket: Basket) -> int:
    return len(basket.items)


@workflow("old")
async def old_one(ctx: Context) -> str:
    return "one"


@workflow("old", version=2)
async def old_two(ctx: Context) -> str:
    return "two"


async def test_a_run_is_executed_and_followed_to_its_end(open_engine: Open, start_worker: Start) -> None:
    engine = await open_engine(thrice)
    await start_worker(engine)
    run_id = await submit(engine, thrice, 5)
    entries = [entry async for entry in engine.follow(run_id)]
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry.key for entry in entries] == ["", "double#0", "double#1", "double#2", ""]
    assert entries[-1].payload == b'{"output":40}'


async def test_following_starts_behind_an_entry_and_ends_at_once_with_a_run_that_has_ended(
    open_engine: Open, start_worker: Start
) -> None:
    engine = await open_engine(thrice)
    await start_worker(engine)
    run_id = await submit(engine, thrice, 5)
    await ended(engine, run_id)
    assert [entry.seq async for entry in engine.follow(run_id, after=3)] == [4, 5]


async def test_following_survives_lost_notifications_and_lost_connections(
    open_engine: Open, start_worker: Start
) -> None:
    @workflow("asks")
    async def asks(ctx: Context) -> str:
        return await ctx.ask("?")

    engine = await open_engine(asks)
    await start_worker(engine)
    run_id = await submit(engine, asks)
    following = asyncio.create_task(output(engine, run_id))
    await until(lambda: rows(engine.store.conninfo, "select 1 from questions"))
    await engine.listener.stop()
    await engine.answer(run_id, "ask#0", "heard")
    assert await following == "heard"
    await engine.listener.start()


async def test_an_input_is_checked_when_it_is_submitted(open_engine: Open) -> None:
    engine = await open_engine(buy)
    with pytest.raises(WrongType, match="items"):
        await engine.submit(Order("buy", b'{"items": "none"}'))
    with pytest.raises(WrongType, match="JSON"):
        await engine.submit(Order("buy", b"{"))
    with pytest.raises(WrongType):
        await engine.submit(Order("buy", b""))
    assert rows(engine.store.conninfo, "select count(*) from runs") == [(0,)]


async def test_unknown_workflows_and_versions_are_refused(open_engine: Open) -> None:
    engine = await open_engine(old_one, old_two, buy)
    with pytest.raises(NotFound, match="nothing") as caught:
        await engine.submit(Order("nothing", b"null"))
    assert "buy, old" in caught.value.hint
    with pytest.raises(NotFound):
        await engine.submit(Order("nothing", b"null", version=1))
    with pytest.raises(InvalidInput, match="no version 3"):
        await engine.submit(Order("old", b"null", version=3))


async def test_equal_inputs_under_one_key_are_one_run_however_they_are_written(open_engine: Open) -> None:
    engine = await open_engine(buy)
    written = [
        b'{"items": [0, 8], "notes": {"a": 1, "b": 2}}',
        b'{"items": [8, 0], "notes": {"b": 2, "a": 1}}',
        b'{ "notes": {"b": 2, "a": 1}, "items": [8, 0, 8] }',
    ]
    found = [await engine.submit(Order("buy", payload, idempotency_key="k")) for payload in written]
    assert len(set(found)) == 1
    with pytest.raises(Conflict):
        await engine.submit(Order("buy", b'{"items": [1]}', idempotency_key="k"))


@pytest.mark.parametrize(
    "wrong",
    [{"priority": 40_000}, {"priority": -1_001}, {"idempotency_key": "a\x00"}, {"idempotency_key": "k" * 256},
     {"principal": "a\nb"}, {"tenant_id": "\ud800"}],
)  # fmt: skip
async def test_what_no_column_can_hold_is_refused(open_engine: Open, wrong: Any) -> None:
    engine = await open_engine(buy)
    with pytest.raises(InvalidInput):
        await engine.submit(Order("buy", b"{}", **wrong))


async def test_the_newest_version_is_taken_unless_another_is_named(
    open_engine: Open, start_worker: Start
) -> None:
    engine = await open_engine(old_one, old_two)
    await start_worker(engine)
    newest, pinned = await submit(engine, old_one), await submit(engine, old_one, version=1)
    assert [await output(engine, newest), await output(engine, pinned)] == ["two", "one"]


async def test_the_status_of_an_unknown_run_is_not_found(open_engine: Open) -> None:
    engine = await open_engine(buy)
    with pytest.raises(NotFound):
        await engine.status(Ids().new())
    assert await engine.journal(Ids().new()) == []


@pytest.mark.timed
async def test_ten_thousand_steps_in_the_database_are_replayed_in_under_a_second(
    open_engine: Open, start_worker: Start
) -> None:
    import time

    @workflow("many")
    async def many(ctx: Context, number: int) -> int:
        for _ in range(10_000):
            number = await ctx.call(double, number) // 2
        return await ctx.call(double, number)

    engine = await open_engine(many)
    run_id = await submit(engine, many, 1)
    from pilothouse.kit import canonical

    with psycopg.connect(engine.store.conninfo) as connection:
        copy = "copy journal (run_id, seq, kind, key, payload, digest) from stdin"
        with connection.cursor().copy(copy) as writing:
            for number in range(10_000):
                payload = b'{"value":2,"produced_by":"expert","failed":[]}'
                row = (run_id, number + 2, "completed", f"double#{number}", payload, canonical.digest(b"1"))
                writing.write_row(row)
        connection.execute("update runs set seq = 10001")
    started = time.perf_counter()
    await start_worker(engine)
    assert await output(engine, run_id) == 2
    assert time.perf_counter() - started < 1.5  # the worker's start and the end's commit are in it
    assert len(await shown(engine, run_id)) == 10_003


async def test_a_closed_engine_leaves_no_connection(open_engine: Open, start_worker: Start) -> None:
    engine = await open_engine(thrice)
    worker = await start_worker(engine)
    assert await output(engine, await submit(engine, thrice, 1)) == 8
    await worker.stop()
    await engine.close()
    others = (
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and pid <> pg_backend_pid() and application_name <> %s"
    )
    await until(lambda: rows(engine.store.conninfo, others, EMPTYING) == [(0,)])


async def test_a_continued_run_is_another_run_with_its_own_short_journal(
    open_engine: Open, start_worker: Start
) -> None:
    @workflow("counts")
    async def counts(ctx: Context, number: int) -> str:
        await ctx.call(double, number)
        if number < 3:
            ctx.continue_as_new(number + 1)
        return f"counted to {number}"

    engine = await open_engine(counts)
    await start_worker(engine)
    run_id = first = await submit(engine, counts, 1, priority=7, principal="ada")
    lengths = []
    while (last := await ended(engine, run_id)).kind is Kind.RUN_CONTINUED:
        import orjson

        lengths.append(last.seq)
        following = orjson.loads(last.payload)["run_id"]
        sql = "select continued_from, priority, principal, pin, cancel_requested from runs where id = %s"
        assert rows(engine.store.conninfo, sql, following) == [(run_id, 7, "ada", "counts@1", False)]
        assert await engine.status(run_id) == "completed"
        from uuid import UUID

        run_id = UUID(following)
    assert last.payload == b'{"output":"counted to 3"}'
    assert lengths == [3, 3]
    assert run_id != first


async def test_a_cancellation_at_the_moment_of_continuing_reaches_the_next_run(
    open_engine: Open, start_worker: Start
) -> None:
    @workflow("endless")
    async def endless(ctx: Context, number: int) -> None:
        if number == 1:
            rows(
                ctx._turn.services.appender.conninfo,
                "update runs set cancel_requested = true, wakes = wakes + 1",
            )
        await ctx.sleep(0)
        ctx.continue_as_new(number + 1)

    engine = await open_engine(endless)
    await start_worker(engine)
    await submit(engine, endless, 1)
    cancelled = "select count(*) from runs where status = 'cancelled'"
    await until(lambda: rows(engine.store.conninfo, cancelled) == [(1,)])
    assert rows(engine.store.conninfo, "select count(*) from runs where status <> 'cancelled'")[0][0] <= 1
