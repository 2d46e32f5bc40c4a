"""One append that the database refuses, in a batch of many: it fails alone, and the others hardly notice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import psycopg
import pytest

from pilothouse.kit.ids import Ids
from pilothouse.runtime.batch import Batcher
from pilothouse.runtime.entries import Entry, Kind
from pilothouse.runtime.ports import Statement
from pilothouse.runtime.store import Append, Store, Submission
from support.waiting import rows

MANY = 256
BAD = {
    "an entry's key": ([Entry(Kind.NOTED, "\0", b"1")], ()),
    "a statement beside": ([Entry(Kind.NOTED, "k", b"1")], [Statement("select 1 / %s", (0,))]),
}


@pytest.mark.parametrize("what", BAD)
async def test_it_fails_alone_after_a_few_more_transactions(conninfo: str, what: str) -> None:
    store, ids = Store(conninfo), Ids()
    runs = [ids.new() for _ in range(MANY)]
    await asyncio.gather(*(store.submit(Submission(id_, "default", "w", 1, b"1", b"d")) for id_ in runs))
    rows(conninfo, "update runs set status = 'running', epoch = 1")
    flushed: list[int] = []

    async def flush(items: Sequence[Append]) -> Sequence[str | BaseException]:
        flushed.append(len(items))
        return await store._append_all(items)

    store._appending = Batcher(flush)
    entries, beside = BAD[what]
    bad = runs[100]
    fine = [Append(id_, 1, 0, [Entry(Kind.NOTED, "k", b"1")]) for id_ in runs if id_ != bad]
    items = [*fine[:100], Append(bad, 1, 0, entries, beside=beside), *fine[100:]]
    results = await asyncio.gather(*map(store.append, items), return_exceptions=True)
    await store.close()
    failed = [place for place, result in enumerate(results) if isinstance(result, BaseException)]
    assert failed == [100]
    assert isinstance(results[100], psycopg.Error)
    assert set(results[:100] + results[101:]) == {"running"}
    assert rows(conninfo, "select count(*) from journal where kind = 'noted'") == [(MANY - 1,)]
    assert rows(conninfo, "select seq from runs where id = %s", bad) == [(1,)]
    assert len(flushed) == 1 + 2 * 8
