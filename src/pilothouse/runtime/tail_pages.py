"""Pages of journals for those who watch: many places in many journals are read by one statement."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from pilothouse.runtime.connection import Lane, Query
from pilothouse.runtime.entries import KINDS, Entry, Kind

P = TypeVar("P")
T = TypeVar("T")

PAGE = 100
"""Entries of one journal, or of one tenant, that are read at once."""

NOTHING = UUID(int=0)

READ_RUNS = f"""
with recursive ask as (
  select * from unnest(%s::uuid[], %s::int[]) with ordinality as t(run_id, after, place)),
part(place, source, after, high) as (
  select place, run_id, after, 2147483647 from ask
  union all
  select part.place, run.forked_from, part.after, least(part.high, run.forked_seq)
    from part cross join lateral (
      select forked_from, forked_seq from runs where id = part.source and forked_from is not null limit 1
    ) as run
   where least(part.high, run.forked_seq) > part.after),
found as (
  select part.place, entry.* from part cross join lateral (
    select kind, key, payload, digest, codec, seq, at, run_id as source from journal
     where run_id = part.source and seq > part.after and seq <= part.high
     order by seq limit {PAGE} + 1) as entry)
select ask.place, run.tenant_id, run.status, run.seq, run.workflow, run.engagement_id,
       found.kind, found.key, found.payload, found.digest, found.codec, found.seq, found.at, found.source
  from ask
  left join lateral (
    select tenant_id, status, seq, workflow, engagement_id from runs
     where id = ask.run_id limit 1) as run on true
  left join found on found.place = ask.place
 order by ask.place, found.seq
"""  # noqa: S608 - a number of our own
"""The next entries of runs, each behind a place of its own, with the state that the run is in.

A fork's entries begin with those of the runs it comes from, which stand in their journals.
"""

READ_TENANTS = f"""
with now as materialized (
  select pg_snapshot_xmin(snapshot)::text::bigint as horizon,
         pg_snapshot_xmax(snapshot)::text::bigint as ahead
    from (select pg_current_snapshot() as snapshot) as taken)
select ask.place, now.horizon, now.ahead, run.workflow, run.engagement_id, entry.*
  from unnest(%s::text[], %s::bigint[], %s::uuid[], %s::int[])
       with ordinality as ask(tenant_id, xid, run_id, seq, place)
  cross join now
  left join lateral (
    select journal.xid, journal.run_id, kind, key, payload, digest, codec, journal.seq, at from journal
     where tenant_id = ask.tenant_id and xid >= ask.xid and xid < now.horizon
       and (xid, journal.run_id, journal.seq) > (ask.xid, ask.run_id, ask.seq)
     order by xid, journal.run_id, journal.seq limit {PAGE} + 1) as entry on true
  left join lateral (
    select workflow, engagement_id from runs where id = entry.run_id limit 1) as run on true
 order by ask.place, entry.xid, entry.run_id, entry.seq
"""  # noqa: S608 - a number of our own
"""The next entries of tenants in the order of their transactions, each behind a place of its own.

Only what was written by transactions older than every one under way: nothing can be committed before it
any more.
"""

IN_ORDER = Query(
    "select set_config('enable_bitmapscan', 'off', true), set_config('enable_seqscan', 'off', true),"
    " set_config('enable_sort', 'off', true), set_config('jit', 'off', true)"
)
"""A page is read along the index, whatever stale statistics say: else all that follows is sorted for it."""

POSITIONS = "select id, seq from runs where id = any(%s::uuid[])"
"""How far the journals of runs are."""

PRESENT = """
select pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
       coalesce((select id from incarnations order by began_at desc limit 1),
                '00000000-0000-0000-0000-000000000000')
"""
"""Where a stream begins that begins now, the first transaction to come, and the database's incarnation."""


class Place(NamedTuple):
    """How far a tenant's stream was read: all that is not greater, in the order of these fields."""

    xid: int
    run_id: UUID
    seq: int


class Line:
    """One journal entry on its way to those who watch. Whatever form it is told in is made once for all."""

    __slots__ = (
        *("_told", "at", "codec", "digest", "key", "kind", "payload"),
        *("place", "run_id", "seq", "source", "tenant_id", "workflow", "engagement_id"),
    )

    def __init__(  # noqa: PLR0917 - made for every entry that is read, which names would slow down
        self,
        place: Any,
        run_id: UUID,
        tenant_id: str,
        workflow: str,
        row: Sequence[Any],
        engagement_id: UUID | None = None,
        source: UUID | None = None,
    ) -> None:
        """An entry of `run_id` as it was read: kind, key, payload, digest, codec, seq, at.

        `place` is its own in what is watched: its number in a run, or a `Place` among a tenant's entries.
        `source` is the run in whose journal it stands, where that is another one.
        """
        self.place = place
        self.run_id = run_id
        self.tenant_id = tenant_id
        self.workflow = workflow
        self.engagement_id = engagement_id
        self.source = source or run_id
        self.kind: str
        self.key: str
        self.payload: bytes
        self.digest: bytes | None
        self.codec: int
        self.seq: int
        self.at: dt.datetime
        self.kind, self.key, self.payload, self.digest, self.codec, self.seq, self.at = row
        self._told: dict[Callable[[Line], object], object] = {}

    @property
    def entry(self) -> Entry:
        """The entry as the engine knows it."""
        kind = KINDS.get(self.kind, Kind.UNKNOWN)
        return Entry(kind, self.key, self.payload, self.digest, self.codec, self.seq, self.at, self.source)

    def told(self, form: Callable[[Line], T]) -> T:
        """This entry in a form; the first who asks makes it."""
        if form not in self._told:
            self._told[form] = form(self)
        return self._told[form]  # type: ignore[return-value]  # what `form` has made


class RunState(NamedTuple):
    """What a run's row said when its journal was read."""

    tenant_id: str
    status: str
    seq: int
    engagement_id: UUID | None = None


class Page(NamedTuple, Generic[P]):
    """Entries behind a place, and the place up to which there is nothing else.

    `full` tells that more may follow at once, `soon` that something is committed that cannot be told yet.
    """

    lines: Sequence[Line]
    reached: P
    full: bool = False
    soon: bool = False
    run: RunState | None = None


async def read_runs(lane: Lane, asks: Sequence[tuple[UUID, int]]) -> Sequence[Page[int]]:
    """The next page of each run behind its sequence number. The same is read once."""
    unique = list(dict.fromkeys(asks))
    rows = await lane.rows(READ_RUNS, ([run_id for run_id, _ in unique], [after for _, after in unique]))
    grouped: list[list[Any]] = [[] for _ in unique]
    for row in rows:
        grouped[row[0] - 1].append(row)
    pages = {}
    for (run_id, after), found in zip(unique, grouped, strict=True):
        _, tenant_id, status, seq, workflow, engagement_id, *_ = found[0]
        lines = [
            Line(row[11], run_id, tenant_id, workflow, row[6:13], engagement_id, row[13])
            for row in found
            if row[6] is not None
        ]
        full, lines = len(lines) > PAGE, lines[:PAGE]
        reached = lines[-1].seq if lines else after
        run = None if tenant_id is None else RunState(tenant_id, status, seq, engagement_id)
        pages[run_id, after] = Page(lines, reached, full, run=run)
    return [pages[ask] for ask in asks]


async def read_tenants(lane: Lane, asks: Sequence[tuple[str, Place]]) -> Sequence[Page[Place]]:
    """The next page of each tenant behind its place. The same is read once."""
    unique = list(dict.fromkeys(asks))
    columns = [
        [tenant_id for tenant_id, _ in unique],
        *([place[at] for _, place in unique] for at in range(3)),
    ]
    grouped: list[list[Any]] = [[] for _ in unique]
    for row in await lane.rows(READ_TENANTS, columns, before=(IN_ORDER,)):
        grouped[row[0] - 1].append(row)
    pages = {}
    for (tenant_id, after), found in zip(unique, grouped, strict=True):
        _, horizon, ahead, *_ = found[0]
        lines = [
            Line(Place(xid, run_id, row[-2]), run_id, tenant_id, workflow or "", row, engagement_id)
            for _, _, _, workflow, engagement_id, xid, run_id, *row in found
            if xid is not None
        ]
        full, lines = len(lines) > PAGE, lines[:PAGE]
        last = lines[-1].place if full else max(after, Place(horizon, NOTHING, 0))
        reached = last if isinstance(last, Place) else after
        pages[tenant_id, after] = Page(lines, reached, full, soon=horizon < ahead)
    return [pages[ask] for ask in asks]
