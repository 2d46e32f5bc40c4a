"""The engine's store: submits, claims, appends and reads runs, for many runs in one transaction."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg

from pilothouse.errors import Conflict
from pilothouse.kit.roundtrip import round_trip
from pilothouse.kit.sealing import Place
from pilothouse.runtime import beside, lineage, partitions, sql
from pilothouse.runtime.batch import Batcher
from pilothouse.runtime.claims import PINNED, Claiming
from pilothouse.runtime.connection import Connection, Lane, Query
from pilothouse.runtime.entries import KINDS, Entry, Kind, encode, stored
from pilothouse.runtime.errors import Fenced
from pilothouse.runtime.observing import Observer, Unobserved
from pilothouse.runtime.payloads import AGAIN_AFTER, Payloads, Reference, refers
from pilothouse.runtime.ports import DECLINES, FENCES, Statement
from pilothouse.runtime.sealing import KeysUnavailable, of_entry

_BY_INDEX = {"enable_seqscan": "off"}
"""As far as runs are concerned: what tends to them must not read all that ever were."""

_OWNERS = "select id, tenant_id from runs where id = any(%s::uuid[])"

_AT_ONCE = 1_000
"""Timers that one statement wakes."""


@dataclass(frozen=True)
class Submission:
    """A run to be made. `digest` identifies the input behind an idempotency key.

    `beside` is written in the same transaction, where the run was not there yet.
    """

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
    engagement_id: UUID | None = None
    personal: bool = False
    untrusted: bool = False
    injection: bool = False
    beside: Sequence[Statement] = field(default=())
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
    personal: bool = False
    engagement_id: UUID | None = None
    untrusted: bool = False
    injection: bool = False


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
    personal: bool = False


class Store:
    """Everything the engine asks of the database on its hot path."""

    def __init__(
        self,
        conninfo: str,
        *,
        direct: str | None = None,
        owner: str | None = None,
        prepare: bool = True,
        observer: Observer | None = None,
    ) -> None:
        """Make the store's lanes within the running event loop; nothing is opened yet.

        `conninfo` may lead through a transaction pooler; `direct` then leads past it, to sessions of their
        own. `prepare` says whether statements may be kept on the server.
        """
        self.conninfo = conninfo
        self.direct = direct or conninfo
        self.owner = owner or self.direct
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
        if submission.personal or self.payloads.large(submission.payload):
            place = _place_of(submission)
            packed = await self.payloads.packed(submission.tenant_id, submission.payload, place)
            submission = replace(submission, packed=packed)
        return await self._submitting.put(submission)

    async def submit_within(self, connection: Connection, items: Sequence[Submission]) -> frozenset[UUID]:
        """Make runs in the transaction that is open on `connection`; returns the ids that were not there yet.

        Their inputs stay in the journal, however large they are.
        """
        packed = [(*await self.payloads.inlined(item.payload, _place_of(item)), None) for item in items]
        rows = _rows_of(items, packed)
        made = await (await connection.execute(sql.SUBMIT.encode(), rows)).fetchall()
        new = frozenset(row[0] for row in made)
        await beside.execute(connection, list(enumerate(_beside(items, new))))
        return new

    async def append(self, item: Append) -> str:
        """Append a turn's entries; returns the run's status once the transaction has committed.

        Raises `Fenced` where the run is no longer this turn's, `DatabaseUnavailable` where nothing
        is known of the outcome.
        """
        if not (item.personal or self.payloads.concern(item.run_id, item.entries)):
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
        """As `read`, for those who watch: never in the way of a worker's claims, and with whole payloads."""
        journals = await self._read(self.watches, run_ids, after)
        aside = [run_id for run_id, entries in journals.items() if refers(entries)]
        if aside:
            for run_id, tenant_id in await self.watches.rows(_OWNERS, (aside,)):
                journals[run_id] = await self.payloads.resolved(tenant_id, journals[run_id])
        return journals

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
        return await asyncio.to_thread(partitions.ensure_at, self.owner, now)

    async def cancels(self, worker_id: UUID) -> list[UUID]:
        """Runs that this worker executes and that somebody asked to cancel."""
        return [row[0] for row in await self._tending.rows(sql.CANCELS, (worker_id,))]

    async def _read(
        self, lane: Lane, run_ids: Sequence[UUID], after: int, *before: Query
    ) -> dict[UUID, list[Entry]]:
        journals = _arranged(run_ids, await lane.rows(sql.READ, (run_ids, after), before=before))
        if forks := lineage.sharing(journals, after):
            shared = _arranged(forks, await lane.rows(lineage.READ_SHARED, (forks, after), before=before), 8)
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
        rows = await self._submit_beside(items, named, _rows_of(items, packed))
        made = {row[0] for row in rows}
        return [item.id if item.id in made else await self._earlier(item) for item in items]

    async def _submit_beside(
        self, items: Sequence[Submission], named: Sequence[Statement], parameters: Sequence[object]
    ) -> Sequence[tuple[Any, ...]]:
        """Make runs, and in the same transaction what is known of their large inputs, and stands beside."""
        if not named and not any(item.beside for item in items):
            return await self._submits.rows(sql.SUBMIT, parameters)
        async with self._submits.held() as connection, connection.transaction():
            rows = await (await connection.execute(sql.SUBMIT.encode(), parameters)).fetchall()
            statements = (*named, *_beside(items, {row[0] for row in rows}))
            await beside.execute(connection, list(enumerate(statements)))
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
        """Write the items; those that are declined fail alone, and the others are written without them."""
        declined: dict[int, BaseException] = {}
        while True:
            standing = {place: item for place, item in enumerate(items) if place not in declined}
            try:
                results = dict(zip(standing, await self._append_those(standing), strict=True))
            except psycopg.Error as error:
                if error.sqlstate != DECLINES:
                    raise
                declined |= beside.declined(error)
            else:
                return [results.get(place) or declined[place] for place in range(len(items))]

    async def _append_those(self, items: Mapping[int, Append]) -> Sequence[str | BaseException]:
        if not items:
            return ()
        turns = {(item.run_id, item.epoch): item for item in items.values()}
        for item in items.values():
            if item.end is not None or item.unless_woken:
                turns[item.run_id, item.epoch] = item
        parameters = _columns(list(items.values()), list(turns.values()))
        if not any(item.beside for item in items.values()):
            rows = await self._appends.rows(sql.APPEND, parameters)
        else:
            rows = await self._append_beside(parameters, items)
        self._observer.committed(len(items), len(parameters[0]))
        states = {(row[0], row[1]): row[3] for row in rows}
        return [
            states.get((item.run_id, item.epoch)) or Fenced(f"Run {item.run_id} has another owner.")
            for item in items.values()
        ]

    async def _append_large(self, item: Append) -> str:
        """Append entries of which some are large, or all sealed: that is done first."""
        try:
            entries, named = await self.payloads.moved(
                item.tenant_id, item.run_id, item.entries, personal=item.personal
            )
        except KeysUnavailable:
            await asyncio.sleep(AGAIN_AFTER)  # or the run would begin its next turn at once
            raise
        return await self._appending.put(replace(item, entries=entries, beside=(*item.beside, *named)))

    async def _append_beside(
        self, parameters: Sequence[object], items: Mapping[int, Append]
    ) -> list[tuple[Any, ...]]:
        """The append and its items' statements in one transaction, without those of fenced items.

        That is one round trip. Only where a turn was lost is it done again in two, as it says which one.
        """
        async with self._appends.held() as connection, beside.transaction(connection):
            whole = [(place, statement) for place, item in items.items() for statement in item.beside]
            try:
                return await beside.write(connection, whole, first=(sql.APPEND_WHOLE, parameters))
            except psycopg.Error as error:
                if error.sqlstate != FENCES:
                    raise
            _, _, rows = await round_trip(
                connection, [("rollback", ()), ("begin", ()), (sql.APPEND, parameters)]
            )
            owned = {(row[0], row[1]) for row in rows}
            standing = {place for place, item in items.items() if (item.run_id, item.epoch) in owned}
            await beside.write(connection, [one for one in whole if one[0] in standing])
            return rows


def _beside(items: Sequence[Submission], made: Collection[UUID]) -> list[Statement]:
    """What is written beside those of the submissions that made a run."""
    return [statement for item in items if item.id in made for statement in item.beside]


def _place_of(item: Submission) -> Place | None:
    """Where the input of a personal run is sealed for."""
    if not item.personal:
        return None
    return of_entry(item.tenant_id, item.id, Entry(Kind.SUBMITTED, ""))


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
        [item.engagement_id for item in items],
        [item.personal for item in items],
        [item.untrusted for item in items],
        [item.injection for item in items],
    )


def _arranged(
    run_ids: Sequence[UUID], rows: Iterable[tuple[Any, ...]], source: int = 0
) -> dict[UUID, list[Entry]]:
    """The rows of `sql.READ` as each run's journal. In column `source` is the run that an entry stands in."""
    journals: dict[UUID, list[Entry]] = {run_id: [] for run_id in run_ids}
    for row in rows:
        run_id, kind, key, payload, digest, codec, seq, at = row[:8]
        known = KINDS.get(kind, Kind.UNKNOWN)
        journals[run_id].append(Entry(known, key, payload, digest, codec, seq, at, row[source]))
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
