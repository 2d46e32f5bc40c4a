"""Appends that are declined by what stands beside them: nothing is written, and the turn goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from pilothouse import Context, Denied, Progress, tool, workflow
from pilothouse.runtime import beside
from pilothouse.runtime.entries import Entry, Kind
from pilothouse.runtime.errors import Declined
from pilothouse.runtime.governing import Action, Decision, Verdict
from pilothouse.runtime.ports import Statement
from pilothouse.runtime.store import Append, Store
from support.rehearsal import Rehearsal


class Book:
    """A governor that decides as it is told, one decision after the other."""

    def __init__(self, *verdicts: str) -> None:
        self.verdicts = list(verdicts)
        self.recorded: list[Decision] = []
        self.error: Exception | None = None

    async def decide(self, action: Action) -> Decision:
        return Decision(verdict=Verdict(self.verdicts.pop(0)), reasons=("Decided anew.",))

    async def record(self, action: Action, decision: Decision) -> Sequence[Statement]:
        self.recorded.append(decision)
        if self.error is not None and not decision.allows:
            raise self.error
        return ()

    async def settle(self, action: Action, *, succeeded: bool) -> Sequence[Statement]:
        return ()


def rehearsed(book: Book, declines: int) -> Rehearsal:
    """A run whose first dispatches are declined."""

    @tool
    async def pay(ctx: Context, amount: int) -> int:
        return amount

    @workflow("w")
    async def flow(ctx: Context) -> Any:
        ctx.emit(Progress(message="about to pay"))
        try:
            return await ctx.act(pay, 3)
        except Denied as error:
            return str(error)

    run = Rehearsal(flow, governor=book)
    left = declines

    def decline(item: Append) -> None:
        nonlocal left
        if left and any(entry.kind is Kind.DISPATCH for entry in item.entries):
            left -= 1
            raise Declined(("Nothing is left.",), ("budget:1",))

    run.while_appending = decline
    return run


async def test_what_is_declined_is_decided_on_once_more_and_what_was_pending_is_kept() -> None:
    run = rehearsed(Book("allow", "allow"), declines=1)
    assert await run.finish() == 3
    assert len(run.kinds(Kind.EMITTED)) == 1
    assert run.kinds(Kind.DISPATCH) == ["pay#0"]


async def test_where_the_second_decision_denies_that_is_the_reason() -> None:
    run = rehearsed(Book("allow", "deny"), declines=1)
    assert "Decided anew." in await run.finish()
    assert run.kinds(Kind.DISPATCH) == []


async def test_what_is_declined_twice_is_denied_with_the_reasons_of_that() -> None:
    book = Book("allow", "allow")
    run = rehearsed(book, declines=2)
    assert await run.finish() == "pay was denied: Nothing is left."
    assert book.recorded[-1].policies == ("budget:1",)
    assert await run.replay() == "pay was denied: Nothing is left."


async def test_a_governor_that_cannot_record_such_a_denial_breaks_the_turn() -> None:
    book = Book("allow", "allow")
    book.error = ValueError("no room")
    run = rehearsed(book, declines=2)
    await run.until_waiting()
    assert run.failure.message == "no room"


TAKE = "select take(%s::int[], %s::int[])"
FUNCTION = """
create function take(items int[], amounts int[]) returns void language plpgsql as $$
declare
  declined jsonb;
begin
  select jsonb_agg(jsonb_build_object('item', item, 'source', 's', 'reason', amount || ' is too much.'))
    into declined from unnest(items, amounts) as given(item, amount) where amount > 9;
  if declined is not null then
    raise exception using errcode = 'PH001', message = 'declined', detail = declined::text;
  end if;
  insert into taken select unnest(amounts);
end
$$
"""


@pytest.fixture
async def store(new_database: Any) -> Any:
    """A store over a database in which something can be taken."""
    conninfo = new_database()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("create table taken (amount int)")
        connection.execute(FUNCTION)
    made = Store(conninfo)
    yield made
    await made.close()


def running(store: Store, amount: int, sql: str = TAKE) -> Append:
    """An append of a run under way, which takes so much."""
    run = uuid4()
    with psycopg.connect(store.conninfo, autocommit=True) as connection:
        connection.execute(
            "insert into runs (id, workflow, version, pin, status, seq, epoch)"
            " values (%s, 'w', 1, 'w@1', 'running', 1, 1)",
            (run,),
        )
    statement = Statement(sql, (amount,), gathered=True)
    return Append(run, 1, 0, [Entry(Kind.DISPATCH, "pay#0", b"{}")], beside=(statement,))


async def test_of_a_batch_only_those_fail_that_are_declined(store: Store) -> None:
    items = [running(store, amount) for amount in (3, 12, 4, 10, 5)]
    fenced = Append(uuid4(), 1, 0, items[0].entries, beside=items[1].beside)
    results = await store._append_all([*items, fenced])
    told = [result if isinstance(result, str) else str(result) for result in results]
    assert told[:5] == ["running", "12 is too much.", "running", "10 is too much.", "running"]
    assert "has another owner" in told[5]
    with psycopg.connect(store.conninfo) as connection:
        taken = connection.execute("select amount from taken order by 1").fetchall()
        entries = connection.execute("select count(*) from journal").fetchone()
    assert (taken, entries) == ([(3,), (4,), (5,)], (3,))


async def test_a_batch_of_which_all_are_declined_writes_nothing(store: Store) -> None:
    results = await store._append_all([running(store, 11), running(store, 12)])
    assert all(isinstance(result, Declined) for result in results)
    assert await store._append_all([running(store, 1)]) == ["running"]


async def test_an_error_of_another_kind_is_that_of_the_append_and_leaves_the_store_whole(
    store: Store,
) -> None:
    bad = running(store, 1, "select 1 / %s::int[]")
    good = running(store, 2)
    results = [store._appending.put(item) for item in (bad, good)]
    assert await results[1] == "running"
    with pytest.raises(psycopg.errors.Error):
        await results[0]


def test_an_error_that_names_no_append_is_raised_as_it_is() -> None:
    error = psycopg.errors.RaiseException("declined by nobody")
    with pytest.raises(psycopg.errors.RaiseException):
        beside.declined(error)
