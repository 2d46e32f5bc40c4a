"""Those who belong here: tenants and their projects, people, keys, and how they come in."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated

from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.api.parts import Parts, Scoped
from pilothouse.auth import endpoints as auth_endpoints
from pilothouse.keys.endpoints import routes as key_routes
from pilothouse.keys.repository import KeyRepository
from pilothouse.keys.service import Keys
from pilothouse.kit.clock import SystemClock
from pilothouse.people import endpoints as people_endpoints
from pilothouse.people.administration import People
from pilothouse.people.myself import Myself
from pilothouse.people.redeeming import Redeeming
from pilothouse.policies import endpoints as policy_endpoints
from pilothouse.routing import Endpoints
from pilothouse.tenants import endpoints as tenant_endpoints
from pilothouse.tenants.repository import EngagementRepository, JobRepository, TenantRepository
from pilothouse.tenants.service import Engagements, Placement, Tenants


def belonging(parts: Parts) -> Iterator[Endpoints]:
    """Tenants and their projects, keys, people and how they come in."""
    session_of, ids, clock = parts.session_of, parts.pilothouse.engine.ids, SystemClock()
    tenants = tenants_of(parts)

    async def engagements(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> Engagements:
        return Engagements(EngagementRepository(session, scope), scope, clock, ids)

    yield tenant_endpoints.installation(tenants)
    yield tenant_endpoints.working(tenants)
    yield tenant_endpoints.own(tenants)
    yield tenant_endpoints.engagements(engagements)
    yield _keys(parts)
    yield from _people(parts)
    yield auth_endpoints.routes(parts.auth)


def tenants_of(parts: Parts) -> Callable[..., Awaitable[Tenants]]:
    """What makes the service of tenants for a request."""
    session_of, ids, clock = parts.session_of, parts.pilothouse.engine.ids, SystemClock()

    async def tenants(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> Tenants:
        return Tenants(TenantRepository(session, scope), JobRepository(session, scope), scope, clock, ids)

    return tenants


def _keys(parts: Parts) -> Endpoints:
    """The credentials of programs."""
    session_of, pilothouse, clock = parts.session_of, parts.pilothouse, SystemClock()

    async def keys(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> Keys:
        return Keys(
            KeyRepository(session, scope),
            pilothouse.secrets,
            Placement(parts.database, scope).of,
            scope,
            environment=pilothouse.settings.key_environment,
            clock=clock,
            ids=pilothouse.engine.ids,
        )

    return key_routes(keys)


def _people(parts: Parts) -> Iterator[Endpoints]:
    """Those who work here, and how they come in."""
    known, links = parts.doors.parts, parts.doors.redeeming

    async def people(scope: Scoped) -> People:
        return People(known, scope)

    async def myself(scope: Scoped) -> Myself:
        return Myself(known, scope, parts.authority.permitted)

    async def redeeming() -> Redeeming:
        return links

    yield people_endpoints.managing(people)
    yield people_endpoints.oneself(myself)
    yield people_endpoints.redeeming(redeeming)
    yield policy_endpoints.roles(parts.authority)
