"""Partitions are made ahead, used, and made also for rows that came before them."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest

from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit.ids import Ids, lowest_at
from pilothouse.runtime import partitions
from support.waiting import rows

INSERT = "insert into journal (run_id, seq, kind, key, payload) values (%s, 1, 'submitted', '', '')"
WHERE = "select tableoid::regclass::text from journal where run_id = %s"


def at(year: int, month: int) -> dt.datetime:
    return dt.datetime(year, month, 15, tzinfo=dt.UTC)


def id_at(moment: dt.datetime) -> UUID:
    return UUID(int=lowest_at(moment).int | 0x7 << 76 | 0b10 << 62 | 5)


@pytest.fixture
def database(new_database: object) -> str:
    return new_database()


def test_the_partitions_of_this_month_and_the_next_are_there_and_used(database: str) -> None:
    names = {name for (name,) in rows(database, "select relname from pg_class where relname ~ '^journal_20'")}
    today = dt.datetime.now(dt.UTC)
    assert f"journal_{today:%Y_%m}" in names
    run_id = Ids().new()
    rows(database, INSERT, run_id)
    assert rows(database, WHERE, run_id) == [(f"journal_{today:%Y_%m}",)]


def test_missing_partitions_are_made_once_also_across_the_turn_of_the_year(database: str) -> None:
    made = partitions.ensure_at(database, at(2041, 11))
    assert made == ["journal_2041_11", "journal_2041_12", "journal_2042_01", "journal_2042_02"]
    assert partitions.ensure_at(database, at(2041, 11)) == []
    assert partitions.ensure_at(database, at(2041, 12)) == ["journal_2042_03"]
    for month, name in ((12, "journal_2041_12"), (10, "journal_default")):
        rows(database, INSERT, id_at(at(2041, month)))
        assert rows(database, WHERE, id_at(at(2041, month))) == [(name,)]


def test_rows_that_came_before_their_partition_are_moved_into_it(database: str) -> None:
    early, late = id_at(at(2051, 3)), id_at(at(2051, 9))
    rows(database, INSERT, early)
    rows(database, INSERT, late)
    assert rows(database, WHERE, early) == [("journal_default",)]
    partitions.ensure_at(database, at(2051, 2))
    assert rows(database, WHERE, early) == [("journal_2051_03",)]
    assert rows(database, WHERE, late) == [("journal_default",)]
    with pytest.raises(psycopg.errors.UniqueViolation):
        rows(database, INSERT, early)


def test_a_partition_keeps_one_answer_for_each_question(database: str) -> None:
    partitions.ensure_at(database, at(2061, 1))
    answer = "insert into journal (run_id, seq, kind, key, payload) values (%s, %s, 'answered', 'q', '')"
    rows(database, answer, id_at(at(2061, 1)), 1)
    with pytest.raises(psycopg.errors.UniqueViolation):
        rows(database, answer, id_at(at(2061, 1)), 2)


def test_several_processes_may_make_them_at_once(database: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: partitions.ensure_at(database, at(2071, 1)), range(4)))
    assert sorted(map(len, made)) == [0, 0, 0, 4]


def test_a_database_that_is_away_is_named() -> None:
    with pytest.raises(DatabaseUnavailable):
        partitions.ensure_at("host=127.0.0.1 port=1", at(2041, 1))
