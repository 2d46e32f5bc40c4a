"""Claims in particular: side by side, past rows that others hold, by rates that refill, by the index."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from pilothouse.errors import DatabaseUnavailable
from pilothouse.runtime.claims import LOCKED, PLANS, Claiming
from pilothouse.runtime.claims_sql import CLAIM, KEY, PLAIN
from pilothouse.runtime.connection import Lane
from support.waiting import rows, until

FILL = """
insert into runs (id, tenant_id, workflow, version, pin, status, priority)
select gen_random_uuid(), %s, split_part(%s, '@', 1), 1, %s, 'queued', i %% 3 from generate_series(1, %s) as i
"""
LIMIT = "insert into limits (scope, tenant_id, workflow, concurrency, rate, per_seconds) values"
HELD = f"""
select count(*)::int from pg_locks where locktype = 'advisory' and granted
   and (classid::bigint << 32 | objid::bigint) = {KEY}
"""  # noqa: S608 - a constant
Open = Callable[[], Awaitable[Claiming]]


@pytest.fixture
async def claiming(conninfo: str) -> AsyncIterator[Open]:
    """Claims on connections of their own: `await claiming()`."""
    lanes: list[Lane] = []

    async def make() -> Claiming:
        lanes.append(Lane(conninfo))
        return Claiming(lanes[-1])

    yield make
    for lane in lanes:
        await lane.close()


def fill(conninfo: str, runs: int, tenant: str = "ada", pin: str = "brew@1") -> None:
    rows(conninfo, FILL, tenant, pin, pin, runs)


async def claimed(by: Claiming, slots: int, **how: Any) -> list[UUID]:
    return [row[0] for row in await by.claim(uuid4(), how.pop("pins", ["brew@1"]), slots, **how)]


@pytest.mark.parametrize("tenants", [1, 3])
async def test_many_that_claim_at_once_never_exceed_a_limit_and_never_share_a_run(
    conninfo: str, claiming: Open, tenants: int
) -> None:
    for number in range(tenants):
        fill(conninfo, 30, f"tenant-{number}")
    rows(conninfo, f"{LIMIT} ('installation', '', '*', 17, 12, 3600)")
    by = [await claiming() for _ in range(6)]
    found = await asyncio.gather(*(claimed(each, 5) for each in by))
    taken = [run_id for each in found for run_id in each]
    assert len(taken) == len(set(taken)) == 12
    assert rows(conninfo, "select count(*) from runs where status = 'running'") == [(12,)]
    rows(conninfo, "update limits set rate = null")
    found = await asyncio.gather(*(claimed(each, 5) for each in by))
    assert sum(map(len, found)) == 5


async def test_many_that_claim_at_once_take_turns_among_tenants(conninfo: str, claiming: Open) -> None:
    fill(conninfo, 100, "many")
    by = [await claiming() for _ in range(4)]
    for each in by:
        await claimed(each, 10)
    fill(conninfo, 3, "few")
    found = await asyncio.gather(*(claimed(each, 1) for each in by))
    owners = "select tenant_id from runs where id = any(%s)"
    tenants = sorted(tenant for (tenant,) in rows(conninfo, owners, [row for each in found for row in each]))
    assert tenants == ["few", "few", "few", "many"]


async def test_a_run_whose_row_is_held_by_somebody_keeps_nobody_waiting(
    conninfo: str, claiming: Open
) -> None:
    by = await claiming()
    for tenant in ("ada", "bob"):
        fill(conninfo, 2, tenant)
    best = "select id from runs order by tenant_id, priority desc, id"
    first, second, third, fourth = (run_id for (run_id,) in rows(conninfo, best))
    with psycopg.connect(conninfo) as holder:
        holder.execute("select from runs where id = any(%s) for update", ([first, third],))
        assert {*await claimed(by, 1), *await claimed(by, 1)} == {second, fourth}
        assert await claimed(by, 1) == []
    assert {*await claimed(by, 2)} == {first, third}


async def test_a_rate_says_when_to_look_again_and_saves_what_was_not_used(
    conninfo: str, claiming: Open
) -> None:
    by = await claiming()
    fill(conninfo, 20)
    rows(conninfo, f"{LIMIT} ('each_tenant', '', 'brew', null, 4, 8)")
    assert len(await claimed(by, 50)) == 4
    assert await claimed(by, 50) == []
    assert by.held_for is not None
    assert 1 < by.held_for <= 2
    later = "update limit_tokens set at = at - %s * interval '1 second'"
    rows(conninfo, later, 4.2)
    assert len(await claimed(by, 50)) == 2
    rows(conninfo, later, 1_000)
    assert len(await claimed(by, 50)) == 4
    rows(conninfo, "update limit_tokens set at = at + interval '1 hour'")  # the server's clock was put back
    assert len(await claimed(by, 50)) == 4


async def test_a_run_that_goes_on_needs_no_leave_to_start(conninfo: str, claiming: Open) -> None:
    by = await claiming()
    fill(conninfo, 5)
    rows(conninfo, f"{LIMIT} ('tenant', 'ada', '*', null, 1, 3600)")
    (started,) = await claimed(by, 9)
    assert await claimed(by, 9) == []
    rows(conninfo, "update runs set status = 'queued', priority = -9 where id = %s", started)
    assert await claimed(by, 9) == [started]


async def test_one_run_is_claimed_alone_and_within_the_limits(conninfo: str, claiming: Open) -> None:
    by = await claiming()
    fill(conninfo, 3)
    *_, wanted = (run_id for (run_id,) in rows(conninfo, "select id from runs order by priority desc, id"))
    rows(conninfo, f"{LIMIT} ('tenant', 'ada', 'brew', 0, null, 1)")
    assert await claimed(by, 9, only=wanted) == []
    rows(conninfo, "update limits set concurrency = 1")
    assert await claimed(by, 9, only=wanted, pins=["other@1"]) == []
    assert await claimed(by, 9, only=wanted) == [wanted]
    assert await claimed(by, 9) == []


async def test_more_lanes_than_one_look_takes_in_are_seen_by_turns(conninfo: str, claiming: Open) -> None:
    by = await claiming()
    by._lanes = 7
    pins = ["brew@1", "mash@1"]
    for number in range(20):
        fill(conninfo, 1, f"tenant-{number:02}", pins[number % 2])
    taken: list[UUID] = []
    for _ in range(20):
        taken += await claimed(by, 1, pins=pins)
    assert len(set(taken)) == 20
    assert await claimed(by, 1, pins=pins) == []


def blocks(conninfo: str, statement: str) -> int:
    """Pages that a claim touches."""
    given = {"pins": ["brew@1"], "since": "", "avoid": [], "lanes": 1_000, "slots": 5, "only": None}
    with psycopg.connect(conninfo, cursor_factory=psycopg.ClientCursor) as connection:
        cursor = connection.cursor()
        for name, value in PLANS.items():
            cursor.execute("select set_config(%s, %s, true)", (name, value))
        cursor.execute("set jit = off")
        cursor.execute(f"explain (analyze, buffers, format json) {statement}", given | {"worker": uuid4()})
        ((found,),) = cursor.fetchall()
        connection.rollback()
    plan = found[0]["Plan"] if isinstance(found, list) else json.loads(found)[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


@pytest.mark.parametrize("statement", [PLAIN, CLAIM], ids=["plain", "claim"])
async def test_a_claim_touches_few_pages_whatever_is_queued_and_however_stale_the_statistics(
    conninfo: str, statement: str
) -> None:
    rows(conninfo, "vacuum analyze runs")  # which is empty: the statistics know of no run
    few = blocks(conninfo, statement)
    fill(conninfo, 4_000, pin="stout@1")
    fill(conninfo, 4_000)
    assert blocks(conninfo, statement) < few + 300  # 8,000 rows fill more than 100 pages of the table alone
    rows(conninfo, "analyze runs")
    assert blocks(conninfo, statement) < few + 300


async def test_a_process_that_is_frozen_between_lock_and_claim_holds_up_the_others_for_a_moment_only(
    conninfo: str, claiming: Open
) -> None:
    fill(conninfo, 1)
    by = await claiming()
    assert await claimed(by, 1, pins=["other@1"]) == []
    frozen = psycopg.connect(conninfo, autocommit=True)
    with pytest.raises(psycopg.OperationalError), frozen.pipeline():  # noqa: PT012 - it breaks at the end
        frozen.execute(LOCKED.sql)
        await until(lambda: rows(conninfo, HELD) == [(1,)])
        with pytest.raises(DatabaseUnavailable):
            await claimed(by, 1)
        assert len(await claimed(by, 1)) == 1
    frozen.close()


async def test_a_tenants_own_limit_stands_in_place_of_the_one_for_each(conninfo: str, claiming: Open) -> None:
    by = await claiming()
    for tenant in ("ada", "bob"):
        fill(conninfo, 9, tenant)
    rows(conninfo, f"{LIMIT} ('each_tenant', '', '*', 2, null, 1), ('tenant', 'ada', '*', 5, null, 1)")
    assert len(await claimed(by, 50)) == 7
    rows(conninfo, f"{LIMIT} ('tenant', 'bob', 'brew', 9, null, 1)")  # of another key: both hold
    assert await claimed(by, 50) == []
