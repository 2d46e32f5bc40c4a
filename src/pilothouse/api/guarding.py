"""What makes the service of guards for a request, and who is shown what placeholders stand for."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.api.parts import Parts, Scoped
from pilothouse.app import Pilothouse
from pilothouse.audit.service import AuditLog
from pilothouse.guards.opening import name_model
from pilothouse.guards.passing import Guards
from pilothouse.guards.repository import OriginalRepository
from pilothouse.guards.scanning import TYPES
from pilothouse.guards.service import GuardBook
from pilothouse.guards.table import read
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.scope import Scope
from pilothouse.runs.showing import Showing


def guards_of(pilothouse: Pilothouse) -> Guards:
    """The guard of the process; of one that was wired without, what its settings say, with no switches."""
    if pilothouse.guards is not None:
        return pilothouse.guards
    vault, settings = pilothouse.vault, pilothouse.settings
    table, names = read(settings.guards, TYPES), name_model(settings)
    return Guards(vault.database, vault, lambda _flag, _tenant: False, table, names)


def book_of(parts: Parts) -> Callable[[Scope, AsyncSession], GuardBook]:
    """What makes the service within a session."""
    pilothouse = parts.pilothouse
    guards, engine = guards_of(pilothouse), pilothouse.engine
    audit, lease = AuditLog(SystemClock(), engine.ids), pilothouse.settings.worker_lease

    def made(scope: Scope, session: AsyncSession) -> GuardBook:
        return GuardBook(
            OriginalRepository(session, scope),
            guards,
            pilothouse.vault,
            audit,
            parts.authority,
            scope,
            show=Showing(parts.database, engine, scope, lease=lease).show,
        )

    return made


def guarding(parts: Parts) -> Callable[..., Awaitable[GuardBook]]:
    """The service as a dependency."""
    session_of, made = parts.session_of, book_of(parts)

    async def guards(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> GuardBook:
        return made(scope, session)

    return guards
