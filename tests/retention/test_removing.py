"""Retention removes what no rule keeps, in small batches, and nothing that anybody still needs."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from pilothouse.artifacts.contents.repository import DatabaseArtifacts
from pilothouse.errors import Conflict, NotFound
from pilothouse.kit.ids import lowest_at
from pilothouse.kit.session import Database
from pilothouse.retention.removing import Pace, Remover, RetentionChore
from pilothouse.runtime import partitions
from support.waiting import rows

NOW = dt.datetime(2026, 6, 15, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
Run = Callable[..., UUID]


@pytest.fixture
def database(new_database: Callable[..., str]) -> str:
    return new_database()


@pytest.fixture
async def store(database: str) -> AsyncIterator[DatabaseArtifacts]:
    made = DatabaseArtifacts(database)
    yield made
    await made.close()


@pytest.fixture
async def remover(database: str, store: DatabaseArtifacts) -> AsyncIterator[Remover]:
    pool = Database(database, connections=4)
    yield Remover(pool, database, store, Pace(runs=3, entries=20))
    await pool.close()


@pytest.fixture
def run(database: str) -> Run:
    """Makes a run that ended some days ago, with entries, a question and an artifact."""
    made = 0

    def make(
        ago: int,
        *,
        tenant: str = "default",
        workflow: str = "w",
        status: str = "completed",
        entries: int = 3,
        **more: object,
    ) -> UUID:
        nonlocal made
        made += 1
        ended = NOW - ago * DAY
        run_id = UUID(int=lowest_at(ended - DAY / 24).int | 0x7 << 76 | 0b10 << 62 | made)
        final = status in {"completed", "failed", "cancelled"}
        row = {
            "id": run_id,
            "tenant_id": tenant,
            "workflow": workflow,
            "version": 1,
            "pin": f"{workflow}@1",
            "status": status,
            "seq": entries,
            "created_at": ended - DAY / 24,
            "finished_at": ended if final else None,
            **more,
        }
        names, marks = ", ".join(row), ", ".join(["%s"] * len(row))
        rows(database, f"insert into runs ({names}) values ({marks})", *row.values())  # noqa: S608 - names of our own
        rows(
            database,
            "insert into journal (run_id, seq, tenant_id, kind, key, payload)"
            " select %s, n, %s, 'noted', n::text, '' from generate_series(1, %s) as n",
            *(run_id, tenant, entries),
        )
        rows(
            database,
            "insert into questions (id, tenant_id, run_id, key, payload, status)"
            " values (gen_random_uuid(), %s, %s, 'q', '', 'answered')",
            *(tenant, run_id),
        )
        rows(
            database,
            "insert into decisions (id, tenant_id, run_id, step, tool, at, verdict, policies, roles, reasons,"
            " codec, request)"
            " values (gen_random_uuid(), %s, %s, 's', 't', now(), 'allow', '{}', '{}', '{}', 0, '')",
            *(tenant, run_id),
        )
        rows(
            database,
            "insert into feedback (id, tenant_id, run_id, principal, rating)"
            " values (gen_random_uuid(), %s, %s, 'local', 1)",
            *(tenant, run_id),
        )
        return run_id

    return make


def rule(
    database: str, days: int, keep: str = "nothing", workflow: str = "*", tenant: str = "default"
) -> None:
    rows(
        database,
        "insert into retention_rules (tenant_id, workflow, days, keep, next_at) values (%s, %s, %s, %s, %s)",
        *(tenant, workflow, days, keep, NOW),
    )


def left(database: str, table: str = "runs", column: str = "id") -> set[UUID]:
    statement = f"select distinct {column} from {table}"  # noqa: S608 - names of our own
    return {found for (found,) in rows(database, statement)}


async def apply(remover: Remover, now: dt.datetime = NOW) -> int:
    return sum([removed.runs async for removed in remover.everything(now)])


async def test_without_a_rule_everything_stays(database: str, remover: Remover, run: Run) -> None:
    kept = {run(4_000), run(1)}
    assert await apply(remover) == 0
    assert left(database) == left(database, "journal", "run_id") == kept


async def test_runs_past_their_days_go_with_all_that_is_theirs(
    database: str, remover: Remover, run: Run
) -> None:
    gone, kept = [run(31, entries=30) for _ in range(8)], {run(29), run(2)}
    rule(database, 30)
    assert await apply(remover) == len(gone)
    for table in ("journal", "questions", "decisions", "feedback"):
        assert left(database, table, "run_id") == kept
    assert left(database) == kept
    ((next_at, after, last_at, runs, entries),) = rows(
        database, "select next_at, after_id, last_at, runs, entries from retention_rules"
    )
    assert (next_at, after, last_at, runs, entries) == (NOW + dt.timedelta(hours=1), None, NOW, 8, 240)


async def test_the_rule_of_a_workflow_goes_before_that_of_all_and_tenants_have_their_own(
    database: str, remover: Remover, run: Run
) -> None:
    short, long, other = run(10, workflow="short"), run(10, workflow="long"), run(10, tenant="other")
    forever = run(400, workflow="audited")
    rule(database, 30)
    rule(database, 5, workflow="short")
    rule(database, 1, "everything", workflow="audited")
    await apply(remover)
    assert left(database) == {long, other, forever}
    assert short not in left(database, "journal", "run_id")


@pytest.mark.parametrize("status", ["queued", "running", "waiting"])
async def test_an_open_run_and_what_it_continues_stay(
    database: str, remover: Remover, run: Run, status: str
) -> None:
    before_that = run(202)
    predecessor = run(201, continued_from=before_that)
    still_open = run(200, status=status, continued_from=predecessor)
    rule(database, 30)
    await apply(remover)
    assert left(database) == {predecessor, still_open}


async def test_a_run_that_was_forked_stays_until_its_forks_are_gone(
    database: str, remover: Remover, run: Run
) -> None:
    parent = run(200)
    fork = run(20, forked_from=parent, forked_seq=2)
    rule(database, 30)
    await apply(remover)
    assert left(database) == left(database, "journal", "run_id") == {parent, fork}
    await apply(remover, NOW + 15 * DAY)
    await apply(remover, NOW + 16 * DAY)
    assert left(database) == set()


async def test_where_the_run_is_kept_its_journal_goes_once(database: str, remover: Remover, run: Run) -> None:
    pruned, whole = run(31), run(3)
    rule(database, 30, "run")
    assert await apply(remover) == 1
    assert left(database) == {pruned, whole}
    assert left(database, "journal", "run_id") == left(database, "questions", "run_id") == {whole}
    assert await apply(remover, NOW + DAY) == 0
    rows(database, "update retention_rules set keep = 'nothing', next_at = %s", NOW)
    assert await apply(remover, NOW + 2 * DAY) == 1
    assert left(database) == {whole}


async def test_contents_go_after_a_while_if_no_other_run_names_them(
    database: str, store: DatabaseArtifacts, remover: Remover, run: Run
) -> None:
    old, new = run(31), run(1)
    digests = {
        name: hashlib.sha256(name.encode()).hexdigest() for name in ("own", "shared", "payload", "again")
    }
    for name, sha256 in digests.items():
        await store.put("default", sha256, name.encode())
    rows(database, "update artifact_contents set put_at = %s", NOW - 40 * DAY)
    saved = (
        "insert into artifacts (id, run_id, key, name, media_type, size, sha256)"
        " values (gen_random_uuid(), %s, %s, 'n', 't', 1, %s)"
    )
    for run_id, name in ((old, "own"), (old, "shared"), (new, "shared"), (old, "again")):
        rows(database, saved, run_id, name, digests[name])
    rows(
        database,
        "insert into payload_references (tenant_id, sha256, run_id, size) values ('default', %s, %s, 1)",
        *(digests["payload"], old),
    )
    rule(database, 30)
    await apply(remover)
    assert len(left(database, "artifact_contents", "sha256")) == 4
    rows(database, "update artifact_contents set put_at = %s where sha256 = %s", NOW + DAY, digests["again"])
    await apply(remover, NOW + 1.5 * DAY)
    assert left(database, "artifact_contents", "sha256") == {digests["shared"], digests["again"]}
    assert left(database, "released_contents", "sha256") == {digests["again"]}
    with pytest.raises(NotFound):
        assert [piece async for piece in store.read("default", digests["own"])]


async def test_a_month_that_nobody_keeps_goes_as_a_whole_and_others_stay(
    database: str, remover: Remover, run: Run
) -> None:
    for month in (1, 2, 5):
        partitions.ensure_at(database, dt.datetime(2026, month, 1, tzinfo=dt.UTC))
    january, february = [run(150 + day) for day in range(5)], [run(120), run(121, workflow="audited")]
    rule(database, 30)
    rule(database, 30, "everything", workflow="audited")
    assert await apply(remover) == len(january) + 1
    names = {
        name
        for (name,) in rows(database, "select relname from pg_class where relname ~ '^journal_2026_0[1-5]$'")
    }
    assert names == {"journal_2026_02"}
    assert left(database) == left(database, "journal", "run_id") == {february[1]}


async def test_a_month_whose_journal_is_being_read_for_long_is_left_for_another_time(
    database: str, remover: Remover, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "PATIENCE", "50ms")
    partitions.ensure_at(database, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    with psycopg.connect(database) as reader:
        reader.execute("select count(*) from journal")
        assert await remover.months(NOW) == []
    assert "journal_2026_01" in await remover.months(NOW)


async def test_several_workers_remove_each_run_once(database: str, remover: Remover, run: Run) -> None:
    for _ in range(20):
        run(31)
    rule(database, 30)
    chores = [RetentionChore(remover) for _ in range(4)]
    now = NOW
    async with asyncio.timeout(20):
        while left(database):
            await asyncio.gather(*(chore.tend(now) for chore in chores))
            now += dt.timedelta(minutes=2)
    assert rows(database, "select runs, entries from retention_rules") == [(20, 60)]


async def test_a_chore_rests_between_batches_and_when_there_is_nothing(
    database: str, remover: Remover, run: Run
) -> None:
    chore = RetentionChore(remover)
    assert await chore.tend(NOW) == NOW + remover.pace.idle
    assert await chore.tend(NOW + DAY / 86_400) == NOW + remover.pace.idle
    for _ in range(4):
        run(31)
    rule(database, 30)
    later = NOW + remover.pace.idle
    due = await chore.tend(later)
    assert later < due < later + remover.pace.idle
    assert len(left(database)) == 1


async def test_rules_that_a_batch_of_another_holds_are_passed_over(
    database: str, remover: Remover, run: Run, tmp_path: Path
) -> None:
    run(31)
    rule(database, 30)
    with psycopg.connect(database) as other:
        other.execute("select from retention_rules for update")
        assert await remover.batch(NOW) is None
    assert await remover.batch(NOW) is not None


async def test_a_run_whose_journal_was_removed_is_not_retried(
    conninfo: str, open_engine: Callable[..., object], remover: Remover
) -> None:
    engine = await open_engine()
    rows(
        conninfo,
        "insert into runs (id, workflow, version, pin, status, pruned_at)"
        " values (%s, 'w', 1, 'w@1', 'failed', now())",
        UUID(int=1),
    )
    with pytest.raises(Conflict, match="was removed"):
        await engine.retry(UUID(int=1))


@pytest.mark.parametrize("keep", ["nothing", "run"])
async def test_a_legal_hold_keeps_what_was_decided_until_it_is_released(
    database: str, remover: Remover, run: Run, keep: str
) -> None:
    held, other, fresh = run(40), run(40, tenant="other"), run(1)
    for tenant in ("default", "other"):
        rule(database, 30, keep, tenant=tenant)
    rows(
        database,
        "insert into audit_holds (id, tenant_id, reason, made_by, made_at)"
        " values (gen_random_uuid(), 'default', 'a lawsuit', 'local', %s)",
        NOW,
    )
    assert await apply(remover) == 2
    assert left(database, "journal", "run_id") == {fresh}
    assert left(database, "decisions", "run_id") == {held, fresh}
    rows(database, "update audit_holds set released_at = %s", NOW + DAY)
    await apply(remover, NOW + 2 * DAY)
    assert left(database, "decisions", "run_id") == {fresh}
    assert other not in left(database, "decisions", "run_id")
