"""The tail: whoever watches sees every entry once and in order, and what is new is read once for all."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any
from uuid import UUID

import pytest

from pilothouse.errors import DatabaseUnavailable
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.listener import JOURNAL
from pilothouse.runtime.observing import Unobserved
from pilothouse.runtime.tail import QUEUE, View
from pilothouse.runtime.tail_feeds import Feeds
from pilothouse.runtime.tail_pages import NOTHING, PAGE, Line, Place
from support.journals import Connection, connected, flood, make_run, write
from support.outage import shut
from support.waiting import until

ALL = Place(0, NOTHING, 0)


class Counting(Unobserved):
    """Counts the statements of each lane."""

    def __init__(self) -> None:
        self.statements: Counter[str] = Counter()

    def statement(self, lane: str, seconds: float, *, failed: bool) -> None:
        self.statements[lane] += 1


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
async def feeds(open_engine: Callable[..., Awaitable[Engine]], counting: Counting) -> Feeds:
    return (await open_engine(observer=counting)).feeds


@pytest.fixture
async def other(conninfo: str) -> AsyncIterator[Connection]:
    """Another process's connection."""
    async with connected(conninfo) as connection:
        yield connection


async def seen(view: View[Any, Any], count: int, seconds: float = 10.0) -> list[Line]:
    """The next `count` lines of a view."""
    found: list[Line] = []
    async with asyncio.timeout(seconds):
        while len(found) < count:
            found += [item for item in await anext(view) if isinstance(item, Line)]
    return found


async def silent(view: View[Any, Any]) -> bool:
    """Whether a view has nothing to tell (until it gives a sign of life)."""
    async with asyncio.timeout(5):
        return await anext(view) == ()


async def test_a_view_tells_what_is_there_and_then_what_comes(feeds: Feeds, other: Connection) -> None:
    run_id = await make_run(other)
    await write(other, run_id, 3)
    async with aclosing(await feeds.follow(run_id, 1)) as view:
        assert [line.seq for line in await seen(view, 2)] == [2, 3]
        await write(other, run_id)
        (line,) = await seen(view, 1)
        assert (line.seq, line.entry.kind, line.run_id) == (4, "emitted", run_id)
    assert feeds.runs.watched == {}


async def test_a_lost_notification_costs_a_second_at_most(feeds: Feeds, other: Connection) -> None:
    run_id = await make_run(other)
    run, tenant = await feeds.follow(run_id, 0), await feeds.follow_tenant("default", ALL)
    for _ in range(2):
        await write(other, run_id, told=False)
        assert len(await seen(run, 1, seconds=1.4)) == 1
        assert len(await seen(tenant, 1, seconds=1.4)) == 1


async def test_nobody_misses_or_repeats_an_entry_whenever_they_join(feeds: Feeds, other: Connection) -> None:
    chance, total = random.Random(3), 600
    run_id = await make_run(other)

    async def append() -> None:
        written = 0
        while written < total:
            count = min(chance.choice([1, 1, 2, 40]), total - written)
            written = await write(other, run_id, count, told=chance.random() < 0.9)
            await asyncio.sleep(0)

    async def watch() -> list[int]:
        await asyncio.sleep(chance.random() * 0.6)
        after, found = 0, []
        while len(found) < total:  # leaves and comes back again and again
            view = await feeds.follow(run_id, after)
            for _ in range(chance.randint(1, 30)):
                found += [item.seq for item in await anext(view)]
                after = view.after
                if len(found) >= total:
                    break
                await asyncio.sleep(chance.choice([0, 0, 0.01]))
            view.close()
        return found

    async with asyncio.timeout(30):
        _, *found = await asyncio.gather(append(), *(watch() for _ in range(25)))
    assert all(numbers == list(range(1, total + 1)) for numbers in found)


async def test_who_joins_late_reads_what_the_tail_was_past_already(feeds: Feeds, other: Connection) -> None:
    run_id = await make_run(other)
    await write(other, run_id, 3)
    late = await feeds.follow(run_id, 0)  # has read three entries, and does not go on yet
    await write(other, run_id, 2)
    early = await feeds.follow(run_id, 0)
    assert len(await seen(early, 5)) == 5
    assert feeds.runs.watched[run_id] == 5
    await write(other, run_id)
    for view, count in ((early, 1), (late, 6)):
        assert [line.seq for line in await seen(view, count, seconds=3)][-1] == 6


async def test_what_comes_between_the_first_page_and_the_tail_is_read_at_once(
    feeds: Feeds, other: Connection
) -> None:
    run_id = await make_run(other)
    view = await feeds.follow(run_id, 0)
    await write(other, run_id)
    await until(lambda: feeds.runs.feed(run_id).stirred)
    assert [line.seq for line in await seen(view, 1, seconds=0.7)] == [1]


async def test_who_falls_behind_goes_back_to_the_journal(feeds: Feeds, other: Connection) -> None:
    run_id = await make_run(other)
    slow, quick = await feeds.follow(run_id, 0), await feeds.follow(run_id, 0)
    await write(other, run_id)
    for view in (slow, quick):
        await seen(view, 1)
    total = 2 * QUEUE + 1
    for _ in range(total // 19 + 1):
        await write(other, run_id, 19)
        await seen(quick, 19)
    assert len(slow._items) <= QUEUE
    await write(other, run_id)
    numbers = [line.seq for line in await seen(slow, total)]
    assert numbers == list(range(2, len(numbers) + 2))
    last = await write(other, run_id)
    rest = [line.seq for line in await seen(slow, last - numbers[-1])]
    assert rest == list(range(numbers[-1] + 1, last + 1))


async def test_what_is_new_is_read_once_for_all(feeds: Feeds, other: Connection, counting: Counting) -> None:
    run_ids = [await make_run(other) for _ in range(5)]
    views = [await feeds.follow(run_id, 0) for run_id in run_ids for _ in range(20)]
    joined = [asyncio.create_task(seen(view, 10)) for view in views]
    await until(lambda: all(place is not None for place in feeds.runs.watched.values()))
    before = counting.statements.copy()
    for _ in range(10):
        for run_id in run_ids:
            await write(other, run_id)
    lines = await asyncio.gather(*joined)
    assert all([line.seq for line in found] == list(range(1, 11)) for found in lines)
    assert counting.statements["ahead"] - before["ahead"] <= 50  # at most one for each append
    assert counting.statements["watches"] - before["watches"] <= 5  # the looks of every second
    assert lines[0][0] is lines[1][0]  # and its forms are made once for all


async def test_a_form_is_made_once(feeds: Feeds, other: Connection) -> None:
    run_id = await make_run(other)
    await write(other, run_id)
    (line,) = await seen(await feeds.follow(run_id, 0), 1)
    made: list[int] = []

    def form(line: Line) -> int:
        made.append(line.seq)
        return line.seq

    assert [line.told(form), line.told(form)] == [1, 1]
    assert made == [1]


async def test_views_of_a_fork_begin_with_what_it_shares(feeds: Feeds, other: Connection) -> None:
    first, second, third = [await make_run(other) for _ in range(3)]
    await write(other, first, PAGE + 5)
    fork = "update runs set forked_from = %s, forked_seq = %s, seq = %s where id = %s"
    await other.execute(fork, (first, PAGE + 2, PAGE + 2, second))
    await write(other, second, 3)
    await other.execute(fork, (second, PAGE + 4, PAGE + 4, third))
    await write(other, third, 1)
    view = await feeds.follow(third, 0)
    assert [line.seq for line in await seen(view, PAGE + 5)] == list(range(1, PAGE + 6))
    await write(other, third, 1)
    assert [line.seq for line in await seen(view, 1)] == [PAGE + 6]
    shared = await feeds.follow(third, PAGE + 1)
    assert [line.seq for line in await seen(shared, 5)] == list(range(PAGE + 2, PAGE + 7))


async def test_a_tenant_sees_its_own_runs_only(feeds: Feeds, other: Connection) -> None:
    mine, theirs = await make_run(other), await make_run(other, "other")
    view = await feeds.follow_tenant("default", ALL, silence=0.2)
    for run_id in (mine, theirs, mine, theirs):
        await write(other, run_id)
    assert {line.run_id for line in await seen(view, 2)} == {mine}
    assert await silent(view)


async def test_what_commits_in_reverse_order_is_told_whole(
    feeds: Feeds, other: Connection, conninfo: str
) -> None:
    early, late = await make_run(other), await make_run(other)
    view = await feeds.follow_tenant("default", ALL, silence=0.3)
    async with connected(conninfo) as slow:
        async with slow.transaction():
            await write(slow, early)  # has the lower transaction number, and is not committed
            await write(other, late)
            await write(other, late)
            assert await silent(view)
        lines = await seen(view, 3, seconds=1.0)
    assert [(line.run_id, line.seq) for line in lines] == [(early, 1), (late, 1), (late, 2)]
    assert lines[0].place < lines[1].place < lines[2].place
    resumed = await feeds.follow_tenant("default", lines[0].place)
    assert [line.run_id for line in await seen(resumed, 2)] == [late, late]


async def test_a_long_transaction_elsewhere_delays_and_loses_nothing(
    feeds: Feeds, other: Connection, conninfo: str
) -> None:
    run_id = await make_run(other)
    view = await feeds.follow_tenant("default", (await feeds.present()).place, silence=0.2)
    async with connected(conninfo) as elsewhere:
        async with elsewhere.transaction():
            await elsewhere.execute("create temporary table anything (id int)")
            await write(other, run_id, 5)
            assert await silent(view)
        assert len(await seen(view, 5, seconds=1.0)) == 5


async def test_many_writers_at_once_are_told_whole(feeds: Feeds, other: Connection, conninfo: str) -> None:
    chance = random.Random(5)
    view = await feeds.follow_tenant("default", (await feeds.present()).place)
    run_ids = [await make_run(other) for _ in range(8)]

    async def writer(run_id: UUID) -> None:
        async with connected(conninfo) as connection:
            for _ in range(25):
                async with connection.transaction():
                    await write(connection, run_id, chance.randint(1, 3))
                    await asyncio.sleep(chance.random() * 0.004)

    await asyncio.gather(*(writer(run_id) for run_id in run_ids))
    cursor = await other.execute("select run_id, seq from journal order by xid, run_id, seq")
    journal = [(run_id, seq) for run_id, seq in await cursor.fetchall()]
    assert len(journal) >= 200
    lines = await seen(view, len(journal))
    assert [(line.run_id, line.seq) for line in lines] == journal
    for place in (lines[0].place, lines[PAGE].place, lines[-2].place):
        resumed = await seen(
            await feeds.follow_tenant("default", place), sum(line.place > place for line in lines)
        )
        assert [line.place for line in resumed] == [line.place for line in lines if line.place > place]


async def test_a_database_that_stays_away_is_given_up_after_a_while(
    feeds: Feeds, other: Connection, conninfo: str
) -> None:
    run_id = await make_run(other)
    await write(other, run_id)
    patient = await feeds.follow(run_id, 0, silence=0.2)
    impatient = await feeds.follow(run_id, 0, silence=0.2, patience=0.3)
    for view in (patient, impatient):
        await seen(view, 1)
    long = await make_run(other)
    await flood(other, long, 2 * PAGE, 10)
    reading, hasty = await feeds.follow(long, 0), await feeds.follow(long, 0, patience=0.1)
    for view in (reading, hasty):
        assert len(await anext(view)) == PAGE
    with shut(conninfo):
        with pytest.raises(DatabaseUnavailable):
            await seen(impatient, 1, seconds=5)
        assert await silent(patient)
        assert await silent(reading)  # in the middle of its journal
        with pytest.raises(DatabaseUnavailable):
            await seen(hasty, 1, seconds=5)
    async with connected(other.info.dsn) as back:
        await write(back, run_id)
    assert [line.seq for line in await seen(patient, 1)] == [2]
    assert [line.seq for line in await seen(reading, PAGE)] == list(range(PAGE + 1, 2 * PAGE + 1))


async def test_a_closed_view_ends_and_costs_nothing(
    feeds: Feeds, other: Connection, counting: Counting
) -> None:
    run_id = await make_run(other)
    view = await feeds.follow(run_id, 0)
    waiting = asyncio.create_task(anext(view))
    await asyncio.sleep(0.05)
    view.close()
    with pytest.raises(StopAsyncIteration):
        await waiting
    before = counting.statements["ahead"]
    for _ in range(5):
        await write(other, run_id)
    await asyncio.sleep(0.1)
    assert counting.statements["ahead"] == before


async def test_all_may_have_been_missed(feeds: Feeds, other: Connection) -> None:
    run_id = await make_run(other)
    view = await feeds.follow(run_id, 0)
    await write(other, run_id)
    await seen(view, 1)
    await write(other, run_id, told=False)
    feeds._heard(None)  # as the listener says when it has connected anew
    assert len(await seen(view, 1, seconds=0.5)) == 1
    assert JOURNAL == "pilothouse_journal"
