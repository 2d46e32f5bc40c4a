"""Queries on the jobs of tenants: for those who ask for one, and for the worker that does it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exc, exists, func, or_, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import bindparam

from pilothouse.errors import Conflict
from pilothouse.kit.repository import Repository, Rows
from pilothouse.tenants.schemas import JobKind, JobQuery
from pilothouse.tenants.tables import JobPartRow, JobRow

ASKED = "pilothouse_runs"
"""The channel that wakes workers."""

_TAKE = """
update tenant_jobs set status = 'running', epoch = epoch + 1, changed_at = now(), done = 0
 where id = (
   select id from tenant_jobs
    where (status = 'queued' or status = 'running' and changed_at < now() - cast(:silence as interval))
      and (cast(:only as uuid) is null or id = cast(:only as uuid))
    order by id limit 1 for update skip locked)
returning id, tenant_id, kind, epoch, asked_by
"""
_PROGRESS = """
update tenant_jobs set stage = :stage, done = :done, changed_at = now()
 where id = :id and epoch = :epoch and status = 'running' returning id
"""
_FINISH = text("""
update tenant_jobs set status = :status, report = :report, failure = :failure, stage = '', done = :done,
       changed_at = now(), finished_at = now(), expires_at = :expires_at
 where id = :id and epoch = :epoch and status = 'running' returning id
""").bindparams(bindparam("report", type_=JSONB))
_PART = """
insert into tenant_job_parts (job_id, part, tenant_id, sha256, size)
select id, :part, tenant_id, :sha256, :size from tenant_jobs where id = :id and epoch = :epoch returning 1
"""
_DROP_PARTS = """
with dropped as (
  delete from tenant_job_parts where job_id = :id returning tenant_id, sha256)
insert into released_contents (tenant_id, sha256, released_at)
select distinct tenant_id, sha256, cast(:now as timestamptz) from dropped
 where not exists (
   select from tenant_job_parts as other
    where other.tenant_id = dropped.tenant_id and other.sha256 = dropped.sha256 and other.job_id <> :id)
    on conflict (tenant_id, sha256) do update set released_at = excluded.released_at
"""
_EXPIRED = """
select id from tenant_jobs
 where expires_at < :now and exists (select from tenant_job_parts where job_id = tenant_jobs.id)
 order by expires_at limit 10 for update skip locked
"""
_ERASED = """
update tenants set status = 'erased', name = id, attributes = '{}', changed_at = now() where id = :tenant_id
"""


class JobRepository(Repository):
    """The jobs that a scope may see: those of its own tenant, and of all tenants in the home tenant."""

    async def get(self, tenant_id: str, job_id: UUID) -> JobRow | None:
        """A job of a tenant, or None where this scope sees none."""
        statement = select(JobRow).where(JobRow.id == job_id, JobRow.tenant_id == tenant_id)
        return (await self._session.scalars(statement)).one_or_none()

    async def page(self, tenant_id: str, query: JobQuery) -> Rows[JobRow]:
        """The jobs of a tenant, the newest first."""
        statement = select(JobRow).where(JobRow.tenant_id == tenant_id)
        if query.kind is not None:
            statement = statement.where(JobRow.kind == query.kind.value)
        return await self._page(statement, JobRow, query)

    async def erasure_begun(self, tenant_id: str) -> bool:
        """Whether an erasure of a tenant is under way, or was and has failed on the way."""
        begun = or_(JobRow.status == "running", and_(JobRow.status == "failed", JobRow.done > 0))
        wanted = (JobRow.tenant_id == tenant_id, JobRow.kind == JobKind.ERASE.value, begun)
        return bool(await self._session.scalar(select(exists().where(*wanted))))

    async def parts(self, job_id: UUID) -> Sequence[JobPartRow]:
        """The parts of an export's file, in order."""
        statement = select(JobPartRow).where(JobPartRow.job_id == job_id).order_by(JobPartRow.part)
        return (await self._session.scalars(statement)).all()

    async def save(self, row: JobRow) -> None:
        """Write a new job, and wake a worker; raises `Conflict` where the same is under way."""
        kind, tenant_id = row.kind, row.tenant_id
        self._session.add(row)
        try:
            await self._session.flush()
        except exc.IntegrityError as error:
            raise Conflict(
                f"The tenant {tenant_id} has an {kind} under way.", hint="Wait until it is done."
            ) from error
        await self._session.execute(select(func.pg_notify(ASKED, "")))


class Taken:
    """A job that this process does, until another process takes it over."""

    def __init__(self, job_id: UUID, tenant_id: str, kind: str, epoch: int, asked_by: str) -> None:
        """Name it as the row does."""
        self.id = job_id
        self.tenant_id = tenant_id
        self.kind = JobKind(kind)
        self.epoch = epoch
        self.asked_by = asked_by


class Jobs:
    """The jobs of all tenants as a worker does them: a maintenance job, in the session of one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        """Work in `session`."""
        self._session = session

    async def take(self, silence: dt.timedelta, only: UUID | None = None) -> Taken | None:
        """The next job that waits, or of which nothing was heard for `silence`; None where there is none."""
        row = (await self._session.execute(text(_TAKE), {"silence": silence, "only": only})).one_or_none()
        return None if row is None else Taken(*row)

    async def progress(self, job: Taken, stage: str, done: int) -> bool:
        """Note how far a job is; whether it is still this process's."""
        wanted = {"id": job.id, "epoch": job.epoch, "stage": stage, "done": done}
        return await self._session.scalar(text(_PROGRESS), wanted) is not None

    async def part(self, job: Taken, part: int, sha256: str, size: int) -> bool:
        """Note one part of an export's file; whether the job is still this process's."""
        wanted = {"id": job.id, "epoch": job.epoch, "part": part, "sha256": sha256, "size": size}
        return await self._session.scalar(text(_PART), wanted) is not None

    async def finish(
        self,
        job: Taken,
        *,
        report: Mapping[str, Any],
        done: int,
        failure: str | None = None,
        expires_at: dt.datetime | None = None,
    ) -> None:
        """Note what came of a job: its report, or why it failed."""
        status = "completed" if failure is None else "failed"
        wanted = {"id": job.id, "epoch": job.epoch, "status": status, "report": dict(report), "done": done}
        await self._session.execute(_FINISH, {**wanted, "failure": failure, "expires_at": expires_at})

    async def drop_parts(self, job_id: UUID, now: dt.datetime) -> None:
        """Forget the parts of an export; their bytes are removed where nothing else names them."""
        await self._session.execute(text(_DROP_PARTS), {"id": job_id, "now": now})

    async def expired(self, now: dt.datetime) -> list[UUID]:
        """Some exports whose file is not kept any longer."""
        return list((await self._session.scalars(text(_EXPIRED), {"now": now})).all())

    async def bury(self, tenant_id: str) -> None:
        """A tenant is erased: nothing but its id stays of itself."""
        await self._session.execute(text(_ERASED), {"tenant_id": tenant_id})
