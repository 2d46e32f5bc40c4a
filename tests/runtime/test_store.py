"""The engine's statements: submit, claim, append, wake, take over, release."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from typing import Any
from uuid import UUID

import psycopg
import pytest

from pilothouse.errors import Conflict, DatabaseUnavailable
from pilothouse.kit.ids import Ids
from pilothouse.runtime import sql
from pilothouse.runtime.entries import Entry, Kind
from pilothouse.runtime.errors import Fenced
from pilothouse.runtime.ports import Statement
from pilothouse.runtime.store import Append, Claim, Store, Submission, TurnEnd
from support.waiting import rows

IDS = Ids()
ME, OTHER = IDS.new(), IDS.new()
STEP = Entry(Kind.COMPLETED, "step#0", b'{"value":1}', b"d" * 16)
NOTE = """
insert into artifacts (id, run_id, key, name, media_type, size, sha256) values (%s, %s, %s, '', '', 0, '')
"""
LIVE = """
insert into workers (id, lock_key, pins, host, pid, heartbeat_at)
values (%s, %s, '{}', '', 0, now() - %s * interval '1 second')
"""


@pytest.fixture
async def store(conninfo: str) -> Store:
    made = Store(conninfo)
    yield made
    await made.close()


def submission(**other: Any) -> Submission:
    fields = {"id": IDS.new(), "tenant_id": "default", "workflow": "w", "version": 1, "payload": b"1",
              "digest": b"d"}  # fmt: skip
    return Submission(**fields | other)


async def claimed(store: Store, worker: UUID = ME, **other: Any) -> Claim:
    await store.submit(submission(**other))
    (claim,) = await store.claim(worker, ["w@1"], 1)
    return claim


def append(claim: Claim, *entries: Entry, **other: Any) -> Append:
    return Append(claim.run_id, claim.epoch, claim.wakes, entries, **other)


def run_of(store: Store, run_id: UUID, columns: str = "status") -> Any:
    sql = f"select {columns} from runs where id = %s"  # noqa: S608 - the test names the columns
    found = rows(store.conninfo, sql, run_id)
    return found[0] if "," in columns else found[0][0]


def live(conninfo: str, worker: UUID, *, silent: float = 0.0) -> None:
    """Register a worker that was last heard of so many seconds ago, without a session."""
    rows(conninfo, LIVE, worker, worker.int & 0x7FFFFFFF, silent)


# Submitting


async def test_a_submission_is_a_queued_run_with_its_first_entry(store: Store) -> None:
    given = submission(principal="ada", priority=3, payload=b'{"a": 1}')
    assert await store.submit(given) == given.id
    assert run_of(store, given.id, "status, pin, priority, principal, seq, epoch") == (
        "queued", "w@1", 3, "ada", 1, 0,
    )  # fmt: skip
    (entry,) = (await store.read([given.id]))[given.id]
    assert (entry.kind, entry.payload, entry.seq) == (Kind.SUBMITTED, b'{"a": 1}', 1)


async def test_submissions_with_one_idempotency_key_are_one_run(store: Store) -> None:
    first = await store.submit(submission(idempotency_key="k"))
    found = await asyncio.gather(*(store.submit(submission(idempotency_key="k")) for _ in range(50)))
    assert set(found) == {first}
    assert rows(store.conninfo, "select count(*) from runs") == [(1,)]
    assert rows(store.conninfo, "select count(*) from journal") == [(1,)]


async def test_the_key_belongs_to_a_tenant(store: Store) -> None:
    mine = await store.submit(submission(idempotency_key="k"))
    assert await store.submit(submission(idempotency_key="k", tenant_id="other")) != mine


@pytest.mark.parametrize("other", [{"digest": b"another"}, {"workflow": "v"}])
async def test_a_key_that_was_used_for_something_else_is_a_conflict(store: Store, other: Any) -> None:
    run_id = await store.submit(submission(idempotency_key="k"))
    good, bad = await asyncio.gather(
        store.submit(submission()),
        store.submit(submission(idempotency_key="k", **other)),
        return_exceptions=True,
    )
    assert isinstance(good, UUID)
    assert isinstance(bad, Conflict)
    assert str(run_id) in bad.message


# Claiming


async def test_the_most_urgent_and_oldest_runs_are_claimed_first(store: Store) -> None:
    low, old, new = [await store.submit(submission(priority=p)) for p in (0, 5, 5)]
    got = [(await store.claim(ME, ["w@1"], 1))[0].run_id for _ in range(3)]
    assert got == [old, new, low]
    assert await store.claim(ME, ["w@1"], 1) == []


async def test_no_more_than_the_free_slots_are_claimed(store: Store) -> None:
    for _ in range(5):
        await store.submit(submission())
    assert len(await store.claim(ME, ["w@1"], 3)) == 3
    assert len(await store.claim(ME, ["w@1"], 3)) == 2


async def test_a_worker_claims_the_versions_it_has_and_leaves_the_others(store: Store) -> None:
    old, new = await store.submit(submission(version=1)), await store.submit(submission(version=2))
    assert [claim.run_id for claim in await store.claim(ME, ["w@2", "x@1"], 9)] == [new]
    assert run_of(store, old) == "queued"


async def test_a_worker_for_one_run_claims_that_run_only(store: Store) -> None:
    first, second = await store.submit(submission()), await store.submit(submission())
    assert [claim.run_id for claim in await store.claim(ME, ["w@1"], 9, only=second)] == [second]
    assert run_of(store, first) == "queued"


async def test_two_workers_never_claim_the_same_run(conninfo: str) -> None:
    stores = [Store(conninfo) for _ in range(4)]
    await asyncio.gather(*(stores[0].submit(submission()) for _ in range(200)))
    claims = await asyncio.gather(
        *(store.claim(IDS.new(), ["w@1"], 7) for store in stores for _ in range(10))
    )
    got = [claim.run_id for some in claims for claim in some]
    assert len(got) == len(set(got)) == 200
    for store in stores:
        await store.close()


# Appending


async def test_an_append_numbers_entries_from_the_runs_last_one(store: Store) -> None:
    claim = await claimed(store)
    assert await store.append(append(claim, STEP, STEP)) == "running"
    assert await store.append(append(claim, STEP)) == "running"
    entries = (await store.read([claim.run_id]))[claim.run_id]
    assert [entry.seq for entry in entries] == [1, 2, 3, 4]
    assert entries[1][:4] == STEP[:4]
    assert [entry.seq for entry in (await store.read([claim.run_id], after=2))[claim.run_id]] == [3, 4]


async def test_appends_of_one_run_keep_their_order_within_a_batch(store: Store) -> None:
    claim = await claimed(store)
    items = [append(claim, Entry(Kind.NOTED, f"now#{n}"), Entry(Kind.COMPLETED, f"s#{n}")) for n in range(20)]
    await asyncio.gather(*map(store.append, items))
    keys = [entry.key for entry in (await store.read([claim.run_id], 1))[claim.run_id]]
    assert keys == [key for n in range(20) for key in (f"now#{n}", f"s#{n}")]


async def test_large_payloads_are_stored_compressed_and_read_back(store: Store) -> None:
    from pilothouse.runtime.entries import decode

    claim = await claimed(store)
    await store.append(append(claim, Entry(Kind.SAVED, "save#0", b"x" * 100_000)))
    entry = (await store.read([claim.run_id], 1))[claim.run_id][0]
    assert len(entry.payload) < 1_000
    assert decode(entry.codec, entry.payload) == b"x" * 100_000


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (TurnEnd("completed"), ("completed", None, True)),
        (TurnEnd("failed"), ("failed", None, True)),
        (TurnEnd("cancelled"), ("cancelled", None, True)),
        (TurnEnd("waiting"), ("waiting", None, False)),
        (TurnEnd("waiting", dt.datetime(2040, 1, 1, tzinfo=dt.UTC)), ("waiting", 2040, False)),
    ],
)
async def test_the_end_of_a_turn_moves_the_run_and_lets_go_of_it(
    store: Store, end: Any, expected: Any
) -> None:
    claim = await claimed(store)
    assert await store.append(append(claim, end=end)) == expected[0]
    columns = "status, extract(year from wake_at)::int, finished_at is not null, worker_id"
    assert run_of(store, claim.run_id, columns) == (*expected, None)
    with pytest.raises(Fenced):
        await store.append(append(claim, STEP))


async def test_a_run_that_was_woken_since_its_claim_is_queued_instead_of_waiting(store: Store) -> None:
    claim = await claimed(store)
    rows(store.conninfo, "update runs set wakes = wakes + 1 where id = %s", claim.run_id)
    assert await store.append(append(claim, end=TurnEnd("waiting"))) == "queued"


async def test_an_append_unless_woken_is_fenced_by_an_event_and_only_that(store: Store) -> None:
    claim, calm = await claimed(store), await claimed(store)
    rows(store.conninfo, "update runs set wakes = wakes + 1 where id = %s", claim.run_id)
    found = await asyncio.gather(
        store.append(append(claim, STEP, unless_woken=True)),
        store.append(append(calm, STEP, unless_woken=True)),
        return_exceptions=True,
    )
    assert isinstance(found[0], Fenced)
    assert found[1] == "running"
    assert await store.append(append(claim, STEP)) == "running"


async def test_a_claim_under_a_raised_epoch_fences_the_one_before(store: Store) -> None:
    old = await claimed(store)
    rows(store.conninfo, "update runs set status = 'queued' where id = %s", old.run_id)
    (new,) = await store.claim(OTHER, ["w@1"], 1)
    assert new.epoch == old.epoch + 1
    found = await asyncio.gather(
        store.append(append(old, STEP)), store.append(append(new, STEP)), return_exceptions=True
    )
    assert isinstance(found[0], Fenced)
    assert found[1] == "running"
    assert len((await store.read([old.run_id]))[old.run_id]) == 2


async def test_one_bad_append_fails_alone_and_the_others_commit(store: Store) -> None:
    claims = [await claimed(store) for _ in range(5)]
    items = [append(claim, STEP) for claim in claims]
    items[2] = append(claims[2], Entry(Kind.COMPLETED, "a\x00b"))
    found = await asyncio.gather(*map(store.append, items), return_exceptions=True)
    assert [type(each) for each in found] == [str, str, psycopg.DataError, str, str]
    journals = await store.read([claim.run_id for claim in claims], 1)
    assert [len(journals[claim.run_id]) for claim in claims] == [1, 1, 0, 1, 1]


async def test_statements_beside_an_append_are_in_its_transaction(store: Store) -> None:
    claim, other = await claimed(store), await claimed(store)
    good = Statement(NOTE, (IDS.new(), claim.run_id, "a"))
    bad = Statement(NOTE, (IDS.new(), IDS.new(), "no such run"))
    found = await asyncio.gather(
        store.append(append(claim, STEP, beside=[good])),
        store.append(append(other, STEP, beside=[bad])),
        return_exceptions=True,
    )
    assert found[0] == "running"
    assert isinstance(found[1], psycopg.errors.ForeignKeyViolation)
    assert rows(store.conninfo, "select run_id, key from artifacts") == [(claim.run_id, "a")]
    assert len((await store.read([other.run_id]))[other.run_id]) == 1


async def test_statements_of_a_fenced_append_are_not_written(store: Store) -> None:
    old, mine = await claimed(store), await claimed(store)
    rows(store.conninfo, "update runs set epoch = epoch + 1 where id = %s", old.run_id)
    items = [
        append(claim, STEP, beside=[Statement(NOTE, (IDS.new(), claim.run_id, "a"))]) for claim in (old, mine)
    ]
    found = await asyncio.gather(*map(store.append, items), return_exceptions=True)
    assert isinstance(found[0], Fenced)
    assert rows(store.conninfo, "select run_id from artifacts") == [(mine.run_id,)]


async def test_an_append_whose_connection_breaks_is_made_at_most_once(store: Store) -> None:
    claims = [await claimed(store) for _ in range(3)]
    kill = Statement("select pg_terminate_backend(pg_backend_pid())", ())
    items = [append(claims[0], STEP), append(claims[1], STEP, beside=[kill]), append(claims[2], STEP)]
    found = await asyncio.gather(*map(store.append, items), return_exceptions=True)
    assert {type(each) for each in found} == {DatabaseUnavailable}
    journals = await store.read([claim.run_id for claim in claims], 1)
    assert not any(journals.values())
    assert await store.append(append(claims[0], STEP)) == "running"


async def test_an_append_of_many_runs_tells_readers_of_all_of_them(store: Store, conninfo: str) -> None:
    await asyncio.gather(*(store.submit(submission()) for _ in range(250)))
    claims = await store.claim(ME, ["w@1"], 250)
    with psycopg.connect(conninfo, autocommit=True) as listening:
        listening.execute("listen pilothouse_journal")
        await asyncio.gather(*(store.append(append(claim, STEP)) for claim in claims))
        told = [note.payload for note in listening.notifies(timeout=0.3)]
    assert {run_id for payload in told for run_id in payload.split(",")} == {
        str(claim.run_id) for claim in claims
    }


# Losses


async def test_progress_forgets_lost_workers_and_a_started_step_is_no_progress(store: Store) -> None:
    claim = await claimed(store)
    rows(store.conninfo, "update runs set losses = 3 where id = %s", claim.run_id)
    await store.append(append(claim, Entry(Kind.STARTED, "step#0")))
    await store.append(append(claim))
    assert run_of(store, claim.run_id, "losses") == 3
    await store.append(append(claim, STEP))
    assert run_of(store, claim.run_id, "losses") == 0
    rows(store.conninfo, "update runs set losses = 3 where id = %s", claim.run_id)
    await store.append(append(claim, end=TurnEnd("waiting")))
    assert run_of(store, claim.run_id, "losses") == 0


async def test_a_worker_without_a_session_is_dead_after_the_grace(store: Store, conninfo: str) -> None:
    rows(conninfo, "select 1")
    claim = await claimed(store)
    live(conninfo, ME, silent=0)
    assert await store.take_over(15, 5, 5, OTHER) == []
    age_of_server = rows(conninfo, "select extract(epoch from now() - pg_postmaster_start_time())::float")[0][
        0
    ]
    silent = min(1.0, age_of_server / 2)
    rows(conninfo, "update workers set heartbeat_at = now() - %s * interval '1 second'", silent)
    assert await store.take_over(15, silent / 2, 5, OTHER) == [(claim.run_id, 1)]
    assert run_of(store, claim.run_id, "status, epoch, losses, worker_id") == ("queued", 2, 1, None)
    assert rows(conninfo, "select count(*) from workers") == [(0,)]
    entries = (await store.read([claim.run_id], 1))[claim.run_id]
    assert [(entry.kind, entry.payload) for entry in entries] == [(Kind.RUN_LOST, b'{"losses":1}')]
    with pytest.raises(Fenced):
        await store.append(append(claim, STEP))


async def test_a_worker_with_a_session_is_dead_after_the_lease(store: Store, conninfo: str) -> None:
    claim = await claimed(store)
    live(conninfo, ME, silent=0.2)
    with psycopg.connect(conninfo, autocommit=True) as session:
        session.execute("select pg_advisory_lock(lock_key) from workers")
        assert await store.take_over(10, 0.1, 5, OTHER) == []
        assert await store.take_over(0.1, 0.05, 5, OTHER) == [(claim.run_id, 1)]


async def test_after_the_database_was_away_workers_have_the_grace_to_report_back(
    store: Store, conninfo: str
) -> None:
    await claimed(store)
    live(conninfo, ME, silent=3600)
    age_of_server = rows(conninfo, "select extract(epoch from now() - pg_postmaster_start_time())::float")[0][
        0
    ]
    assert await store.take_over(age_of_server + 60, age_of_server + 30, 5, OTHER) == []


async def test_a_run_whose_worker_is_not_registered_is_taken_over(store: Store) -> None:
    claim = await claimed(store)
    assert await store.take_over(15, 2, 5, OTHER) == []
    assert await store.take_over(15, 2, 5, OTHER, thoroughly=True) == [(claim.run_id, 1)]


async def test_a_run_that_lost_too_many_workers_is_the_takers_to_fail(store: Store) -> None:
    claim = await claimed(store)
    rows(store.conninfo, "update runs set losses = 5")
    assert await store.take_over(15, 2, 5, OTHER, thoroughly=True) == [(claim.run_id, 6)]
    assert run_of(store, claim.run_id, "status, worker_id, epoch") == ("running", OTHER, 2)
    assert await store.claim(ME, ["w@1"], 1) == []
    assert await store.take_over(15, 2, 5, ME, thoroughly=True) == [(claim.run_id, 7)]


async def test_a_worker_gives_back_what_it_does_not_execute(store: Store) -> None:
    kept, astray, foreign = await claimed(store), await claimed(store), await claimed(store, OTHER)
    assert await store.release(ME, [kept.run_id]) == 1
    assert run_of(store, kept.run_id) == "running"
    assert run_of(store, astray.run_id, "status, epoch, losses, worker_id") == ("queued", 2, 0, None)
    assert run_of(store, foreign.run_id) == "running"


# Timers and cancellations


async def test_timers_are_woken_by_the_callers_clock(store: Store) -> None:
    start = dt.datetime(2040, 1, 1, tzinfo=dt.UTC)
    claims = [await claimed(store) for _ in range(3)]
    for number, claim in enumerate(claims):
        await store.append(append(claim, end=TurnEnd("waiting", start + dt.timedelta(minutes=number))))
    assert await store.wake_timers(start - dt.timedelta(seconds=1)) == (0, start)
    assert await store.wake_timers(start) == (1, start + dt.timedelta(minutes=1))
    assert run_of(store, claims[0].run_id, "status, wake_at") == ("queued", None)
    assert await store.wake_timers(start + dt.timedelta(hours=1)) == (2, None)


async def test_a_great_many_timers_are_woken_in_several_statements(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pilothouse.runtime.store._AT_ONCE", 2)
    now = dt.datetime(2040, 1, 1, tzinfo=dt.UTC)
    for _ in range(3):
        await store.append(append(await claimed(store), end=TurnEnd("waiting", now)))
    assert await store.wake_timers(now) == (2, now)  # there may be more: look again at once
    assert await store.wake_timers(now) == (1, None)


async def test_runs_to_cancel_are_those_that_this_worker_executes(store: Store) -> None:
    mine, foreign = await claimed(store), await claimed(store, OTHER)
    rows(store.conninfo, "update runs set cancel_requested = true")
    assert await store.cancels(ME) == [mine.run_id]
    assert await store.cancels(OTHER) == [foreign.run_id]


async def test_an_entry_of_an_unknown_kind_is_read_as_such(store: Store) -> None:
    run_id = await store.submit(submission())
    rows(store.conninfo, "update journal set kind = 'from_the_future'")
    assert [entry.kind for entry in (await store.read_outside([run_id]))[run_id]] == [Kind.UNKNOWN]


async def test_the_status_of_an_unknown_run_is_none(store: Store) -> None:
    assert await store.status(IDS.new()) is None


MANY = """
insert into runs (id, workflow, version, pin, status)
select gen_random_uuid(), 'w', 1, 'w@1', 'completed' from generate_series(1, 5000)
"""

BUSY = "update runs set status = 'running' where id in (select id from runs order by id limit 1500)"


async def test_what_a_worker_asks_every_second_does_not_read_all_runs_that_ever_were(store: Store) -> None:
    await claimed(store)
    rows(store.conninfo, MANY)
    for told in (BUSY, "analyze runs", "update runs set status = 'completed' where status = 'running'"):
        rows(store.conninfo, told)  # the statistics are of another time
    now = dt.datetime(2040, 1, 1, tzinfo=dt.UTC)
    asked = [
        (sql.TAKE_OVER, (15, 2, 5, ME)),
        (sql.TAKE_OVER_ALL, (15, 2, 5, ME)),
        (sql.WAKE_TIMERS, (now, 9, now)),
        (sql.RELEASE, (ME, [])),
        (sql.CANCELS, (ME,)),
    ]
    for statement, parameters in asked:
        plan = "\n".join(line for (line,) in await store._tending.rows(f"explain {statement}", parameters))
        assert "Seq Scan on runs" not in plan
        for found in re.findall(r"Scan using runs_pkey on runs.*\n(.*)", plan):
            assert "Index Cond" in found
        assert "JIT" not in plan
