"""What those who operate the installation ask for."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated

from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.api.parts import Parts, Scoped
from pilothouse.audit import endpoints as audit_endpoints
from pilothouse.audit.keeping import AuditKeeping
from pilothouse.audit.service import AuditBook, Exporting, Sequencer
from pilothouse.kit.clock import SystemClock
from pilothouse.limits.endpoints import routes as limit_routes
from pilothouse.limits.repository import LimitRepository
from pilothouse.limits.service import LimitBook
from pilothouse.notifications.endpoints import routes as notification_routes
from pilothouse.notifications.targets import Targets
from pilothouse.readiness.endpoints import routes as attestation_routes
from pilothouse.readiness.repository import AttestationRepository
from pilothouse.readiness.service import Attesting
from pilothouse.resilience.endpoints import routes as breaker_routes
from pilothouse.resilience.repository import BreakerRepository
from pilothouse.resilience.service import BreakerBook
from pilothouse.retention.endpoints import routes as retention_routes
from pilothouse.retention.repository import RuleRepository
from pilothouse.retention.service import Retention
from pilothouse.routing import Endpoints
from pilothouse.telemetry.endpoints import traces as trace_routes
from pilothouse.telemetry.traces import Traces
from pilothouse.workers.endpoints import routes as worker_routes
from pilothouse.workers.repository import WorkerRepository
from pilothouse.workers.service import WorkerRoster


def operating(parts: Parts) -> Iterator[Endpoints]:
    """What those who operate the installation ask for; each needs a session only."""
    session_of = parts.session_of
    engine, lease = parts.pilothouse.engine, parts.pilothouse.settings.worker_lease

    async def limits(session: Annotated[AsyncSession, session_of]) -> LimitBook:
        return LimitBook(LimitRepository(session))

    async def workers(session: Annotated[AsyncSession, session_of]) -> WorkerRoster:
        return WorkerRoster(WorkerRepository(session), lease=lease)

    async def traces(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> Traces:
        return Traces(session, engine, scope)

    async def retention(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> Retention:
        return Retention(RuleRepository(session, scope), scope, SystemClock())

    async def attesting(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> Attesting:
        return Attesting(AttestationRepository(session, scope), scope, SystemClock(), engine.ids)

    async def breakers(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> BreakerBook:
        return BreakerBook(BreakerRepository(session), scope, SystemClock(), engine.ids)

    yield limit_routes(limits)
    yield breaker_routes(breakers)
    yield attestation_routes(attesting)
    yield retention_routes(retention)
    yield worker_routes(workers)
    yield trace_routes(traces)


def notifying(parts: Parts) -> Endpoints:
    """Where messages go, and what became of them."""
    known = parts.reach.targets(parts.database)

    async def targets(scope: Scoped) -> Targets:
        return Targets(known, scope)

    return notification_routes(targets)


def auditing(parts: Parts) -> Iterator[Endpoints]:
    """The audit log."""
    ids, secrets = parts.pilothouse.engine.ids, parts.pilothouse.secrets
    sequencer = Sequencer(parts.database, secrets, SystemClock(), ids)

    async def book(scope: Scoped) -> AuditBook:
        return AuditBook(parts.database, scope, sequencer, secrets)

    async def kept(scope: Scoped) -> AuditKeeping:
        return AuditKeeping(parts.database, scope, SystemClock(), ids)

    yield audit_endpoints.reading(book)
    yield audit_endpoints.keeping(kept)


def audit_exports(parts: Parts) -> Callable[..., Awaitable[Exporting]]:
    """What makes the exports of the audit log for a request."""
    ids = parts.pilothouse.engine.ids
    sequencer = Sequencer(parts.database, parts.pilothouse.secrets, SystemClock(), ids)

    async def exports(scope: Scoped) -> Exporting:
        return Exporting(parts.database, scope, sequencer, SystemClock(), ids)

    return exports
