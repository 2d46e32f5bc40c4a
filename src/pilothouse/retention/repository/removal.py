"""Queries that remove what the rules of all tenants no longer keep, in small transactions of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.kit.ids import lowest_at
from pilothouse.retention.schemas import Keep

REMOVABLE = """
runs.tenant_id = :tenant_id
   and (runs.workflow = :workflow or :workflow = '*' and not runs.workflow = any(:own))
   and runs.id < :before_id and (cast(:after_id as uuid) is null or runs.id > cast(:after_id as uuid))
   and runs.status in ('completed', 'failed', 'cancelled') and runs.finished_at < :cutoff
   and (not :pruning or runs.pruned_at is null)
   and not exists (select from runs as fork where fork.forked_from = runs.id)
   and not exists (
     select from runs as next where next.continued_from = runs.id
        and next.status in ('queued', 'running', 'waiting'))
"""
"""Finished long enough ago, and neither forked nor what an open run continues.

A run that ended before `cutoff` was made before it, so that its id bounds what is looked at.
"""

_DUE = """
select tenant_id, workflow, days, keep, after_id,
       array(select workflow from retention_rules as other where other.tenant_id = rule.tenant_id)
  from retention_rules as rule
 where next_at <= :now and (cast(:tenant_id as text) is null or tenant_id = :tenant_id)
 order by next_at, tenant_id, workflow limit 1 for update skip locked
"""
_DOOMED = f"""
select runs.id, runs.seq from runs where {REMOVABLE} order by runs.id limit :limit
   for update of runs skip locked
"""  # noqa: S608 - a constant
_FORKED = "select forked_from from runs where forked_from = any(:ids)"
"""Those that were forked at the last moment; now that they are locked nobody forks them any more."""
_QUESTIONS = "delete from questions where run_id = any(:ids)"
_ORIGINALS = "delete from guard_originals where run_id = any(:ids)"
_FEEDBACK = "delete from feedback where run_id = any(:ids)"
_ARTIFACTS = "delete from artifacts where run_id = any(:ids) returning tenant_id, sha256"
_REFERENCES = "delete from payload_references where run_id = any(:ids) returning tenant_id, sha256"
_USES = "delete from upload_uses where run_id = any(:ids)"
_HELD = """
select from audit_holds as hold where hold.tenant_id = decision.tenant_id and hold.released_at is null
"""
_DECISIONS = f"""
delete from decisions as decision where run_id = any(:ids) and not exists ({_HELD})
"""  # noqa: S608 - a constant
"""What was decided of their actions, unless a legal hold of the tenant keeps it."""
_LET_GO = f"""
with left_over as (
  select decision.id from decisions as decision
   where decision.tenant_id in (
           select tenant_id from audit_holds where released_at > cast(:since as timestamptz))
     and not exists ({_HELD})
     and not exists (select from runs where runs.id = decision.run_id and runs.pruned_at is null)
   limit :most for update of decision skip locked),
gone as (delete from decisions where id in (select id from left_over) returning id)
select count(*) from gone
"""  # noqa: S608 - a constant
"""Those that a hold has kept beyond their runs, once it is released."""
_JOURNAL = "delete from journal where run_id = any(:ids)"
_RUNS = "delete from runs where id = any(:ids)"
_PRUNED = "update runs set pruned_at = :now where id = any(:ids)"
_RELEASED = """
insert into released_contents (tenant_id, sha256, released_at)
select distinct tenant_id, sha256, cast(:now as timestamptz)
  from unnest(cast(:tenants as text[]), cast(:digests as text[])) as freed(tenant_id, sha256)
    on conflict (tenant_id, sha256) do update set released_at = excluded.released_at
"""
_FREED = """
select tenant_id, sha256,
       exists (select from artifacts where tenant_id = freed.tenant_id and sha256 = freed.sha256)
       or exists (select from payload_references where tenant_id = freed.tenant_id and sha256 = freed.sha256)
       or exists (select from uploads where tenant_id = freed.tenant_id and sha256 = freed.sha256)
  from released_contents as freed where released_at < :before
 order by released_at limit :limit for update skip locked
"""
_FORGOTTEN = "delete from released_contents where tenant_id = :tenant_id and sha256 = :sha256"
_LATER = """
update released_contents set released_at = :now where tenant_id = :tenant_id and sha256 = :sha256
"""
_MOVED_ON = """
update retention_rules set after_id = :after_id, next_at = :next_at, last_at = coalesce(:last_at, last_at),
       runs = runs + :runs, entries = entries + :entries, artifacts = artifacts + :artifacts
 where tenant_id = :tenant_id and workflow = :workflow
"""
_WHOLLY_PAST = """
select not exists (
  select from runs left join lateral (
      select days, keep from retention_rules as rule
       where rule.tenant_id = runs.tenant_id and rule.workflow in (runs.workflow, '*')
       order by rule.workflow = '*' limit 1) as rule on true
   where runs.id >= :first and runs.id < :following and runs.pruned_at is null
     and not (rule.days is not null and rule.keep <> 'everything'
              and runs.status in ('completed', 'failed', 'cancelled')
              and runs.finished_at < cast(:now as timestamptz) - rule.days * interval '1 day'
              and not exists (select from runs as fork where fork.forked_from = runs.id)
              and not exists (
                select from runs as next where next.continued_from = runs.id
                   and next.status in ('queued', 'running', 'waiting'))))
"""


class Due(NamedTuple):
    """A rule that is to be applied, locked; `own` are the workflows of its tenant that have a rule."""

    tenant_id: str
    workflow: str
    days: int
    keep: str
    after_id: UUID | None
    own: list[str]


class Freed(NamedTuple):
    """A content that a removed run has named, and whether another run still does."""

    tenant_id: str
    sha256: str
    named: bool


@dataclass(frozen=True)
class Removed:
    """What one batch has removed, and the last run that it looked at (None: there was none)."""

    runs: int = 0
    entries: int = 0
    artifacts: int = 0
    last_id: UUID | None = None


class Removal:
    """Removes runs and contents of all tenants: a maintenance job, in the session of one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        """Work in `session`."""
        self._session = session

    async def due(self, now: dt.datetime, tenant_id: str | None) -> Due | None:
        """The rule that has waited longest, of one tenant or of all; none that another worker applies."""
        row = (await self._session.execute(text(_DUE), {"now": now, "tenant_id": tenant_id})).one_or_none()
        return Due(*row) if row else None

    async def is_wholly_past(self, first: UUID, following: UUID, now: dt.datetime) -> bool:
        """Whether no rule keeps the journal of any run whose id lies in the range."""
        wanted = {"first": first, "following": following, "now": now}
        return bool(await self._session.scalar(text(_WHOLLY_PAST), wanted))

    async def batch(
        self,
        rule: Due,
        now: dt.datetime,
        *,
        runs: int,
        entries: int,
        dropped: Sequence[tuple[UUID, UUID]] = (),
    ) -> Removed:
        """Remove the next runs, at most `runs` with about `entries` entries.

        The entries of those whose id lies in one of the ranges `dropped` go with their partition.
        """
        ids, total, last_id = await self._doomed(rule, now, runs, entries)
        if not ids:
            return Removed(last_id=last_id)
        here = [id_ for id_ in ids if not any(first <= id_ < following for first, following in dropped)]
        await self._session.execute(text(_QUESTIONS), {"ids": ids})
        await self._session.execute(text(_ORIGINALS), {"ids": ids})
        await self._session.execute(text(_FEEDBACK), {"ids": ids})
        freed = list((await self._session.execute(text(_ARTIFACTS), {"ids": ids})).all())
        artifacts = len(freed)
        freed += (await self._session.execute(text(_REFERENCES), {"ids": ids})).all()
        await self._session.execute(text(_USES), {"ids": ids})
        await self._session.execute(text(_DECISIONS), {"ids": ids})
        await self._session.execute(text(_JOURNAL), {"ids": here})
        if rule.keep == Keep.RUN:
            await self._session.execute(text(_PRUNED), {"ids": ids, "now": now})
        else:
            await self._session.execute(text(_RUNS), {"ids": ids})
        if freed:
            named = {"tenants": [row[0] for row in freed], "digests": [row[1] for row in freed], "now": now}
            await self._session.execute(text(_RELEASED), named)
        return Removed(len(ids), total, artifacts, last_id)

    async def _doomed(
        self, rule: Due, now: dt.datetime, runs: int, entries: int
    ) -> tuple[list[UUID], int, UUID | None]:
        """The next runs to remove, locked; their entries; and the last run that was looked at."""
        cutoff = now - dt.timedelta(days=rule.days)
        wanted = {
            "tenant_id": rule.tenant_id,
            "workflow": rule.workflow,
            "own": rule.own,
            "cutoff": cutoff,
            "before_id": lowest_at(cutoff),
            "after_id": rule.after_id,
            "pruning": rule.keep == Keep.RUN,
            "limit": runs,
        }
        found = (await self._session.execute(text(_DOOMED), wanted)).all()
        locked = {"ids": [run_id for run_id, _ in found]}
        forked = set((await self._session.scalars(text(_FORKED), locked)).all())
        ids, total, last_id = list[UUID](), 0, None
        for run_id, seq in found:
            if ids and total + seq > entries:
                break
            last_id = run_id
            if run_id not in forked:
                ids.append(run_id)
                total += seq
        return ids, total, last_id

    async def move_on(
        self, rule: Due, removed: Removed, next_at: dt.datetime, last_at: dt.datetime | None
    ) -> None:
        """Record what was removed, and where and when to go on; `last_at` where a pass has ended."""
        counts = {"runs": removed.runs, "entries": removed.entries, "artifacts": removed.artifacts}
        named = {"tenant_id": rule.tenant_id, "workflow": rule.workflow}
        at = {
            "after_id": removed.last_id if last_at is None else None,
            "next_at": next_at,
            "last_at": last_at,
        }
        await self._session.execute(text(_MOVED_ON), {**counts, **named, **at})

    async def let_go(self, since: dt.datetime, most: int) -> int:
        """Remove decisions that holds, released since a moment, have kept beyond their runs; how many."""
        return int(await self._session.scalar(text(_LET_GO), {"since": since, "most": most}) or 0)

    async def freed(self, before: dt.datetime, limit: int) -> list[Freed]:
        """Contents that were let go before a moment, locked."""
        found = await self._session.execute(text(_FREED), {"before": before, "limit": limit})
        return [Freed(*row) for row in found]

    async def forget(self, content: Freed) -> None:
        """The content is gone, or named again."""
        named = {"tenant_id": content.tenant_id, "sha256": content.sha256}
        await self._session.execute(text(_FORGOTTEN), named)

    async def look_later(self, content: Freed, now: dt.datetime) -> None:
        """The content was put again, by a run whose entry may be on its way."""
        named = {"tenant_id": content.tenant_id, "sha256": content.sha256, "now": now}
        await self._session.execute(text(_LATER), named)
