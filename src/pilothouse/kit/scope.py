"""On whose behalf something is asked: every repository filters by it."""

from __future__ import annotations

from dataclasses import dataclass

LOCAL_TENANT = "default"
LOCAL_PRINCIPAL = "local"


@dataclass(frozen=True)
class Scope:
    """The tenant whose rows may be seen, and the principal who acts."""

    tenant_id: str
    principal: str


def local_scope() -> Scope:
    """The scope of every request while there is no authentication: the one tenant of this machine."""
    return Scope(LOCAL_TENANT, LOCAL_PRINCIPAL)
