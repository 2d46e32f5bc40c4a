"""The rules of tenants and engagements: who there is, who is served, and what belongs to which project."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import structlog

from pilothouse.audit.service import AuditLog
from pilothouse.errors import Conflict, Forbidden, NotFound
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.pagination import Page
from pilothouse.kit.problems import Fault, InvalidFields
from pilothouse.kit.scope import HOME_TENANT, Scope
from pilothouse.kit.session import Database
from pilothouse.runtime.ports import ArtifactStore
from pilothouse.tenants.repository import accounts
from pilothouse.tenants.repository.accounts import EngagementRepository, TenantRepository
from pilothouse.tenants.repository.jobs import JobRepository
from pilothouse.tenants.schemas import (
    Engagement,
    EngagementQuery,
    Erasure,
    Job,
    JobKind,
    JobQuery,
    JobStatus,
    NewEngagement,
    NewTenant,
    Part,
    Tenant,
    TenantEdit,
    TenantQuery,
    TenantStatus,
)
from pilothouse.tenants.tables import EngagementRow, JobRow, TenantRow

log = structlog.get_logger(__name__)


class Tenants:
    """The tenants that a scope may see: those who look after the installation see and move all of them.

    Suspending takes effect everywhere within a second: that is how long what was looked up is believed.
    """

    def __init__(
        self, repository: TenantRepository, jobs: JobRepository, scope: Scope, clock: Clock, ids: Ids
    ) -> None:
        """Read and write through the repositories; a worker does the jobs."""
        self._repository = repository
        self._jobs = jobs
        self._scope = scope
        self._clock = clock
        self._ids = ids
        self._audit = AuditLog(clock, ids)

    async def own(self) -> Tenant:
        """The scope's own tenant. Raises `NotFound` where there is none of that name yet."""
        row = await self._repository.own()
        if row is None:
            raise NotFound(f"There is no tenant {self._scope.tenant_id}.")
        return Tenant.model_validate(row)

    async def page(self, query: TenantQuery) -> Page[Tenant]:
        """The wanted tenants, by id."""
        rows, cursor = await self._repository.page(query)
        return Page(items=[Tenant.model_validate(row) for row in rows], next_cursor=cursor)

    async def show(self, tenant_id: str) -> Tenant:
        """A tenant. Raises `NotFound`."""
        return Tenant.model_validate(await self._row(tenant_id))

    async def create(self, wanted: NewTenant) -> Tenant:
        """Make a tenant. Raises `Conflict` for an id that was given before, also to one that is erased."""
        self._assert_home()
        now = self._clock.now()
        row = TenantRow(
            id=wanted.id,
            name=wanted.name,
            status=TenantStatus.ACTIVE.value,
            attributes=dict(wanted.attributes),
            created_at=now,
            changed_at=now,
        )
        await self._repository.save(row)
        await self._repository.record(self._audit, self._scope, row.id, "made")
        log.info("tenant_made", tenant=row.id)
        return Tenant.model_validate(row)

    async def edit(self, tenant_id: str, edit: TenantEdit) -> Tenant:
        """Change what `edit` gives. Raises `NotFound`, and `Conflict` for an erased tenant."""
        row = await self._changeable(tenant_id)
        if edit.name is not None:
            row.name = edit.name
        if edit.attributes is not None:
            row.attributes = dict(edit.attributes)
        return await self._saved(row, "tenant_changed")

    async def suspend(self, tenant_id: str) -> Tenant:
        """Let nobody of a tenant in, and start none of its runs; again changes nothing.

        What executes right now ends its turn. Raises `NotFound`, and `Conflict` for the home tenant, whose
        admins are the ones who could resume it, and for an erased one.
        """
        row = await self._changeable(tenant_id)
        if tenant_id == HOME_TENANT:
            raise Conflict(f"The tenant {HOME_TENANT} looks after the others and cannot be suspended.")
        row.status = TenantStatus.SUSPENDED.value
        return await self._saved(row, "tenant_suspended")

    async def resume(self, tenant_id: str) -> Tenant:
        """Serve a suspended tenant again: what was held goes on. Again changes nothing.

        Raises `Conflict` where its erasure has begun: its keys are gone.
        """
        row = await self._changeable(tenant_id)
        if await self._jobs.erasure_begun(tenant_id):
            raise Conflict(f"The tenant {tenant_id} is being erased.", hint="What has begun is to be ended.")
        row.status = TenantStatus.ACTIVE.value
        shown = await self._saved(row, "tenant_resumed")
        await self._repository.wake()
        return shown

    async def export(self, tenant_id: str) -> Job:
        """Have all of a tenant's data put into one file.

        Raises `NotFound`, and `Conflict` where that happens already or the tenant is erased.
        """
        await self._changeable(tenant_id)
        return await self._ask(tenant_id, JobKind.EXPORT)

    async def erase(self, tenant_id: str, order: Erasure) -> Job:
        """Have a tenant erased, for ever.

        Raises `NotFound`, `InvalidFields` where the id is not typed again as it is, and `Conflict` for one
        that is not suspended.
        """
        row = await self._changeable(tenant_id)
        if order.confirm != tenant_id:
            message = f"Type the id of the tenant, {tenant_id}, to erase it."
            raise InvalidFields(message, [Fault(where="body", name="/confirm", detail="is another id")])
        if row.status != TenantStatus.SUSPENDED:
            raise Conflict(f"The tenant {tenant_id} is {row.status}.", hint="Suspend it first.")
        return await self._ask(tenant_id, JobKind.ERASE)

    async def jobs(self, tenant_id: str, query: JobQuery) -> Page[Job]:
        """What was or is done with a tenant as a whole, the newest first. Raises `NotFound`."""
        await self._row(tenant_id)
        rows = await self._jobs.page(tenant_id, query)
        return Page(items=[Job.model_validate(row) for row in rows.items], next_cursor=rows.next_cursor)

    async def job(self, tenant_id: str, job_id: UUID) -> Job:
        """How far an export or an erasure is, and what came of it. Raises `NotFound`."""
        row = await self._jobs.get(tenant_id, job_id)
        if row is None:
            raise NotFound(f"There is no job {job_id} of tenant {tenant_id}.")
        return Job.model_validate(row)

    async def file(self, tenant_id: str, job_id: UUID) -> list[Part]:
        """The parts of an export's file, in order. Raises `NotFound` where there is none (any longer)."""
        self._assert_home()
        job = await self.job(tenant_id, job_id)
        parts = [Part.model_validate(row) for row in await self._jobs.parts(job_id)]
        if job.kind is not JobKind.EXPORT or job.status is not JobStatus.COMPLETED or not parts:
            raise NotFound(f"There is no file of job {job_id}.", hint="Have the tenant exported again.")
        return parts

    async def _ask(self, tenant_id: str, kind: JobKind) -> Job:
        now = self._clock.now()
        row = JobRow(
            id=self._ids.new(),
            tenant_id=tenant_id,
            kind=kind.value,
            status=JobStatus.QUEUED.value,
            epoch=0,
            stage="",
            done=0,
            report={},
            asked_by=self._scope.principal,
            created_at=now,
            changed_at=now,
        )
        await self._jobs.save(row)
        await self._repository.record(self._audit, self._scope, tenant_id, kind.value)
        log.info("tenant_job_asked", tenant=tenant_id, kind=kind.value, job=str(row.id))
        return Job.model_validate(row)

    async def _saved(self, row: TenantRow, event: str) -> Tenant:
        row.changed_at = self._clock.now()
        await self._repository.save(row)
        await self._repository.record(self._audit, self._scope, row.id, event.removeprefix("tenant_"))
        log.info(event, tenant=row.id)
        return Tenant.model_validate(row)

    async def _changeable(self, tenant_id: str) -> TenantRow:
        row = await self._row(tenant_id, locked=self._scope.tenant_id == HOME_TENANT)
        self._assert_home()
        if row.status == TenantStatus.ERASED:
            raise Conflict(f"The tenant {tenant_id} is erased.")
        return row

    async def _row(self, tenant_id: str, *, locked: bool = False) -> TenantRow:
        row = await self._repository.get(tenant_id, locked=locked)
        if row is None:
            raise NotFound(f"There is no tenant {tenant_id}.")
        return row

    def _assert_home(self) -> None:
        """Raise `Forbidden` unless the scope's tenant looks after the installation."""
        if self._scope.tenant_id != HOME_TENANT:
            raise Forbidden(f"Only admins of the tenant {HOME_TENANT} look after tenants.")


async def streamed(store: ArtifactStore, tenant_id: str, parts: list[Part]) -> AsyncIterator[bytes]:
    """The bytes of an export's file, in pieces."""
    for part in parts:
        async for piece in store.read(tenant_id, part.sha256):
            yield piece


class Placement:
    """Finds the engagement in which something new is to be."""

    def __init__(self, database: Database, scope: Scope) -> None:
        """Nothing is asked of `database` where there is no engagement to find."""
        self._database = database
        self._scope = scope

    async def of(self, wanted: str | None) -> UUID | None:
        """The open engagement with the id or name `wanted`, else the one the principal is bound to, if any.

        Raises `InvalidFields` where there is none, it is closed, or the principal is bound to another.
        """
        bound = self._scope.engagement_id
        if wanted is None and bound is None:
            return None
        (found,) = await self._database.read(self._scope, accounts.place(self._scope, wanted or str(bound)))
        if found is None:
            raise _unusable(f"There is no engagement {wanted or bound}.")
        if found.closed_at is not None:
            raise _unusable(f"The engagement {found.name} is closed.")
        return UUID(str(found.id))


class Engagements:
    """The projects of a tenant; a principal that is bound to one sees that one only."""

    def __init__(self, repository: EngagementRepository, scope: Scope, clock: Clock, ids: Ids) -> None:
        """Read and write through `repository`."""
        self._repository = repository
        self._scope = scope
        self._clock = clock
        self._ids = ids

    async def page(self, query: EngagementQuery) -> Page[Engagement]:
        """The wanted engagements, the newest first."""
        rows = await self._repository.page(query)
        items = [Engagement.model_validate(row) for row in rows.items]
        return Page(items=items, next_cursor=rows.next_cursor)

    async def show(self, engagement_id: UUID) -> Engagement:
        """An engagement. Raises `NotFound`."""
        return Engagement.model_validate(await self._row(engagement_id))

    async def create(self, wanted: NewEngagement) -> Engagement:
        """Make an engagement.

        Raises `Conflict` for a name that is taken, `Forbidden` for whoever is bound to one.
        """
        self._assert_unbound()
        now = self._clock.now()
        row = EngagementRow(id=self._ids.new(), name=wanted.name, created_at=now, changed_at=now)
        await self._repository.save(row)
        log.info("engagement_made", engagement=str(row.id))
        return Engagement.model_validate(row)

    async def rename(self, engagement_id: UUID, wanted: NewEngagement) -> Engagement:
        """Give an engagement another name. Raises `NotFound`, `Conflict` for a name that is taken."""
        row = await self._changeable(engagement_id)
        row.name = wanted.name
        return await self._saved(row, "engagement_renamed")

    async def close(self, engagement_id: UUID) -> Engagement:
        """Take no new runs for an engagement; its schedules make none. Again changes nothing."""
        row = await self._changeable(engagement_id)
        row.closed_at = row.closed_at or self._clock.now()
        return await self._saved(row, "engagement_closed")

    async def reopen(self, engagement_id: UUID) -> Engagement:
        """Take new runs for an engagement again. Again changes nothing."""
        row = await self._changeable(engagement_id)
        row.closed_at = None
        return await self._saved(row, "engagement_reopened")

    async def delete(self, engagement_id: UUID) -> None:
        """Delete an engagement that has no runs and no schedules. Raises `NotFound`, `Conflict`."""
        row = await self._changeable(engagement_id)
        await self._repository.delete(row)
        log.info("engagement_deleted", engagement=str(engagement_id))

    async def _saved(self, row: EngagementRow, event: str) -> Engagement:
        row.changed_at = self._clock.now()
        await self._repository.save(row)
        log.info(event, engagement=str(row.id))
        return Engagement.model_validate(row)

    async def _changeable(self, engagement_id: UUID) -> EngagementRow:
        row = await self._row(engagement_id)
        self._assert_unbound()
        return row

    async def _row(self, engagement_id: UUID) -> EngagementRow:
        row = await self._repository.get(engagement_id)
        if row is None:
            raise NotFound(f"There is no engagement {engagement_id}.")
        return row

    def _assert_unbound(self) -> None:
        """Raise `Forbidden` for a principal that is bound to one engagement."""
        if self._scope.engagement_id is not None:
            raise Forbidden("Whoever works in one engagement only does not change engagements.")


def _unusable(message: str) -> InvalidFields:
    fault = Fault(where="body", name="/engagement", detail=message)
    return InvalidFields(message, [fault], hint="`GET /api/v1/engagements` lists those that are open.")
