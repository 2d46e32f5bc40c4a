"""Rows of usage: beside appends, in batches, through outages, and never in anybody's way."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from uuid import uuid4

import psycopg
import pytest

from pilothouse.runtime import beside
from pilothouse.runtime.connection import Lane
from pilothouse.telemetry.metrics import Metrics
from pilothouse.telemetry.models import attributes, counted
from pilothouse.usage.chores import UsageChore
from pilothouse.usage.recording import UsageWriter, class_of, middle_of
from pilothouse.usage.schemas import Tokens
from pilothouse.usage.service import recorded
from support.calling import AT, call
from support.waiting import rows, until

NewLane = Callable[[str], Lane]
COUNT = "select count(*) from usage"


def written(conninfo: str) -> int:
    return int(rows(conninfo, COUNT)[0][0])


async def test_a_call_is_written_beside_an_append_once(conninfo: str) -> None:
    run = uuid4()
    one = call(run_id=run, source="run", cost=Decimal("0.0000000015"), valid=True, tokens=Tokens(5, 6, 7, 8))
    other = call()
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        for _ in range(2):
            await connection.execute("begin")
            await beside.write(connection, [(0, recorded(one)), (1, recorded(other))])
    assert written(conninfo) == 2
    told = "select run_id, input_tokens, cache_write, cost, valid, at from usage where run_id is not null"
    assert rows(conninfo, told) == [(run, 5, 8, 2, True, AT)]


async def test_rows_are_written_within_a_second_and_all_of_them_at_the_end(
    conninfo: str, new_lane: NewLane
) -> None:
    writer = UsageWriter(new_lane(conninfo))
    writer.add(call())
    await until(lambda: written(conninfo) == 1, seconds=1.0)
    for _ in range(2_500):
        writer.add(call())
    await writer.close()
    assert (written(conninfo), writer.dropped) == (2_501, 0)


async def test_while_the_database_is_away_rows_wait_and_what_is_too_much_is_counted(
    conninfo: str, new_lane: NewLane
) -> None:
    away = conninfo.replace("port='", "port='1")
    writer = UsageWriter(new_lane(away), every=0.01, most=3)
    for _ in range(5):
        writer.add(call())
    assert (writer.waiting, writer.dropped) == (3, 2)
    await asyncio.sleep(0)
    writer._lane._conninfo = conninfo  # it is back
    await until(lambda: writer.waiting == 0)
    await writer.close()
    assert written(conninfo) == 3


async def test_what_cannot_be_written_at_the_end_is_counted(conninfo: str, new_lane: NewLane) -> None:
    writer = UsageWriter(new_lane(conninfo.replace("port='", "port='1")), every=3_600)
    writer.add(call())
    await writer.close()
    assert writer.dropped == 1


async def test_a_row_that_the_database_refuses_holds_up_no_other(conninfo: str, new_lane: NewLane) -> None:
    writer = UsageWriter(new_lane(conninfo), every=3_600)
    for one in (call(), call(agent="nul\0"), call()):
        writer.add(one)
    await writer.close()
    assert (written(conninfo), writer.dropped) == (2, 1)


@pytest.mark.parametrize("latency", [0.01, 0.5, 1.0, 12.3, 199.0, 30_000.0, 86_400_000.0])
def test_the_class_of_a_latency_tells_it_within_3_per_cent(latency: float) -> None:
    assert abs(middle_of(class_of(latency)) / latency - 1) < 0.03
    assert middle_of(class_of(0)) == 0


async def test_old_rows_are_removed(conninfo: str, new_lane: NewLane) -> None:
    writer = UsageWriter(new_lane(conninfo))
    writer.add(call())
    writer.add(call(at=AT - dt.timedelta(days=11)))
    await writer.close()
    chore = UsageChore(new_lane(conninfo), dt.timedelta(days=10))
    assert await chore.tend(AT) == AT + dt.timedelta(hours=1)
    assert written(conninfo) == 1


def test_metrics_count_calls_and_spans_name_them() -> None:
    metrics = Metrics()
    counted(metrics, call(agent="triage"))
    counted(metrics, call(outcome="timeout", tokens=Tokens(), cost=Decimal(0)))
    assert metrics.model_calls.values == {("openai:gpt-5.2", "ok"): 1, ("openai:gpt-5.2", "timeout"): 1}
    assert metrics.model_tokens.values == {
        ("openai:gpt-5.2", "input"): 1_000,
        ("openai:gpt-5.2", "output"): 100,
    }
    assert metrics.model_cost.values == {("openai:gpt-5.2",): pytest.approx(0.003)}
    assert attributes(call(outcome="timeout", agent="triage")) == {
        "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-5.2",
        "gen_ai.usage.input_tokens": 1_000, "gen_ai.usage.output_tokens": 100,
        "gen_ai.agent.name": "triage", "error.type": "timeout",
    }  # fmt: skip
