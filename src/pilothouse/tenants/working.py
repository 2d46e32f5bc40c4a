"""The chore that exports and erases tenants: one job at a time, taken over where a worker has died at it."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any
from uuid import UUID

import structlog

from pilothouse.errors import PilothouseError
from pilothouse.kit.clock import Clock
from pilothouse.kit.scope import HOME_TENANT, LOCAL_PRINCIPAL, Scope
from pilothouse.kit.sealing import SealedColumn, Sealer
from pilothouse.kit.session import Database
from pilothouse.runtime.ports import ArtifactStore
from pilothouse.tenants.archive import Archive
from pilothouse.tenants.erasing import Erasing, KeyDestroyer, Remains
from pilothouse.tenants.exporting import Export, Payloads
from pilothouse.tenants.repository import Holdings, Jobs, Taken, TenantRepository
from pilothouse.tenants.schemas import JobKind, Tenant, TenantStatus

log = structlog.get_logger(__name__)

SILENCE = dt.timedelta(minutes=1)
"""After which a job of which nothing is heard is another worker's."""

KEEP = dt.timedelta(days=7)
"""How long the file of an export is kept."""

NOTED_EVERY = dt.timedelta(seconds=2)


class _Lost(Exception):
    """Another worker has taken the job over."""


class TenantWork:
    """Does the jobs of tenants. `vault` destroys keys and opens what they have sealed."""

    name = "tenants"

    def __init__(
        self,
        database: Database,
        store: ArtifactStore,
        payloads: Payloads,
        clock: Clock,
        *,
        vault: KeyDestroyer | None = None,
        sealer: Sealer | None = None,
        columns: Sequence[SealedColumn] = (),
        remains: tuple[Remains, ...] = (),
    ) -> None:
        """Work through `database`, with the rights to all tenants; exports are put into `store`."""
        self._database = database
        self._store = store
        self._payloads = payloads
        self._clock = clock
        self._vault = vault
        self._sealer = sealer
        self._columns = columns
        self._remains = remains

    async def tend(self, now: dt.datetime) -> dt.datetime | None:
        """Do the next job, if there is one; then forget files that are not kept any longer."""
        if await self.work():
            return now
        async with self._database.maintenance() as session:
            jobs = Jobs(session)
            for job_id in await jobs.expired(now):
                await jobs.drop_parts(job_id, now)
                log.info("tenant_export_expired", job=str(job_id))
        return None

    async def work(self, only: UUID | None = None) -> bool:
        """Do one job to its end, the job `only` if it is given; whether there was one to do."""
        async with self._database.maintenance() as session:
            job = await Jobs(session).take(SILENCE, only)
        if job is None:
            return False
        progress = _Noting(self._database, self._clock, job)
        try:
            report = await (self._export if job.kind is JobKind.EXPORT else self._erase)(job, progress)
        except _Lost:
            log.warning("tenant_job_lost", job=str(job.id))
        except Exception as error:
            if not isinstance(error, PilothouseError) or error.retryable:
                log.warning("tenant_job_interrupted", job=str(job.id), reason=str(error))
            await self._finish(job, {}, progress.done, failure=f"{type(error).__name__}: {error}")
            raise
        else:
            expires = self._clock.now() + KEEP if job.kind is JobKind.EXPORT else None
            await self._finish(job, report, progress.done, expires_at=expires)
            log.info("tenant_job_done", tenant=job.tenant_id, kind=job.kind.value, job=str(job.id))
        return True

    async def _export(self, job: Taken, progress: _Noting) -> dict[str, Any]:
        async with self._database.maintenance() as session:
            await Jobs(session).drop_parts(job.id, self._clock.now())  # of a worker that died at it
        tenant = await self._tenant(job.tenant_id)
        now, parts = self._clock.now(), 0

        async def keep(content: bytes) -> None:
            nonlocal parts
            sha256 = hashlib.sha256(content).hexdigest()
            await self._store.put(job.tenant_id, sha256, content)
            async with self._database.maintenance() as session:
                if not await Jobs(session).part(job, parts, sha256, len(content)):
                    raise _Lost
            parts += 1

        export = Export(
            tenant.model_dump(mode="json"),
            Holdings(self._database, job.tenant_id),
            self._payloads,
            self._sealer,
            self._columns,
        )
        made = {
            "export": str(job.id),
            "made_at": now.isoformat(),
            "pilothouse": version("pilothouse"),
            "asked_by": job.asked_by,
        }
        manifest = await export.write(Archive(keep, now), progress, made)
        told = ("tables", "files", "left_out", "unreadable", "damaged")
        return {name: manifest[name] for name in told} | {"parts": parts}

    async def _erase(self, job: Taken, progress: _Noting) -> dict[str, Any]:
        tenant = await self._tenant(job.tenant_id)
        if tenant.status is TenantStatus.ACTIVE:
            raise PilothouseError(f"The tenant {tenant.id} was resumed: it is not erased.")
        holdings = Holdings(self._database, job.tenant_id)
        report = await Erasing(job.tenant_id, holdings, self._store, self._vault, self._remains).erase(
            progress
        )
        async with self._database.maintenance() as session:
            await Jobs(session).bury(job.tenant_id)
        log.warning("tenant_erased", tenant=job.tenant_id, by=job.asked_by)
        return report

    async def _tenant(self, tenant_id: str) -> Tenant:
        async with self._database.maintenance() as session:
            row = await TenantRepository(session, Scope(HOME_TENANT, LOCAL_PRINCIPAL)).get(tenant_id)
            if row is None:
                raise PilothouseError(f"There is no tenant {tenant_id}.")
            return Tenant.model_validate(row)

    async def _finish(
        self,
        job: Taken,
        report: dict[str, Any],
        done: int,
        *,
        failure: str | None = None,
        expires_at: dt.datetime | None = None,
    ) -> None:
        async with self._database.maintenance() as session:
            await Jobs(session).finish(job, report=report, done=done, failure=failure, expires_at=expires_at)


class _Noting:
    """Notes how far a job is, not too often; ends it where it is another worker's."""

    def __init__(self, database: Database, clock: Clock, job: Taken) -> None:
        self._database = database
        self._clock = clock
        self._job = job
        self._stage = ""
        self._noted = dt.datetime.min.replace(tzinfo=dt.UTC)
        self.done = 0

    async def __call__(self, stage: str, done: int) -> None:
        now, self.done = self._clock.now(), done
        if stage == self._stage and now < self._noted + NOTED_EVERY:
            return
        self._stage, self._noted = stage, now
        async with self._database.maintenance() as session:
            if not await Jobs(session).progress(self._job, stage, done):
                raise _Lost
