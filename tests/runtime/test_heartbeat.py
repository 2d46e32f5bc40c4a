"""The heartbeat: the worker's row, its lock, its lease, and the watch over the event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit.clock import ServerClock, elapsed
from pilothouse.kit.ids import Ids
from pilothouse.runtime.heartbeat import Heartbeat, lock_key
from pilothouse.runtime.worker_settings import WorkerSettings
from support.clocks import ManualClock
from support.proxy import Proxy
from support.waiting import rows, until

QUICK = WorkerSettings(heartbeat=0.02, lease=10)
OURS = """
 from pg_locks where locktype = 'advisory' and granted
  and database = (select oid from pg_database where datname = current_database())
"""
LOCKS = f"select count(*) {OURS}"
KILL = """
select pg_terminate_backend(pid) from pg_stat_activity
 where datname = current_database() and pid <> pg_backend_pid()
"""


@pytest.fixture
async def beating(conninfo: str) -> Callable[..., Any]:
    started: list[Heartbeat] = []

    async def start(settings: WorkerSettings = QUICK, worker_id: Any = None) -> Heartbeat:
        made = Heartbeat(conninfo, worker_id or Ids().new(), ["w@1"], settings)
        started.append(made)
        await asyncio.to_thread(made.start)
        return made

    yield start
    for each in started:
        await asyncio.to_thread(each.stop)


async def test_it_registers_the_worker_holds_its_lock_and_keeps_its_row_fresh(
    beating: Any, conninfo: str
) -> None:
    heartbeat = await beating()
    assert heartbeat.valid()
    assert rows(conninfo, "select pins, pid > 0 from workers") == [(["w@1"], True)]
    assert rows(conninfo, LOCKS) == [(1,)]
    ((first,),) = rows(conninfo, "select heartbeat_at from workers")
    await until(lambda: rows(conninfo, "select heartbeat_at from workers")[0][0] > first)


async def test_stopping_takes_the_worker_off_the_list(beating: Any, conninfo: str) -> None:
    heartbeat = await beating()
    await asyncio.to_thread(heartbeat.stop)
    assert rows(conninfo, "select count(*) from workers") == [(0,)]
    assert rows(conninfo, LOCKS) == [(0,)]


async def test_without_a_database_it_does_not_start() -> None:
    heartbeat = Heartbeat("host=127.0.0.1 port=1", Ids().new(), [], QUICK)
    with pytest.raises(DatabaseUnavailable):
        heartbeat.start()
    heartbeat.stop()


SESSIONS = """
select count(*) from pg_stat_activity
 where datname = current_database() and application_name = 'pilothouse-heartbeat'
"""


async def test_what_is_stopped_while_it_still_connects_leaves_nothing_behind(conninfo: str) -> None:
    with Proxy(conninfo) as proxy:
        proxy.delay = 0.05  # for each step of connecting and registering
        heartbeat = Heartbeat(proxy.conninfo, Ids().new(), ["w@1"], QUICK)
        starting = asyncio.create_task(asyncio.to_thread(heartbeat.start))
        await until(lambda: rows(conninfo, SESSIONS) == [(1,)])
        await asyncio.to_thread(heartbeat.stop)
        await starting
        assert rows(conninfo, "select count(*) from workers") == [(0,)]
        assert not heartbeat._thread.is_alive()
        await until(lambda: rows(conninfo, SESSIONS) == [(0,)])


async def test_what_was_stopped_before_it_started_does_not_start(conninfo: str) -> None:
    heartbeat = Heartbeat(conninfo, Ids().new(), ["w@1"], QUICK)
    heartbeat.stop()
    heartbeat.start()
    assert not heartbeat.valid()
    assert rows(conninfo, "select count(*) from workers") == [(0,)]


async def test_a_beat_that_nobody_answers_is_given_up_in_time_for_another(conninfo: str) -> None:
    with Proxy(conninfo) as proxy:
        settings = WorkerSettings(heartbeat=0.02, lease=1.5)
        heartbeat = Heartbeat(proxy.conninfo, Ids().new(), ["w@1"], settings)
        await asyncio.to_thread(heartbeat.start)
        held = heartbeat.lease()
        proxy.swallow()
        await until(lambda: not heartbeat.valid())
        proxy.mend()
        await until(heartbeat.valid)
        assert not held.valid()  # whatever it held may be somebody else's
        await asyncio.to_thread(heartbeat.stop)


async def test_each_beat_puts_the_clock_right(conninfo: str) -> None:
    clock = ServerClock(ManualClock())
    assert clock.now().year == 2030
    heartbeat = Heartbeat(conninfo, Ids().new(), ["w@1"], QUICK, clock)
    heartbeat.start()
    ((now,),) = rows(conninfo, "select clock_timestamp()")
    assert abs((clock.now() - now).total_seconds()) < 1
    heartbeat.stop()


async def test_a_lease_is_valid_before_the_first_and_after_the_last_beat_never(conninfo: str) -> None:
    heartbeat = Heartbeat(conninfo, Ids().new(), [], QUICK)
    assert not heartbeat.valid()
    heartbeat._renewed = elapsed() - QUICK.lease * 0.79
    assert heartbeat.valid()
    heartbeat._renewed = elapsed() - QUICK.lease * 0.81  # before anybody else takes over
    assert not heartbeat.valid()


async def test_a_lost_connection_ends_the_lease_until_it_is_renewed(beating: Any, conninfo: str) -> None:
    heartbeat = await beating()
    invalid = []
    renew = heartbeat._renew

    def watched() -> None:
        invalid.append(not heartbeat.valid())
        renew()

    heartbeat._renew = watched
    rows(conninfo, KILL)
    await until(lambda: any(invalid))
    await until(heartbeat.valid)
    assert rows(conninfo, LOCKS) == [(1,)]


async def test_a_lock_that_a_dead_session_still_holds_does_not_stop_it(beating: Any, conninfo: str) -> None:
    worker_id = Ids().new()
    with psycopg.connect(conninfo, autocommit=True) as ghost:
        ghost.execute("select pg_advisory_lock(%s)", (lock_key(worker_id),))
        heartbeat = await asyncio.wait_for(beating(worker_id=worker_id), 5)
        assert heartbeat.valid()
    pid = f"select pid {OURS}"
    mine = heartbeat._connection.info.backend_pid
    await until(lambda: rows(conninfo, pid) == [(mine,)])


async def test_a_short_lease_is_renewed_in_time(beating: Any) -> None:
    heartbeat = await beating(WorkerSettings(heartbeat=60, lease=0.3))
    deadline = time.monotonic() + 0.8
    while time.monotonic() < deadline:
        assert heartbeat.valid()
        await asyncio.sleep(0.02)


async def test_locks_of_different_workers_differ_and_fit_a_bigint() -> None:
    ids = Ids()
    keys = {lock_key(ids.new()) for _ in range(1_000)}
    assert len(keys) == 1_000
    assert all(0 < key < 1 << 63 for key in keys)


def interrupted(settings: WorkerSettings, conninfo: str, *, beats: bool, frozen: bool = False) -> bool:
    """Whether a heartbeat interrupts an event loop that spins in a thread of its own."""

    async def spin() -> None:
        heartbeat = Heartbeat(conninfo, Ids().new(), [], settings)
        heartbeat._renew = lambda: None
        heartbeat.start()
        until_then = time.monotonic() + 0.6
        if frozen:
            waiting = heartbeat._stop.wait
            heartbeat._stop.wait = lambda _: waiting(0.5)  # each of the thread's turns takes that long
        try:
            while time.monotonic() < until_then:
                if beats:
                    heartbeat.beat()
                time.sleep(0.005)  # noqa: ASYNC251 - blocking the loop is what it is about
        finally:
            heartbeat.stop()

    def run() -> bool:
        try:
            asyncio.run(spin())
        except BaseException as error:
            return type(error).__name__ == "LoopBlocked"
        return False

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result()


@pytest.mark.parametrize(
    ("beats", "frozen", "expected"), [(False, False, True), (True, False, False), (False, True, False)]
)
def test_a_loop_that_does_not_beat_is_interrupted_but_not_one_that_was_frozen_with_its_process(
    conninfo: str, beats: bool, frozen: bool, expected: bool
) -> None:
    settings = WorkerSettings(heartbeat=0.02, blocked_after=0.2)
    assert interrupted(settings, conninfo, beats=beats, frozen=frozen) is expected


def test_it_ends_with_an_event_loop_that_nobody_stopped_it_in(conninfo: str) -> None:
    made: list[Heartbeat] = []

    async def forget() -> None:
        made.append(Heartbeat(conninfo, Ids().new(), [], QUICK))
        await asyncio.to_thread(made[0].start)

    before = threading.active_count()
    asyncio.run(forget())
    made[0]._thread.join(5)
    assert threading.active_count() <= before
    assert rows(conninfo, "select count(*) from workers") == [(0,)]


async def test_a_lease_that_was_interrupted_never_becomes_valid_again(conninfo: str) -> None:
    heartbeat = Heartbeat(conninfo, Ids().new(), ["w@1"], QUICK)
    heartbeat._renew()
    before = heartbeat.lease()
    assert before.valid()
    heartbeat._renewed = elapsed() - QUICK.lease  # as if the process had been frozen since
    assert not before.valid()
    heartbeat._renew()
    assert heartbeat.valid()
    assert not before.valid()  # what it held may be somebody else's by now
    assert heartbeat.lease().valid()
    heartbeat.stop()
