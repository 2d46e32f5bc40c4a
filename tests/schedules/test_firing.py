"""Firing against a real database: each fire is one run, whoever fires and whatever is in its way."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from random import Random
from uuid import UUID

import psycopg
import pytest

from pilothouse import Context, workflow
from pilothouse.app import assembled
from pilothouse.kit.ids import made_at
from pilothouse.runtime.engine import Engine
from pilothouse.schedules.firing import AT_ONCE, Firing, run_id_of
from pilothouse.schedules.repository import Due, DueSchedules
from pilothouse.settings import Settings
from support import parcels
from support.clocks import ManualClock
from support.timetable import HOUR, MINUTE, SECOND, add, now, the_second
from support.waiting import rows, until

MakeFiring = Callable[..., Awaitable[Firing]]
RUNS = "select id, schedule_id, tenant_id, status, principal, priority from runs order by id"
STATE = "select next_at, last_at, last_run_id, failure, queued from schedules where id = %s"
ANY = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


class Odd(parcels.Parcel):
    def model_post_init(self, _context: object, /) -> None:
        raise LookupError("there is no Monday")


def fires(conninfo: str) -> list[dt.datetime]:
    """The moments whose fires have made runs, in order."""
    return [made_at(row[0]) for row in rows(conninfo, RUNS)]


async def started(conninfo: str, folder: Path, *more: str) -> asyncio.subprocess.Process:
    """A process that fires; see `support.timetable`."""
    tests = Path(parcels.__file__).parents[1]
    command = [sys.executable, "-m", "support.timetable", conninfo, str(folder), *more]
    return await asyncio.create_subprocess_exec(*command, cwd=tests)


async def test_a_due_schedule_makes_one_run_of_its_input_and_goes_on_to_its_next_fire(
    conninfo: str, firing: Firing
) -> None:
    due = the_second(conninfo)
    (schedule,) = add(conninfo, next_at=due, start_at=due, tenant_id="acme", priority=7)
    assert await firing.tend(ANY) > ANY
    ((run_id, schedule_id, *run),) = rows(conninfo, RUNS)
    assert (run_id, schedule_id) == (run_id_of(schedule, due), schedule)
    assert run == ["acme", "queued", "me", 7]
    ((next_at, last_at, last_run_id, failure, _),) = rows(conninfo, STATE, schedule)
    assert (next_at, last_at, last_run_id, failure) == (due + HOUR, due, run_id, None)
    payload = rows(conninfo, "select payload from journal where run_id = %s", run_id)[0][0]
    assert parcels.Parcel.model_validate_json(payload) == parcels.Parcel(text="hello")


async def test_what_is_not_due_waits_and_the_chore_says_until_when(conninfo: str, firing: Firing) -> None:
    add(conninfo, next_at=now(conninfo) + HOUR)
    add(conninfo, next_at=now(conninfo) + HOUR / 2)
    add(conninfo, next_at=now(conninfo) + MINUTE, paused=True)
    following = await firing.tend(ANY)
    assert fires(conninfo) == []
    assert following is not None
    assert abs(following - ANY - HOUR / 2) < 10 * SECOND


async def test_without_schedules_there_is_nothing_to_wait_for(firing: Firing) -> None:
    assert await firing.tend(ANY) is None


async def test_the_id_of_a_run_follows_from_its_schedule_and_the_moment() -> None:
    one, other = UUID(int=1), UUID(int=2)
    assert run_id_of(one, ANY) == run_id_of(one, ANY.astimezone(dt.timezone(HOUR)))
    assert len({run_id_of(one, ANY), run_id_of(other, ANY), run_id_of(one, ANY + SECOND)}) == 3
    assert (run_id_of(one, ANY).version, made_at(run_id_of(one, ANY))) == (7, ANY)


async def test_many_that_race_make_one_run_of_each_fire(conninfo: str, fire: MakeFiring) -> None:
    due = the_second(conninfo)
    made = add(conninfo, count=AT_ONCE + 50, next_at=due)
    racing = [await fire() for _ in range(4)]
    await asyncio.gather(*(firing.tend(ANY) for firing in racing for _ in range(2)))
    assert sorted(row[1] for row in rows(conninfo, RUNS)) == sorted(made)


async def test_clocks_that_differ_by_hours_neither_double_nor_lose_a_fire(
    conninfo: str, fire: MakeFiring
) -> None:
    clocks = [ManualClock(now(conninfo) + ahead) for ahead in (-HOUR, 0 * HOUR, HOUR)]
    chores = [await fire(clock=clock) for clock in clocks]
    first = the_second(conninfo)
    add(conninfo, interval_seconds=1, start_at=first, end_at=first + 2 * SECOND, next_at=first)
    while now(conninfo) < first + 2.5 * SECOND:
        for clock, chore in zip(clocks, chores, strict=True):
            following = await chore.tend(clock.now())
            assert following is None or abs(following - clock.now()) < 2 * SECOND
        await asyncio.sleep(0.02)
    assert fires(conninfo) == [first, first + SECOND, first + 2 * SECOND]


async def test_a_process_killed_between_fire_and_commit_leaves_the_fire_to_the_next(
    conninfo: str, firing: Firing, tmp_path: Path
) -> None:
    """The database holds the process up behind the run's insert, until it is dead."""
    due = the_second(conninfo)
    (schedule,) = add(conninfo, next_at=due)
    with psycopg.connect(conninfo, autocommit=True) as gate:
        gate.execute("select pg_advisory_lock(7)")
        gate.execute(
            """
            create function wait_here() returns trigger language plpgsql as
              $$ begin perform pg_advisory_xact_lock(7); return new; end $$;
            create trigger wait_here before update on schedules for each row execute function wait_here()
            """
        )
        try:
            process = await started(conninfo, tmp_path)
            waits = "select 1 from pg_locks where locktype = 'advisory' and not granted"
            await until(lambda: gate.execute(waits).fetchall())
            assert await firing.tend(ANY) is None  # the row is locked: nobody else fires meanwhile
            process.kill()
            await process.wait()
            gate.execute("select pg_advisory_unlock(7)")
            locked = (
                "select 1 from pg_stat_activity where application_name like '%schedules' and state <> 'idle'"
            )
            await until(lambda: not gate.execute(locked).fetchall())
        finally:
            gate.execute("drop trigger wait_here on schedules; drop function wait_here()")
    assert fires(conninfo) == []
    await firing.tend(ANY)
    assert [row[0] for row in rows(conninfo, RUNS)] == [run_id_of(schedule, due)]


async def test_a_moment_that_was_fired_before_is_not_fired_again(conninfo: str, firing: Firing) -> None:
    due = the_second(conninfo)
    (schedule,) = add(conninfo, next_at=due)
    await firing.tend(ANY)
    rows(conninfo, "update schedules set next_at = %s", due)
    await firing.tend(ANY)
    assert fires(conninfo) == [due]
    ((next_at, *_, failure, _),) = rows(conninfo, STATE, schedule)
    assert (next_at > due, failure) == (True, None)


async def test_many_missed_fires_are_written_in_parts(
    conninfo: str, firing: Firing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pilothouse.schedules.firing.RUNS_AT_ONCE", 5)
    start = the_second(conninfo) - MINUTE
    add(conninfo, count=4, missed="all", missed_limit=3, interval_seconds=1, start_at=start, next_at=start)
    await firing.tend(ANY)
    assert len(fires(conninfo)) == 12


async def test_a_schedule_deleted_while_it_fires_keeps_the_run(conninfo: str, firing: Firing) -> None:
    add(conninfo, count=20, next_at=the_second(conninfo))
    deleting = asyncio.to_thread(rows, conninfo, "delete from schedules")
    await asyncio.gather(firing.tend(ANY), deleting)
    await firing.tend(ANY)
    assert len(fires(conninfo)) in range(21)
    assert rows(conninfo, "select count(*) from schedules") == [(0,)]


async def test_it_ends_with_its_last_fire(conninfo: str, firing: Firing) -> None:
    due = the_second(conninfo)
    (schedule,) = add(conninfo, next_at=due, end_at=due + MINUTE)
    await firing.tend(ANY)
    assert rows(conninfo, STATE, schedule)[0][0] is None


class TestMissed:
    """An hour in which nothing fired, by the minute."""

    @pytest.fixture
    def last(self, conninfo: str) -> dt.datetime:
        return now(conninfo).replace(microsecond=0)

    @pytest.mark.parametrize(
        ("policy", "late", "expected"),
        [
            ("skip", 5, [0]),
            ("once", 5, [0]),
            ("all", 5, [*range(60, -1, -1)]),
            ("skip", 90, []),
            ("once", 90, [0]),
            ("all", 90, [*range(59, -1, -1)]),
        ],
    )
    async def test_is_made_up_for_as_the_policy_says(
        self, conninfo: str, firing: Firing, last: dt.datetime, policy: str, late: int, expected: list[int]
    ) -> None:
        last -= late * SECOND
        start = last - HOUR if late == 5 else last - 59 * MINUTE
        interval = {"interval_seconds": 60 if late == 5 else 120}
        if late == 90:
            start, expected = last - 118 * MINUTE, [2 * item for item in expected]
        (schedule,) = add(conninfo, missed=policy, start_at=start, next_at=start, **interval)
        await firing.tend(ANY)
        assert fires(conninfo) == [last - minutes * MINUTE for minutes in expected]
        assert rows(conninfo, STATE, schedule)[0][0] > now(conninfo)

    async def test_all_goes_up_to_the_limit_the_latest_first(
        self, conninfo: str, firing: Firing, last: dt.datetime
    ) -> None:
        start = last - HOUR
        add(conninfo, missed="all", missed_limit=3, interval_seconds=60, start_at=start, next_at=start)
        await firing.tend(ANY)
        assert fires(conninfo) == [last - 2 * MINUTE, last - MINUTE, last]

    async def test_months_by_the_second_are_quick(
        self, conninfo: str, firing: Firing, last: dt.datetime
    ) -> None:
        start = last - 100 * 24 * HOUR
        add(conninfo, missed="all", missed_limit=5, interval_seconds=1, start_at=start, next_at=start)
        async with asyncio.timeout(5):
            await firing.tend(ANY)
        assert len(fires(conninfo)) == 5


class TestOverlap:
    @pytest.fixture
    async def engine(self, open_engine: Callable[..., Awaitable[Engine]]) -> Engine:
        return await open_engine(*parcels.app.workflows)

    @pytest.fixture
    def again(self, conninfo: str, firing: Firing) -> Callable[[], Awaitable[list[str]]]:
        """Has every schedule fire a second later than before; the states of the runs then."""

        async def fire_again() -> list[str]:
            rows(conninfo, "update schedules set next_at = coalesce(last_at, next_at) + interval '1 second'")
            await firing.tend(ANY)
            return self.states(conninfo)

        return fire_again

    @staticmethod
    def states(conninfo: str) -> list[str]:
        return [row[3] for row in rows(conninfo, RUNS)]

    @staticmethod
    def end(conninfo: str, status: str = "completed") -> None:
        rows(conninfo, "update runs set status = %s where status <> 'cancelled'", status)

    def begin(self, conninfo: str, overlap: str) -> UUID:
        due = now(conninfo).replace(microsecond=0) - 30 * SECOND
        return add(conninfo, overlap=overlap, interval_seconds=3_600, start_at=due, next_at=due)[0]

    async def test_allow_runs_beside_the_last(
        self, conninfo: str, again: Callable[[], Awaitable[list[str]]]
    ) -> None:
        self.begin(conninfo, "allow")
        await again()
        assert await again() == ["queued", "queued"]

    @pytest.mark.parametrize("status", ["queued", "running", "waiting"])
    async def test_skip_leaves_a_fire_out_while_the_last_run_has_not_ended(
        self, conninfo: str, again: Callable[[], Awaitable[list[str]]], status: str
    ) -> None:
        self.begin(conninfo, "skip")
        await again()
        self.end(conninfo, status)
        assert await again() == [status]
        self.end(conninfo, "failed")
        assert await again() == ["failed", "queued"]

    async def test_a_run_that_goes_on_as_another_has_not_ended(
        self, conninfo: str, again: Callable[[], Awaitable[list[str]]]
    ) -> None:
        schedule = self.begin(conninfo, "skip")
        await again()
        self.end(conninfo)
        copy = """
        insert into runs (id, tenant_id, workflow, version, pin, status, schedule_id)
        select %s, tenant_id, workflow, version, pin, 'running', schedule_id from runs
        """
        rows(conninfo, copy, run_id_of(schedule, ANY))
        assert await again() == ["completed", "running"]

    async def test_cancel_cancels_the_last_run_and_runs_instead(
        self, conninfo: str, again: Callable[[], Awaitable[list[str]]]
    ) -> None:
        self.begin(conninfo, "cancel")
        await again()
        assert await again() == ["cancelled", "queued"]
        self.end(conninfo)
        assert await again() == ["cancelled", "completed", "queued"]

    async def test_cancel_of_what_has_just_ended_or_is_gone_runs_all_the_same(
        self, conninfo: str, again: Callable[[], Awaitable[list[str]]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.begin(conninfo, "cancel")
        await again()
        self.end(conninfo)

        async def all_of_them(_: DueSchedules, due: Sequence[Due]) -> frozenset[UUID]:
            return frozenset(item.id for item in due)  # as it was a moment ago

        monkeypatch.setattr(DueSchedules, "busy", all_of_them)
        assert await again() == ["completed", "queued"]

    async def test_queue_runs_one_after_the_other_and_loses_none(
        self, conninfo: str, firing: Firing, again: Callable[[], Awaitable[list[str]]]
    ) -> None:
        schedule = self.begin(conninfo, "queue")
        await again()
        rows(conninfo, "update schedules set next_at = last_at + interval '1 second', interval_seconds = 2")
        await firing.tend(ANY)
        waiting = rows(conninfo, STATE, schedule)[0][4]
        assert (len(waiting) > 5, self.states(conninfo)) == (True, ["queued"])
        rows(conninfo, "update schedules set next_at = null")
        for done in range(1, len(waiting) + 1):
            self.end(conninfo)
            await firing.tend(ANY)
            assert self.states(conninfo) == ["completed"] * done + ["queued"]
        self.end(conninfo)
        await firing.tend(ANY)
        assert fires(conninfo)[1:] == waiting
        assert rows(conninfo, STATE, schedule)[0][4] == []

    async def test_what_is_queued_waits_for_the_end_of_a_pause(
        self, conninfo: str, firing: Firing, again: Callable[[], Awaitable[list[str]]]
    ) -> None:
        self.begin(conninfo, "queue")
        await again()
        await again()
        self.end(conninfo)
        rows(conninfo, "update schedules set paused = true, next_at = null")
        await firing.tend(ANY)
        assert self.states(conninfo) == ["completed"]
        rows(conninfo, "update schedules set paused = false")
        await firing.tend(ANY)
        assert self.states(conninfo) == ["completed", "queued"]


class TestFailing:
    async def test_a_bad_schedule_is_called_failing_and_stops_no_other(
        self, conninfo: str, firing: Firing
    ) -> None:
        due = the_second(conninfo)
        (bad,) = add(conninfo, next_at=due, payload=b'{"text": ""}')
        (unreadable,) = add(conninfo, next_at=due, payload=b"\x00{")
        good = add(conninfo, count=3, next_at=due)
        await firing.tend(ANY)
        assert sorted(row[1] for row in rows(conninfo, RUNS)) == good
        ((next_at, last_at, _, failure, _),) = rows(conninfo, STATE, bad)
        assert "text: String should have at least 1 character" in failure
        assert (next_at > due, last_at) == (True, None)
        assert rows(conninfo, STATE, unreadable)[0][3]

    async def test_it_is_tried_again_at_its_next_fire_and_then_well(
        self, conninfo: str, firing: Firing
    ) -> None:
        due = the_second(conninfo)
        (schedule,) = add(conninfo, next_at=due, payload=b"{}")
        await firing.tend(ANY)
        rows(
            conninfo, "update schedules set next_at = %s, payload = %s", due + SECOND / 1000, b'{"text": "x"}'
        )
        await firing.tend(ANY)
        ((_, _, last_run_id, failure, _),) = rows(conninfo, STATE, schedule)
        assert (last_run_id is not None, failure) == (True, None)
        assert rows(conninfo, "select failing_since from schedules") == [(None,)]

    async def test_a_check_of_the_workflows_own_that_breaks_is_told(
        self, conninfo: str, fire: MakeFiring
    ) -> None:
        @workflow("odd")
        async def odd(ctx: Context, value: Odd) -> None: ...

        (schedule,) = add(conninfo, workflow="odd", next_at=the_second(conninfo))
        await (await fire(odd)).tend(ANY)
        assert rows(conninfo, STATE, schedule)[0][3] == "LookupError: there is no Monday"

    async def test_what_the_database_refuses_fails_alone(self, conninfo: str, firing: Firing) -> None:
        due = the_second(conninfo)
        (bad,) = add(conninfo, next_at=due, principal="x" * 50)
        good = add(conninfo, count=3, next_at=due)
        rows(conninfo, "alter table runs add constraint short check (length(principal) < 50)")
        try:
            await firing.tend(ANY)
        finally:
            rows(conninfo, "alter table runs drop constraint short")
        assert sorted(row[1] for row in rows(conninfo, RUNS)) == good
        ((next_at, *_, failure, _),) = rows(conninfo, STATE, bad)
        assert ("violates check constraint" in failure, next_at > due) == (True, True)

    async def test_where_nobody_can_tell_the_next_fire_it_is_tried_again_soon(
        self, conninfo: str, firing: Firing
    ) -> None:
        due = the_second(conninfo)
        (lost,) = add(conninfo, cron="0 7 * * *", interval_seconds=None, time_zone="Atlantis", next_at=due)
        good = add(conninfo, next_at=due)
        await firing.tend(ANY)
        assert [row[1] for row in rows(conninfo, RUNS)] == good
        ((next_at, *_, failure, _),) = rows(conninfo, STATE, lost)
        assert "No time zone found with key Atlantis" in failure
        assert SECOND < next_at - due < 2 * MINUTE

    async def test_a_workflow_of_another_process_is_left_to_it(
        self, conninfo: str, firing: Firing, fire: MakeFiring
    ) -> None:
        @workflow("elsewhere", version=3)
        async def elsewhere(ctx: Context, parcel: parcels.Parcel) -> None: ...

        due = the_second(conninfo)
        (latest,) = add(conninfo, workflow="elsewhere", next_at=due)
        (pinned,) = add(conninfo, workflow="elsewhere", version=3, next_at=due)
        (older,) = add(conninfo, workflow="elsewhere", version=2, next_at=due)
        await firing.tend(ANY)
        assert rows(
            conninfo, "select count(*) from schedules where next_at = %s and failure is null", due
        ) == [(3,)]
        await (await fire(elsewhere)).tend(ANY)
        assert [row[1] for row in rows(conninfo, RUNS)] == sorted(
            [latest, pinned], key=lambda item: run_id_of(item, due)
        )
        assert rows(conninfo, STATE, older)[0][0] == due

    async def test_where_no_process_has_it_that_is_told_once_and_the_fire_is_kept(
        self, conninfo: str, firing: Firing, fire: MakeFiring
    ) -> None:
        @workflow("gone")
        async def gone(ctx: Context, parcel: parcels.Parcel) -> None: ...

        due = now(conninfo).replace(microsecond=0) - 20 * SECOND
        (schedule,) = add(conninfo, workflow="gone", next_at=due, start_at=due)
        assert await firing.tend(ANY) is None
        ((next_at, *_, failure, _),) = rows(conninfo, STATE, schedule)
        assert failure == "No worker has the workflow gone; it fires as soon as one has."
        assert next_at == due
        await (await fire(gone)).tend(ANY)
        assert fires(conninfo) == [due]
        assert rows(conninfo, STATE, schedule)[0][3] is None


async def test_five_thousand_at_the_same_second_are_fired_at_once(conninfo: str, fire: MakeFiring) -> None:
    due = the_second(conninfo)
    add(conninfo, count=5_000, next_at=due)
    chores = [await fire(), await fire()]
    async with asyncio.timeout(60):
        await asyncio.gather(*(chore.tend(ANY) for chore in chores))
    assert fires(conninfo) == [due] * 5_000


@pytest.mark.long
async def test_processes_killed_at_random_neither_double_nor_lose_a_fire(
    conninfo: str, firing: Firing, tmp_path: Path
) -> None:
    """Three processes fire thirty schedules by the second for 20 s; one of them is killed every 0.3 s."""
    random, first = Random(7), the_second(conninfo) + 3 * SECOND
    seconds = [first + number * SECOND for number in range(20)]
    made = add(
        conninfo,
        count=30,
        interval_seconds=1,
        missed="all",
        start_at=first,
        end_at=seconds[-1],
        next_at=first,
    )
    alive = [await started(conninfo, tmp_path, "forever") for _ in range(3)]
    while now(conninfo) < seconds[-1]:
        await asyncio.sleep(0.3)
        victim = alive.pop(random.randrange(3))
        victim.kill()
        await victim.wait()
        alive.append(await started(conninfo, tmp_path, "forever"))
    for process in alive:
        process.kill()
        await process.wait()
    async with asyncio.timeout(30):
        while len(rows(conninfo, RUNS)) < 600:
            await firing.tend(ANY)
            await asyncio.sleep(0.1)
    expected = sorted((run_id_of(schedule, fire), schedule) for schedule in made for fire in seconds)
    assert [row[:2] for row in rows(conninfo, RUNS)] == expected


async def test_a_process_that_executes_runs_fires_schedules(conninfo: str, tmp_path: Path) -> None:
    said = Settings(_env_file=None, data=tmp_path)
    object.__setattr__(said, "database_url", conninfo)
    async with assembled(said, [parcels.app]) as pilothouse:
        add(conninfo, next_at=the_second(conninfo))
        worker = pilothouse.engine.worker()
        working = asyncio.create_task(worker.run())
        await until(lambda: [row[3] for row in rows(conninfo, RUNS)] == ["completed"], 5)
        await worker.stop()
        await working
