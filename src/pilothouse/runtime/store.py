"""The engine's store: submits, claims, appends and reads runs, for many runs in one transaction."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from pilothouse.errors import Conflict
from pilothouse.runtime import lineage, partitions, sql
from pilothouse.runtime.batch import Batcher
from pilothouse.runtime.claims import PINNED, Claiming
from pilothouse.runtime.connection import Connection, Lane, Query
from pilothouse.runtime.entries import KINDS, Entry, Kind, encode, stored
from pilothouse.runtime.errors import Fenced
from pilothouse.runtime.observing import Observer, Unobserved
from pilothouse.runtime.payloads import Payloads, Reference
from pilothouse.runtime.ports import Statement

_BY_INDEX = {"enable_seqscan": "off"}
"""As far as runs are concerned: what tends to them must not read all that ever were."""

_AT_ONCE = 1_000
"""Timers that one statement wakes."""


@dataclass(frozen=True)
class Submission:
    """A run to be made. `digest` identifies the input behind an idempotency key."""

    id: UUID
    tenant_id: str
    workflow: str
    version: int
    payload: bytes
    digest: bytes
    priority: int = 0
    principal: str = ""
    idempotency_key: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    request_id: str | None = None
    traceparent: str | None = None
    schedule_id: UUID | None = None
    packed: tuple[int, bytes, Reference | None] | None = None


class Claim(NamedTuple):
    """A run that this worker may now execute, until its epoch is raised. `waited` is in seconds."""

    run_id: UUID
    tenant_id: str
    pin: str
    epoch: int
    wakes: int
    principal: str
    cancel_requested: bool
    request_id: str | None = None
    traceparent: str | None = None
    waited: float = 0.0


class TurnEnd(NamedTuple):
    """The state a run is left in: waiting (until `wake_at` or an event), or one of the final ones."""

    status: str
    wake_at: dt.datetime | None = None


@dataclass(frozen=True)
class Append:
    """Entries of one turn, with what moves the run's state and what is written beside them.

    With `unless_woken` the turn is fenced where an event has reached the run since it was claimed.
    """

    run_id: UUID
    epoch: int
    wakes: int
    entries: Sequence[Entry]
    end: TurnEnd | None = None
    beside: Sequence[Statement] = field(default=())
    unless_woken: bool = False
    tenant_id: str = ""


class Store:
    """Everything the engine asks of the database on its hot path."""

    def __init__(
        self,
        conninfo: str,
        *,
        direct: str | None = None,
        prepare: bool = True,
        observer: Observer | None = None,
    ) -> None:
        """Make the store's lanes within the running event loop; nothing is opened yet.

        `conninfo` may lead through a transaction pooler; `direct` then leads past it, to sessions of their
        own. `prepare` says whether statements may be kept on the server.
        """
        self.conninfo = conninfo
        self.direct = direct or conninfo
        self._observer = observer or Unobserved()

        def lane(purpose: str, settings: Mapping[str, str] | None = None) -> Lane:
            return Lane(conninfo, settings, purpose=purpose, prepare=prepare, observer=observer)

        self.events = lane("events")
        self.watches = lane("watches")
        self.ahead = lane("ahead")
        self._submits = lane("submits")
        self._claims = lane("claims")
        self._claiming = Claiming(self._claims)
        self._tending = lane("tending", _BY_INDEX)
        self._appends = lane("appends")
        self.payloads = Payloads()
        self._submitting: Batcher[Submission, UUID] = Batcher(self._submit_all)
        self._appending: Batcher[Append, str] = Batcher(self._append_all)

    async def close(self) -> None:
        """Flush what was put, and close the connections."""
        await self._submitting.close()
        await self._appending.close()
        for lane in (
            *(self._submits, self._claims, self._tending),
            *(self._appends, self.watches, self.events, self.ahead),
        ):
            await lane.close()

    async def submit(self, submission: Submission) -> UUID:
        """Make a run; returns its id, or that of the earlier run with the same idempotency key.

        Raises `Conflict` where that earlier run had another workflow or input.
        """
        if self.payloads.large(submission.payload):
            packed = await self.payloads.packed(submission.tenant_id, submission.payload)
            submission = replace(submission, packed=packed)
        return await self._submitting.put(submission)

    async def submit_within(self, connection: Connection, items: Sequence[Submission]) -> frozenset[UUID]:
        """Make runs in the transaction that is open on `connection`; returns the ids that were not there yet.

        Their inputs stay in the journal, however large they are.
        """
        rows = _rows_of(items, [(*encode(item.payload), None) for item in items])
        made = await (await connection.execute(sql.SUBMIT.encode(), rows)).fetchall()
        return frozenset(row[0] for row in made)

    async def append(self, item: Append) -> str:
        """Append a turn's entries; returns the run's status once the transaction has committed.

        Raises `Fenced` where the run is no longer this turn's, `DatabaseUnavailable` where nothing
        is known of the outcome.
        """
        if not self.payloads.concern(item.run_id, item.entries):
            return await self._appending.put(item)
        return await self.payloads.in_order(item.run_id, lambda: self._append_large(item))

    async def claim(
        self, worker_id: UUID, pins: Sequence[str], slots: int, only: UUID | None = None
    ) -> list[Claim]:
        """At most `slots` due runs, now owned by `worker_id`: as limits allow, the tenants by turns."""
        return [Claim(*row) for row in await self._claiming.claim(worker_id, pins, slots, only)]

    @property
    def held_for(self) -> float | None:
        """Seconds after which a rate lets one more run start, as the last claim saw it (None: none waits)."""
        return self._claiming.held_for

    async def read(self, run_ids: Sequence[UUID], after: int = 0) -> dict[UUID, list[Entry]]:
        """The journals of runs from the entry behind `after` on, in order."""
        return await self._read(self._claims, run_ids, after, PINNED)

    async def read_outside(self, run_ids: Sequence[UUID], after: int = 0) -> dict[UUID, list[Entry]]:
        """As `read`, for those who watch: never in the way of a worker's claims, and with large payloads."""
        journals = await self._read(self.watches, run_ids, after)
        return {run_id: await self.payloads.resolved(entries) for run_id, entries in journals.items()}

    async def status(self, run_id: UUID) -> str | None:
        """A run's status; None where there is no such run."""
        rows = await self.watches.rows("select status from runs where id = %s", (run_id,))
        return str(rows[0][0]) if rows else None

    async def wake_timers(self, now: dt.datetime) -> tuple[int, dt.datetime | None]:
        """Queue the runs whose time has come; returns how many, and when the next is due."""
        ((count, _, following),) = await self._tending.rows(sql.WAKE_TIMERS, (now, _AT_ONCE, now))
        return count, now if count == _AT_ONCE else following

    async def take_over(
        self, lease: float, grace: float, max_losses: int, taker: UUID, *, thoroughly: bool = False
    ) -> list[tuple[UUID, int]]:
        """Queue the runs of dead workers again; returns each with the number of workers it has lost.

        Those that have lost more than `max_losses` are not queued but `taker`'s, which is to fail them.
        Runs whose worker is on no list any more are found `thoroughly` only, which costs more.
        """
        statement = sql.TAKE_OVER_ALL if thoroughly else sql.TAKE_OVER
        rows = await self._tending.rows(statement, (lease, grace, max_losses, taker))
        return [(run_id, losses) for run_id, losses, _ in rows]

    async def release(self, worker_id: UUID, keep: Iterable[UUID]) -> int:
        """Give back the runs that are this worker's, but for those to `keep`; returns how many."""
        ((count, _),) = await self._tending.rows(sql.RELEASE, (worker_id, list(keep)))
        return int(count)

    async def may_refer(self) -> bool:
        """Whether every worker can read references; those of release 0.1.0 cannot, and say no version."""
        ((older,),) = await self.watches.rows("select exists (select from workers where version = '')")
        return not older

    async def ensure_partitions(self, now: dt.datetime) -> list[str]:
        """Make the journal's partitions ahead of `now` that are missing; returns their names."""
        return await asyncio.to_thread(partitions.ensure_at, self.direct, now)

    async def cancels(self, worker_id: UUID) -> list[UUID]:
        """Runs that this worker executes and that somebody asked to cancel."""
        return [row[0] for row in await self._tending.rows(sql.CANCELS, (worker_id,))]

    async def _read(
        self, lane: Lane, run_ids: Sequence[UUID], after: int, *before: Query
    ) -> dict[UUID, list[Entry]]:
        journals = _arranged(run_ids, await lane.rows(sql.READ, (run_ids, after), before=before))
        if forks := lineage.sharing(journals, after):
            shared = _arranged(forks, await lane.rows(lineage.READ_SHARED, (forks, after), before=before))
            for run_id, entries in shared.items():
                journals[run_id][:0] = entries
        return journals

    async def _submit_all(self, items: Sequence[Submission]) -> Sequence[UUID | BaseException]:
        packed = [item.packed or (*encode(item.payload), None) for item in items]
        named = [
            found.statement(item.id)
            for item, (*_, found) in zip(items, packed, strict=True)
            if found is not None
        ]
        rows = await self._submit_beside(named, _rows_of(items, packed))
        made = {row[0] for row in rows}
        return [item.id if item.id in made else await self._earlier(item) for item in items]

    async def _submit_beside(
        self, named: Sequence[Statement], parameters: Sequence[object]
    ) -> Sequence[tuple[Any, ...]]:
        """Make runs, and in the same transaction what is known of their large inputs."""
        if not named:
            return await self._submits.rows(sql.SUBMIT, parameters)
        async with self._submits.held() as connection, connection.transaction():
            rows = await (await connection.execute(sql.SUBMIT.encode(), parameters)).fetchall()
            for statement in named:
                await connection.execute(statement.sql.encode(), statement.parameters)
            return rows

    async def _earlier(self, item: Submission) -> UUID | BaseException:
        rows = await self._submits.rows(
            "select id, workflow, input_digest from runs where tenant_id = %s and idempotency_key = %s",
            (item.tenant_id, item.idempotency_key),
        )
        run_id, workflow, digest = rows[0]
        if (workflow, digest) == (item.workflow, item.digest):
            return UUID(str(run_id))
        return Conflict(
            f"The idempotency key {item.idempotency_key!r} was used for another submission (run {run_id}).",
            hint="Send a new key with a new request.",
        )

    async def _append_all(self, items: Sequence[Append]) -> Sequence[str | BaseException]:
        turns = {(item.run_id, item.epoch): item for item in items}
        for item in items:
            if item.end is not None or item.unless_woken:
                turns[item.run_id, item.epoch] = item
        parameters = _columns(items, list(turns.values()))
        beside = [item for item in items if item.beside]
        if not beside:
            rows = await self._appends.rows(sql.APPEND, parameters)
        else:
            rows = await self._append_beside(parameters, beside)
        self._observer.committed(len(items), len(parameters[0]))
        states = {(row[0], row[1]): row[3] for row in rows}
        return [
            states.get((item.run_id, item.epoch)) or Fenced(f"Run {item.run_id} has another owner.")
            for item in items
        ]

    async def _append_large(self, item: Append) -> str:
        """Append entries of which some may be large: those are put aside first."""
        entries, named = await self.payloads.moved(item.tenant_id, item.run_id, item.entries)
        return await self._appending.put(replace(item, entries=entries, beside=(*item.beside, *named)))

    async def _append_beside(
        self, parameters: Sequence[object], items: Sequence[Append]
    ) -> list[tuple[Any, ...]]:
        """The append and its items' statements in one transaction, without those of fenced items."""
        async with self._appends.held() as connection, connection.transaction():
            rows = await (await connection.execute(sql.APPEND.encode(), parameters)).fetchall()
            owned = {(row[0], row[1]) for row in rows}
            groups: dict[str, list[Sequence[Any]]] = defaultdict(list)
            for item in items:
                if (item.run_id, item.epoch) in owned:
                    for statement in item.beside:
                        groups[statement.sql].append(statement.parameters)
            for text, many in groups.items():
                await connection.cursor().executemany(text.encode(), many)
            return rows


def _rows_of(
    items: Sequence[Submission], packed: Sequence[tuple[int, bytes, Reference | None]]
) -> tuple[Sequence[object], ...]:
    """The parameters of `sql.SUBMIT`: one list for each column."""
    return (
        [item.id for item in items],
        [item.tenant_id for item in items],
        [item.workflow for item in items],
        [item.version for item in items],
        [item.priority for item in items],
        [item.principal for item in items],
        [item.idempotency_key for item in items],
        [item.digest for item in items],
        [codec for codec, _, _ in packed],
        [payload for _, payload, _ in packed],
        [orjson.dumps(dict(item.labels)).decode() for item in items],
        [item.request_id for item in items],
        [item.traceparent for item in items],
        [item.schedule_id for item in items],
    )


def _arranged(run_ids: Sequence[UUID], rows: Iterable[tuple[Any, ...]]) -> dict[UUID, list[Entry]]:
    """The rows of `sql.READ` as each run's journal."""
    journals: dict[UUID, list[Entry]] = {run_id: [] for run_id in run_ids}
    for run_id, kind, key, payload, digest, codec, seq, at in rows:
        known = KINDS.get(kind, Kind.UNKNOWN)
        journals[run_id].append(Entry(known, key, payload, digest, codec, seq, at))
    return journals


def _columns(items: Sequence[Append], turns: Sequence[Append]) -> tuple[Sequence[object], ...]:
    """The parameters of `sql.APPEND`: one list for each column."""
    run_ids: list[object] = []
    epochs: list[object] = []
    kinds: list[object] = []
    keys: list[object] = []
    codecs: list[object] = []
    payloads: list[object] = []
    digests: list[object] = []
    for item in items:
        for entry in item.entries:
            codec, payload = stored(entry)
            run_ids.append(item.run_id)
            epochs.append(item.epoch)
            kinds.append(entry.kind.value)
            keys.append(entry.key)
            codecs.append(int(codec))
            payloads.append(payload)
            digests.append(entry.digest)
    return (
        *(run_ids, epochs, kinds, keys, codecs, payloads, digests),
        [item.run_id for item in turns],
        [item.epoch for item in turns],
        [item.end.status if item.end else None for item in turns],
        [item.wakes for item in turns],
        [item.end.wake_at if item.end else None for item in turns],
        [item.unless_woken for item in turns],
    )
