"""Tenants and engagements over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query
from fastapi.responses import StreamingResponse

from pilothouse.kit.pagination import Page
from pilothouse.kit.problems import documented
from pilothouse.routing import Endpoints
from pilothouse.runtime.ports import ArtifactStore
from pilothouse.tenants.schemas import (
    Engagement,
    EngagementQuery,
    Erasure,
    Job,
    JobQuery,
    NewEngagement,
    NewTenant,
    Tenant,
    TenantEdit,
    TenantQuery,
)
from pilothouse.tenants.service import Engagements, Tenants, streamed

TAR = "application/x-tar"

TenantKey = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,62}$")]


def installation(provide: Callable[..., Awaitable[Tenants]]) -> Endpoints:
    """Endpoints for those who look after the installation; `provide` makes the service for a request."""
    router = Endpoints(prefix="/tenants", tags=["tenants"])

    @router.get("", responses=documented(400))
    async def list_tenants(
        tenants: Annotated[Tenants, Depends(provide)], query: Annotated[TenantQuery, Query()]
    ) -> Page[Tenant]:
        """List tenants by id."""
        return await tenants.page(query)

    @router.post("", status_code=201, responses=documented(400, 403, 409))
    async def create_tenant(tenants: Annotated[Tenants, Depends(provide)], wanted: NewTenant) -> Tenant:
        """Make a tenant. An id is never given twice."""
        return await tenants.create(wanted)

    @router.get("/{tenant_id}", responses=documented(400, 404))
    async def show_tenant(tenants: Annotated[Tenants, Depends(provide)], tenant_id: TenantKey) -> Tenant:
        """Show a tenant."""
        return await tenants.show(tenant_id)

    @router.patch("/{tenant_id}", responses=documented(400, 403, 404, 409))
    async def change_tenant(
        tenants: Annotated[Tenants, Depends(provide)], tenant_id: TenantKey, edit: TenantEdit
    ) -> Tenant:
        """Rename a tenant, or change its attributes."""
        return await tenants.edit(tenant_id, edit)

    @router.post("/{tenant_id}/suspend", responses=documented(400, 403, 404, 409))
    async def suspend_tenant(tenants: Annotated[Tenants, Depends(provide)], tenant_id: TenantKey) -> Tenant:
        """Let nobody of a tenant in, and start none of its runs, until it is resumed."""
        return await tenants.suspend(tenant_id)

    @router.post("/{tenant_id}/resume", responses=documented(400, 403, 404, 409))
    async def resume_tenant(tenants: Annotated[Tenants, Depends(provide)], tenant_id: TenantKey) -> Tenant:
        """Serve a suspended tenant again; what was held goes on."""
        return await tenants.resume(tenant_id)

    @router.post("/{tenant_id}/export", status_code=202, responses=documented(400, 403, 404, 409))
    async def export_tenant(tenants: Annotated[Tenants, Depends(provide)], tenant_id: TenantKey) -> Job:
        """Have all of a tenant's data put into one file, which its job leads to."""
        return await tenants.export(tenant_id)

    @router.post("/{tenant_id}/erase", status_code=202, responses=documented(400, 403, 404, 409))
    async def erase_tenant(
        tenants: Annotated[Tenants, Depends(provide)], tenant_id: TenantKey, order: Erasure
    ) -> Job:
        """Erase a suspended tenant, for ever."""
        return await tenants.erase(tenant_id, order)

    return router


def working(provide: Callable[..., Awaitable[Tenants]]) -> Endpoints:
    """Endpoints for what is done with a tenant as a whole."""
    router = Endpoints(prefix="/tenants/{tenant_id}/jobs", tags=["tenants"])

    @router.get("", responses=documented(400, 404))
    async def list_tenant_jobs(
        tenants: Annotated[Tenants, Depends(provide)],
        tenant_id: TenantKey,
        query: Annotated[JobQuery, Query()],
    ) -> Page[Job]:
        """List exports and erasures of a tenant, the newest first."""
        return await tenants.jobs(tenant_id, query)

    @router.get("/{job_id}", responses=documented(400, 404))
    async def show_tenant_job(
        tenants: Annotated[Tenants, Depends(provide)], tenant_id: TenantKey, job_id: UUID
    ) -> Job:
        """Show how far an export or an erasure is, and what came of it."""
        return await tenants.job(tenant_id, job_id)

    return router


def files(provide: Callable[..., Awaitable[Tenants]], store: ArtifactStore) -> Endpoints:
    """The endpoint that hands out what was exported; the bytes lie in `store`."""
    router = Endpoints(prefix="/tenants/{tenant_id}/jobs", tags=["tenants"])

    @router.get(
        "/{job_id}/content",
        response_class=StreamingResponse,
        responses={200: {"content": {TAR: {}}, "description": "The file."}, **documented(400, 403, 404)},
    )
    async def download_tenant_export(
        tenants: Annotated[Tenants, Depends(provide)], tenant_id: TenantKey, job_id: UUID
    ) -> StreamingResponse:
        """Fetch the file of an export, a tar archive."""
        parts = await tenants.file(tenant_id, job_id)
        headers = {
            "content-length": str(sum(part.size for part in parts)),
            "content-disposition": f'attachment; filename="{tenant_id}-{job_id}.tar"',
            "cache-control": "no-store",
        }
        return StreamingResponse(streamed(store, tenant_id, parts), media_type=TAR, headers=headers)

    return router


def own(provide: Callable[..., Awaitable[Tenants]]) -> Endpoints:
    """The endpoint for one's own tenant."""
    router = Endpoints(prefix="/tenant", tags=["tenants"])

    @router.get("", responses=documented(404))
    async def show_own_tenant(tenants: Annotated[Tenants, Depends(provide)]) -> Tenant:
        """Show the tenant that the request belongs to."""
        return await tenants.own()

    return router


def engagements(provide: Callable[..., Awaitable[Engagements]]) -> Endpoints:
    """Endpoints for the projects of one's tenant."""
    router = Endpoints(prefix="/engagements", tags=["engagements"])

    @router.get("", responses=documented(400))
    async def list_engagements(
        service: Annotated[Engagements, Depends(provide)], query: Annotated[EngagementQuery, Query()]
    ) -> Page[Engagement]:
        """List engagements, the newest first."""
        return await service.page(query)

    @router.post("", status_code=201, responses=documented(400, 403, 409))
    async def create_engagement(
        service: Annotated[Engagements, Depends(provide)], wanted: NewEngagement
    ) -> Engagement:
        """Make an engagement."""
        return await service.create(wanted)

    @router.get("/{engagement_id}", responses=documented(400, 404))
    async def show_engagement(
        service: Annotated[Engagements, Depends(provide)], engagement_id: UUID
    ) -> Engagement:
        """Show an engagement."""
        return await service.show(engagement_id)

    @router.patch("/{engagement_id}", responses=documented(400, 403, 404, 409))
    async def rename_engagement(
        service: Annotated[Engagements, Depends(provide)], engagement_id: UUID, wanted: NewEngagement
    ) -> Engagement:
        """Give an engagement another name."""
        return await service.rename(engagement_id, wanted)

    @router.post("/{engagement_id}/close", responses=documented(400, 403, 404))
    async def close_engagement(
        service: Annotated[Engagements, Depends(provide)], engagement_id: UUID
    ) -> Engagement:
        """Take no new runs for an engagement."""
        return await service.close(engagement_id)

    @router.post("/{engagement_id}/reopen", responses=documented(400, 403, 404))
    async def reopen_engagement(
        service: Annotated[Engagements, Depends(provide)], engagement_id: UUID
    ) -> Engagement:
        """Take new runs for an engagement again."""
        return await service.reopen(engagement_id)

    @router.delete("/{engagement_id}", status_code=204, responses=documented(400, 403, 404, 409))
    async def delete_engagement(
        service: Annotated[Engagements, Depends(provide)], engagement_id: UUID
    ) -> None:
        """Delete an engagement that has neither runs nor schedules."""
        await service.delete(engagement_id)

    return router
