"""Sealing anew: nothing is lost beside writers, whatever comes in between, and all of it is found."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilothouse.app import SEALED
from pilothouse.kit.sealing import Place, SealedColumn
from pilothouse.runtime.entries import Codec
from pilothouse.vault.resealing import Resealing, ResealingChore, ResealingPace, finish
from pilothouse.vault.service import Vault, version_of
from support.kept import vault_over
from support.waiting import rows

COLUMN = SealedColumn("resealed", "value", key=("part", "id"), row="resealed.part || '/' || resealed.id")
TABLE = """
create table resealed (tenant_id text, part text, id int, value bytea, primary key (part, id))
"""
PUT = """
insert into resealed values (%s, %s, %s, %s)
    on conflict (part, id) do update set value = excluded.value
"""
QUICK = ResealingPace(values=2, settled=0.0)
ROWS = [(part, number) for part in ("a", "b") for number in range(3)]


@pytest.fixture
def table(conninfo: str) -> Iterator[str]:
    rows(conninfo, TABLE)
    yield conninfo
    rows(conninfo, "drop table resealed")


@pytest.fixture
async def pair(table: str, tmp_path: Path) -> AsyncIterator[tuple[Vault, Vault]]:
    """The vaults of two processes."""
    made = [vault_over(table, tmp_path / "secrets", columns=[COLUMN]) for _ in range(2)]
    yield made[0], made[1]
    for vault in made:
        await vault.close()


def place_of(part: str, number: int) -> Place:
    return Place("acme", "resealed", f"{part}/{number}", "value")


async def put(conninfo: str, vault: Vault, key: tuple[str, int], value: bytes) -> None:
    sealed = await vault.seal(place_of(*key), value)
    rows(conninfo, PUT, "acme", *key, sealed)


def sealed_rows(conninfo: str) -> dict[tuple[str, int], bytes]:
    found = rows(conninfo, "select part, id, value from resealed")
    return {(part, number): bytes(value) for part, number, value in found}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 1), st.sampled_from(ROWS), st.binary(max_size=3)),
        st.tuples(st.sampled_from(["rotate", "batch", "learn"]), st.integers(0, 1)),
    ),
    max_size=12,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_whatever_comes_between_no_value_is_lost_and_all_end_with_the_newest_key(
    table: str, pair: tuple[Vault, Vault], steps: list[tuple[Any, ...]]
) -> None:
    rows(table, "delete from resealed")
    rows(table, "delete from vault_progress")
    written = {ROWS[0]: b"first"}
    await put(table, pair[0], ROWS[0], b"first")
    for what, which, *rest in steps:
        vault = pair[which]
        if what == "write":
            key, value = rest
            await put(table, vault, key, value)
            written[key] = value
        elif what == "rotate":
            await vault.rotate("acme")
        elif what == "batch":
            await Resealing(vault, QUICK).batch("acme")
        else:
            vault.keyring.forget("acme")
    for vault in pair:
        found = sealed_rows(table)
        assert {key: await vault.open(place_of(*key), found[key]) for key in found} == written
    newest = await pair[0].rotate("acme")
    await finish(Resealing(pair[1], QUICK), "acme")
    found = sealed_rows(table)
    assert {version_of(value) for value in found.values()} == {newest}
    assert {key: await pair[0].open(place_of(*key), found[key]) for key in found} == written


async def test_a_value_that_somebody_writes_is_not_waited_for_but_sealed_anew_later(
    table: str, pair: tuple[Vault, Vault]
) -> None:
    vault, _ = pair
    for key in ROWS:
        await put(table, vault, key, b"old")
    await vault.rotate("acme")
    job = Resealing(vault, ResealingPace(settled=0.0))
    async with asyncio.timeout(3):
        with psycopg.connect(table) as writer:
            writer.execute("select from resealed where part = 'a' and id = 1 for update")
            told = await job.batch("acme")
            assert told is not None
            assert (told.resealed, told.ended_at) == (5, None)
        await finish(job, "acme")
    assert {version_of(value) for value in sealed_rows(table).values()} == {2}


async def test_what_is_written_between_reading_and_sealing_anew_is_kept(
    table: str, pair: tuple[Vault, Vault], monkeypatch: pytest.MonkeyPatch
) -> None:
    vault, writer = pair
    await put(table, vault, ROWS[0], b"old")
    await vault.rotate("acme")
    opened = vault.open

    async def open_late(place: Place, sealed: bytes) -> bytes:
        value = await opened(place, sealed)
        await put(table, writer, ROWS[0], b"new")
        return value

    monkeypatch.setattr(vault, "open", open_late)
    await finish(Resealing(vault, QUICK), "acme")
    assert await opened(place_of(*ROWS[0]), sealed_rows(table)[ROWS[0]]) == b"new"


async def test_the_job_waits_until_every_process_seals_with_the_new_key(
    table: str, pair: tuple[Vault, Vault]
) -> None:
    vault, late = pair
    await put(table, vault, ROWS[0], b"old")
    await late.keyring.of("acme")
    await vault.rotate("acme")
    job = Resealing(vault, ResealingPace(settled=1.0))
    assert await job.batch() is None
    await put(table, late, ROWS[1], b"late")
    assert version_of(sealed_rows(table)[ROWS[1]]) == 1
    since = asyncio.get_running_loop().time()
    await finish(job, "acme")
    assert asyncio.get_running_loop().time() - since > 0.5
    assert {version_of(value) for value in sealed_rows(table).values()} == {2}


async def test_it_goes_on_where_it_was_stopped_and_tells_how_far_it_is(
    table: str, pair: tuple[Vault, Vault]
) -> None:
    vault, other = pair
    for key in ROWS:
        await put(table, vault, key, b"old")
    await vault.rotate("acme")
    first = await Resealing(vault, QUICK).batch()
    assert first is not None
    assert (first.part, first.total, first.seen, first.resealed) == ("resealed.value", 6, 2, 2)
    told = [(item.seen, item.resealed) async for item in Resealing(other, QUICK).all("acme")]
    assert told == [(4, 4), (6, 6), (6, 6)]
    (status,) = await vault.status()
    assert status.progress[0].ended_at is not None


async def test_what_cannot_be_read_is_counted_and_left_as_it_is(
    table: str, pair: tuple[Vault, Vault]
) -> None:
    vault, _ = pair
    await put(table, vault, ROWS[0], b"old")
    rows(table, PUT, "acme", *ROWS[1], b"no sealed value")
    rows(table, PUT, "acme", *ROWS[2], await vault.seal(place_of(*ROWS[0]), b"moved"))
    before = sealed_rows(table)
    await vault.rotate("acme")
    await finish(Resealing(vault, QUICK), "acme")
    after = sealed_rows(table)
    assert [after[key] == before[key] for key in ROWS[:3]] == [False, True, True]
    (status,) = await vault.status("acme")
    assert (status.progress[0].resealed, status.progress[0].unreadable) == (1, 2)


async def test_a_tenant_that_is_erased_meanwhile_is_left_alone(table: str, pair: tuple[Vault, Vault]) -> None:
    vault, _ = pair
    for key in ROWS:
        await put(table, vault, key, b"old")
    before = sealed_rows(table)
    await vault.rotate("acme")
    await vault.destroy("acme")
    await finish(Resealing(vault, QUICK), "acme")
    assert sealed_rows(table) == before


async def test_workers_do_it_with_pauses(table: str, pair: tuple[Vault, Vault]) -> None:
    vault, _ = pair
    now = dt.datetime.now(dt.UTC)
    chore = ResealingChore(Resealing(vault, QUICK))
    assert await chore.tend(now) == now + QUICK.idle
    for key in ROWS:
        await put(table, vault, key, b"old")
    await vault.rotate("acme")
    due = await chore.tend(now)
    assert due is not None
    assert now < due < now + QUICK.idle
    while await chore.tend(now) != now + QUICK.idle:
        pass
    assert {version_of(value) for value in sealed_rows(table).values()} == {2}


RUN = """
insert into runs (id, tenant_id, workflow, version, pin, status, personal)
values (%s, 'acme', 'w', 1, 'w@1', 'waiting', %s)
"""
ENTRY = """
insert into journal (run_id, seq, tenant_id, kind, key, codec, payload)
values (%s, %s, 'acme', %s, %s, %s, %s)
"""
QUESTION = (
    "insert into questions (id, tenant_id, run_id, key, codec, payload) values (%s, 'acme', %s, %s, %s, %s)"
)


async def test_the_journal_and_the_questions_of_personal_runs_are_found(conninfo: str, vault: Vault) -> None:
    assert {"journal.payload", "questions.payload", "schedules.payload"} <= {item.part for item in SEALED}
    runs = [uuid4() for _ in range(3)]
    for run_id in runs:
        rows(conninfo, RUN, run_id, True)
        for seq in range(1, 4):
            place = Place("acme", "journal", str(run_id), f"completed step#{seq}")
            sealed = await vault.seal(place, b"\x00{}")
            rows(conninfo, ENTRY, run_id, seq, "completed", f"step#{seq}", Codec.ENCRYPTED, sealed)
        sealed = await vault.seal(Place("acme", "questions", str(run_id), "ask#0"), b"\x00{}")
        rows(conninfo, QUESTION, uuid4(), run_id, "ask#0", Codec.ENCRYPTED, sealed)
    plain = uuid4()
    rows(conninfo, RUN, plain, False)
    rows(conninfo, ENTRY, plain, 1, "submitted", "", Codec.PLAIN, b"null")
    await vault.rotate("acme")
    await finish(Resealing(vault, ResealingPace(values=2, settled=0.0)), "acme")
    (status,) = await vault.status("acme")
    counts = {told.part: (told.total, told.resealed, told.unreadable) for told in status.progress}
    assert counts["journal.payload"] == (9, 9, 0)
    assert counts["questions.payload"] == (3, 3, 0)
    headers = rows(conninfo, "select distinct substring(payload from 2 for 4) from journal where codec = 2")
    assert headers == [((2).to_bytes(4, "big"),)]
    assert rows(conninfo, "select payload from journal where run_id = %s", plain) == [(b"null",)]
