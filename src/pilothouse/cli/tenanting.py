"""What `pilothouse tenants` works on: the tenants of this machine's database, or those of a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from pilothouse.app import assembled
from pilothouse.cli.client import every
from pilothouse.cli.opening import Here, Options, on_this_machine, remote
from pilothouse.cli.remote import RemoteClient
from pilothouse.errors import PilothouseError
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.pagination import Page
from pilothouse.tenants.schemas import Erasure, NewTenant, Tenant, TenantEdit, TenantQuery

if TYPE_CHECKING:
    from pilothouse.tenants.service import Tenants

LOOK_EVERY = 0.5
"""Seconds between two looks at how far a job is."""


class Tenanting(Protocol):
    """What the commands ask for, whether it is this machine's or a server's. Everything is as in the API."""

    async def all(self) -> list[dict[str, Any]]:
        """All tenants."""
        ...

    async def show(self, tenant_id: str) -> dict[str, Any]:
        """One tenant."""
        ...

    async def create(self, tenant_id: str, name: str) -> dict[str, Any]:
        """Make a tenant."""
        ...

    async def rename(self, tenant_id: str, name: str) -> dict[str, Any]:
        """Give a tenant another name."""
        ...

    async def turn(self, tenant_id: str, what: str) -> dict[str, Any]:
        """Suspend or resume a tenant."""
        ...

    def follow(self, tenant_id: str, what: str, **said: str) -> AsyncIterator[dict[str, Any]]:
        """Have a tenant exported or erased; the job, again and again until it is done."""
        ...

    def content(self, tenant_id: str, job_id: str) -> AsyncIterator[bytes]:
        """The file of an export."""
        ...


@asynccontextmanager
async def opened(options: Options) -> AsyncIterator[Tenanting]:
    """The tenants on the server named by `--server`, or in this machine's own database."""
    if options.server is not None:
        async with remote(options, options.server) as client:
            yield Remote(client)
        return
    async with on_this_machine(options) as here:
        yield Local(options, here)


class Local:
    """On this machine's database, or the configured one; its jobs are done here."""

    def __init__(self, options: Options, here: Here) -> None:
        """Use the parts of this process; what `options` name executes the jobs."""
        self._options = options
        self._here = here

    @asynccontextmanager
    async def _service(self) -> AsyncIterator[Tenants]:
        from pilothouse.tenants.repository import JobRepository, TenantRepository
        from pilothouse.tenants.service import Tenants

        scope = self._here.scope
        async with self._here.database.session(scope) as session:
            yield Tenants(
                TenantRepository(session, scope),
                JobRepository(session, scope),
                scope,
                SystemClock(),
                self._here.parts.ids,
            )

    async def all(self) -> list[dict[str, Any]]:
        """All tenants."""

        async def page(which: Mapping[str, Any]) -> Page[Tenant]:
            async with self._service() as tenants:
                return await tenants.page(TenantQuery.model_validate(which))

        return [item.model_dump(mode="json") for item in await every(page)]

    async def show(self, tenant_id: str) -> dict[str, Any]:
        """One tenant."""
        async with self._service() as tenants:
            return (await tenants.show(tenant_id)).model_dump(mode="json")

    async def create(self, tenant_id: str, name: str) -> dict[str, Any]:
        """Make a tenant."""
        wanted = NewTenant(id=tenant_id, name=name)
        async with self._service() as tenants:
            return (await tenants.create(wanted)).model_dump(mode="json")

    async def rename(self, tenant_id: str, name: str) -> dict[str, Any]:
        """Give a tenant another name."""
        edit = TenantEdit(name=name)
        async with self._service() as tenants:
            return (await tenants.edit(tenant_id, edit)).model_dump(mode="json")

    async def turn(self, tenant_id: str, what: str) -> dict[str, Any]:
        """Suspend or resume a tenant."""
        async with self._service() as tenants:
            done = await (tenants.suspend if what == "suspend" else tenants.resume)(tenant_id)
        return done.model_dump(mode="json")

    async def follow(self, tenant_id: str, what: str, **said: str) -> AsyncIterator[dict[str, Any]]:
        """Have a tenant exported or erased, here unless a worker is quicker; the job until it is done."""
        from pilothouse.tenants.working import TenantWork

        async with self._service() as tenants:
            if what == "export":
                job = await tenants.export(tenant_id)
            else:
                job = await tenants.erase(tenant_id, Erasure(confirm=said["confirm"]))
        async with assembled(self._options.settings(), self._options.installed()) as pilothouse:
            work = next(chore for chore in pilothouse.engine.chores if isinstance(chore, TenantWork))
            working = asyncio.create_task(work.work(job.id))
            while job.finished_at is None:
                await asyncio.wait([working], timeout=LOOK_EVERY)
                async with self._service() as tenants:
                    job = await tenants.job(tenant_id, job.id)
                yield job.model_dump(mode="json")
                if working.done() and job.finished_at is None:
                    await asyncio.sleep(LOOK_EVERY)  # a worker is at it
            await asyncio.gather(working, return_exceptions=True)

    async def content(self, tenant_id: str, job_id: str) -> AsyncIterator[bytes]:
        """The file of an export."""
        from pilothouse.tenants.service import streamed

        async with self._service() as tenants:
            parts = await tenants.file(tenant_id, UUID(job_id))
        async for piece in streamed(self._here.parts.artifacts, tenant_id, parts):
            yield piece


class Remote:
    """On a server, over its API."""

    def __init__(self, client: RemoteClient) -> None:
        """Ask `client`."""
        self._client = client

    async def all(self) -> list[dict[str, Any]]:
        """All tenants."""
        return await self._client.every("/tenants")

    async def show(self, tenant_id: str) -> dict[str, Any]:
        """One tenant."""
        return dict(await self._client.ask("GET", f"/tenants/{tenant_id}"))

    async def create(self, tenant_id: str, name: str) -> dict[str, Any]:
        """Make a tenant."""
        return dict(await self._client.ask("POST", "/tenants", json={"id": tenant_id, "name": name}))

    async def rename(self, tenant_id: str, name: str) -> dict[str, Any]:
        """Give a tenant another name."""
        return dict(await self._client.ask("PATCH", f"/tenants/{tenant_id}", json={"name": name}))

    async def turn(self, tenant_id: str, what: str) -> dict[str, Any]:
        """Suspend or resume a tenant."""
        return dict(await self._client.ask("POST", f"/tenants/{tenant_id}/{what}"))

    async def follow(self, tenant_id: str, what: str, **said: str) -> AsyncIterator[dict[str, Any]]:
        """Have a tenant exported or erased by the server's workers; the job until it is done."""
        body = {"json": said} if said else {}
        job = await self._client.ask("POST", f"/tenants/{tenant_id}/{what}", **body)
        while job["finished_at"] is None:
            await asyncio.sleep(LOOK_EVERY)
            job = await self._client.ask("GET", f"/tenants/{tenant_id}/jobs/{job['id']}")
            yield job

    def content(self, tenant_id: str, job_id: str) -> AsyncIterator[bytes]:
        """The file of an export."""
        return self._client.pieces(f"/tenants/{tenant_id}/jobs/{job_id}/content")


def assert_done(job: dict[str, Any]) -> None:
    """Raise `JobFailed` for a job that was not completed."""
    if job["status"] != "completed":
        raise JobFailed(f"The {job['kind']} of tenant {job['tenant_id']} failed: {job['failure']}")


class JobFailed(PilothouseError):
    """An export or an erasure was not completed."""

    code = "tenant_job_failed"
