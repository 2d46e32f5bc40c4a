"""What reaches a run from outside: an answer, a cancellation, a retry. Each is one transaction on its row."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple
from uuid import UUID

import orjson

from pilothouse.errors import Conflict, InvalidInput, NotFound
from pilothouse.kit.sealing import Erased
from pilothouse.runtime import beside
from pilothouse.runtime.connection import Connection
from pilothouse.runtime.entries import Entry, Kind, decode, encode
from pilothouse.runtime.errors import WorkerLost
from pilothouse.runtime.execution import WITHDRAW_ALL
from pilothouse.runtime.failures import failure_of, read_failure
from pilothouse.runtime.governing import names_of
from pilothouse.runtime.guarding import Guard, Inlet, Passage, Passed
from pilothouse.runtime.history import History
from pilothouse.runtime.listener import CANCELS, JOURNAL, RUNS
from pilothouse.runtime.observing import origin
from pilothouse.runtime.payloads import Payloads
from pilothouse.runtime.questions import Question, Reply
from pilothouse.runtime.sealing import of_entry, of_question, unsealed
from pilothouse.runtime.store import Store
from pilothouse.runtime.turn import SEAL_RUN

LOCK = "select status, seq, personal from runs where id = %s and tenant_id = %s for no key update"
INSERT = """
insert into journal (run_id, seq, tenant_id, kind, key, codec, payload, request_id)
select %s, %s, %s, %s, %s, %s, %s, coalesce(%s, request_id) from runs where id = %s
"""
MOVE = """
update runs set seq = seq + 1, wakes = wakes + 1, changed_at = now(), status = %s,
       request_id = coalesce(%s, request_id),
       wake_at = case when %s = 'queued' then null else wake_at end,
       cancel_requested = coalesce(%s, cancel_requested),
       losses = case when %s = 'queued' then 0 else losses end,
       worker_id = case when %s = 'running' then worker_id end,
       finished_at = case when %s in ('failed', 'cancelled') then now() end
 where id = %s
"""
QUESTION = "select codec, payload, status from questions where run_id = %s and key = %s for update"
CLOSE = """
update questions set status = 'answered', closed_at = now(), closed_by = %s where run_id = %s and key = %s
"""
OPEN_STATES = frozenset({"queued", "running", "waiting"})


class Held(NamedTuple):
    """A run's row, locked for one transaction."""

    connection: Connection
    run_id: UUID
    tenant_id: str
    status: str
    seq: int
    personal: bool
    payloads: Payloads

    async def move(self, entry: Entry, status: str, *, cancel: bool | None = None) -> None:
        """Append `entry`, set the status and count the event, so that a worker about to wait notices.

        `cancel` says whether a cancellation is asked for from now on (None: as before).
        """
        codec, stored = await self._stored(entry)
        row = (self.run_id, self.seq + 1, self.tenant_id, entry.kind.value, entry.key, int(codec), stored)
        asked = origin.get().request_id
        await self.connection.execute(INSERT, (*row, asked, self.run_id))
        await self.connection.execute(MOVE, (status, asked, status, cancel, *[status] * 3, self.run_id))
        await self.connection.execute("select pg_notify(%s, %s)", (JOURNAL, str(self.run_id)))
        if status == "queued":
            await self.connection.execute("select pg_notify(%s, '')", (RUNS,))

    async def guarded(self, found: Passed) -> Held:
        """The run once what has come to it passed the guard: sealed from now on where that is personal."""
        await beside.execute(self.connection, list(enumerate(found.beside)))
        if not found.personal or self.personal:
            return self
        await self.connection.execute(SEAL_RUN.encode(), (self.run_id,))
        return self._replace(personal=True)

    async def _stored(self, entry: Entry) -> tuple[int, bytes]:
        if not self.personal:
            return encode(entry.payload)
        try:
            return await self.payloads.inlined(entry.payload, of_entry(self.tenant_id, self.run_id, entry))
        except Erased:
            end = unsealed(entry)
            if end is None:
                raise
            return end


@asynccontextmanager
async def held(store: Store, run_id: UUID, tenant_id: str) -> AsyncIterator[Held]:
    """The run's row, locked until the block ends. Raises `NotFound` for an unknown or foreign run."""
    async with store.events.held() as connection, connection.transaction():
        row = await (await connection.execute(LOCK, (run_id, tenant_id))).fetchone()
        if row is None:
            raise NotFound(f"There is no run {run_id}.")
        status, seq, personal = row
        yield Held(connection, run_id, tenant_id, status, seq, personal, store.payloads)


async def answer(
    store: Store,
    guard: Guard,
    run_id: UUID,
    *,
    tenant_id: str,
    key: str,
    text: str,
    by: str,
    now: dt.datetime,
) -> str:
    """Answer the open question `key` of a run; returns the answer as it was understood, and as it may pass.

    Raises `NotFound` where there is no such question, `Conflict` where it is closed, `InvalidInput`
    where the answer is none of its choices, `Blocked` where the guard does not let it pass.
    """
    async with held(store, run_id, tenant_id) as run:
        row = await (await run.connection.execute(QUESTION, (run_id, key))).fetchone()
        if row is None:
            raise NotFound(f"Run {run_id} has no question {key[:80]!r}.")
        codec, payload, status = row
        if status != "open":
            raise Conflict(f"The question {key} of run {run_id} is already {status}.")
        place = of_question(tenant_id, run_id, key)
        asked = decode(*await store.payloads.opened(codec, payload, place))
        question = Question.model_validate_json(asked)
        if question.approval is not None:
            raise InvalidInput(
                f"The question {key} is about an action, which is approved or refused by its digest.",
                hint="`pilothouse inbox` shows it, and how to decide.",
            )
        accepted = question.accept(text)
        found, sealed = Passed(b""), run
        if accepted not in question.choices:
            passage = Passage(Inlet.ANSWER, tenant_id, run_id, now, step=key, by=by)
            found = await guard.check(passage, orjson.dumps(accepted))
            accepted = str(orjson.loads(found.data))
            sealed = await run.guarded(found)
        reply = Reply(answer=accepted, by=by, marks=names_of(found.marks)).model_dump_json().encode()
        await run.connection.execute(CLOSE, (by, run_id, key))
        following = "queued" if run.status == "waiting" else run.status
        await sealed.move(Entry(Kind.ANSWERED, key, reply), following)
        return accepted


async def cancel(store: Store, run_id: UUID, tenant_id: str, by: str) -> str:
    """Cancel a run; returns its status: cancelled, or running until its worker has stopped it.

    Raises `Conflict` where it has ended already.
    """
    async with held(store, run_id, tenant_id) as run:
        if run.status not in OPEN_STATES:
            raise Conflict(f"Run {run_id} is already {run.status}.")
        payload = orjson.dumps({"by": by})
        if run.status == "running":
            await run.move(Entry(Kind.CANCEL_REQUESTED, "", payload), "running", cancel=True)
            await run.connection.execute("select pg_notify(%s, %s)", (CANCELS, str(run_id)))
            return "running"
        await run.move(Entry(Kind.RUN_CANCELLED, "", payload), "cancelled", cancel=True)
        await run.connection.execute(WITHDRAW_ALL, (run_id,))
        return "cancelled"


async def retry(store: Store, run_id: UUID, tenant_id: str, by: str) -> tuple[str, ...]:
    """Queue a failed run again; returns the failed steps that will be executed anew.

    What succeeded stays. A failed step after which the workflow went on stays as well: the journal holds
    what it did then. Raises `Conflict` where the run has not failed.
    """
    async with held(store, run_id, tenant_id) as run:
        if run.status != "failed":
            raise Conflict(
                f"Run {run_id} is {run.status}: only a failed run can be retried.",
                hint="`pilothouse show` tells what it waits for.",
            )
        entries = (await store.read_outside([run_id]))[run_id]  # nobody appends: the row is locked
        if not entries:
            raise Conflict(f"The journal of run {run_id} was removed: its days of retention are over.")
        history = History(entries)
        steps = history.retriable(read_failure(history.ended).steps) if history.ended else ()
        payload = orjson.dumps({"superseded": steps, "by": by})
        await run.move(Entry(Kind.RUN_RETRIED, "", payload), "queued", cancel=False)
        return steps


async def fail_lost(store: Store, run_id: UUID, losses: int) -> None:
    """Fail a run that has taken down worker after worker, and was taken over in order to fail."""
    async with store.events.held() as connection:
        row = await (
            await connection.execute("select tenant_id from runs where id = %s", (run_id,))
        ).fetchone()
    if row is None:
        return
    async with held(store, run_id, row[0]) as run:
        if run.status != "running":
            return
        started = await run.connection.execute(
            "select key from journal where run_id = %s and key <> '' order by seq desc limit 1", (run_id,)
        )
        last = await started.fetchone()
        step = last[0] if last else ""
        error = WorkerLost(
            f"{losses} workers in a row died while executing this run"
            + (f", last seen at or after step {step}." if step else " before its first step."),
            hint="Find out what that step does to the process (memory, native code), then retry the run.",
        )
        failure = failure_of(error).model_copy(update={"step": step})
        await run.move(Entry(Kind.RUN_FAILED, "", failure.model_dump_json().encode()), "failed")
        await run.connection.execute(WITHDRAW_ALL, (run_id,))
