"""On whose behalf something is asked: every repository filters by it, and so does the database itself."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID

from pilothouse.errors import Unauthenticated

HOME_TENANT = "default"
"""The tenant that is there from the beginning; its admins look after the installation."""

LOCAL_PRINCIPAL = "local"


@dataclass(frozen=True)
class Scope:
    """The tenant whose rows may be seen, and the principal who acts, with the roles that it has there.

    `principal` is `person:<id>`, `key:<id>` or `local`: whoever is at this machine. `engagement_id` narrows
    what may be seen to one project. `permissions` (None: all that the roles allow) narrow what may be done,
    and `models` (None: all) which models may be asked: their names, a trailing `*` standing for any end.
    """

    tenant_id: str
    principal: str
    roles: frozenset[str] = frozenset()
    engagement_id: UUID | None = None
    permissions: frozenset[str] | None = None
    models: frozenset[str] | None = None
    session_id: str | None = field(default=None, compare=False)

    @property
    def person_id(self) -> UUID | None:
        """The person who acts; None for a key, and for whoever works on this machine."""
        kind, _, name = self.principal.partition(":")
        return UUID(name) if kind == "person" else None


current: ContextVar[Scope | None] = ContextVar("scope", default=None)
"""The scope of the request that is being served; authentication sets it, and nothing else."""


def local_scope() -> Scope:
    """The scope of whoever works on this machine's database directly: nothing stands in the way."""
    return Scope(HOME_TENANT, LOCAL_PRINCIPAL, frozenset({"admin"}))


def nobody() -> Unauthenticated:
    """The error of a request that says nothing of who makes it."""
    return Unauthenticated(hint="Sign in, or send an API key: Authorization: Bearer ph_...")


async def request_scope() -> Scope:
    """The scope of the current request, as a FastAPI dependency; raises `Unauthenticated`."""
    scope = current.get()
    if scope is None:
        raise nobody()
    return scope
