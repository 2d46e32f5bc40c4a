"""`./dev bench journal` in short."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


async def test_the_journal_is_measured_empty_and_grown(
    new_database: Callable[..., str], tmp_path: Path
) -> None:
    import journal

    databases = {0: new_database(), 2_000: new_database()}
    for entries, conninfo in databases.items():
        journal.fill(conninfo, entries)
    with psycopg.connect(databases[2_000]) as connection:
        found = connection.execute("select count(*), count(distinct run_id) from journal").fetchone()
    assert found == (2_000, 400)
    measures, notes = journal.told(await journal.measure(databases, tmp_path, runs=10, rounds=1))
    named = {item.measure: item for item in measures}
    assert named["three steps, 2,000 entries before"].ratio > 0
    assert named["three steps, 2,000 entries before: journal blocks from disk"].value < 10
    assert named["three steps, 2,000 entries before: journal blocks from cache"].value > 1
    assert "50,000,000 entries" in notes[0]
    clean, bad = await journal.one_bad(databases[0], rounds=1)
    assert (len(clean), len(bad)) == (1, 1)
