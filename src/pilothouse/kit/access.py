"""The roles of the database: whose rights a statement has, and the tenant whose rows it sees.

The owner makes the schema. The *engine* executes runs of all tenants. The *app* serves requests: row-level
security shows it the rows of the one tenant that each transaction names, so that a forgotten filter finds
nothing.
"""

from __future__ import annotations

import psycopg

from pilothouse.errors import Category, PilothouseError
from pilothouse.kit.connecting import CONNECT_TIMEOUT
from pilothouse.kit.scope import Scope

APP, ENGINE = "pilothouse_app", "pilothouse_engine"
ROLES = (APP, ENGINE)

TENANT, ENGAGEMENT = "pilothouse.tenant_id", "pilothouse.engagement_id"
"""Settings of a transaction that row-level security reads."""

_MISSING = "select role from unnest(%s::text[]) as role where to_regrole(role) is null"
_FOREIGN = "select role from unnest(%s::text[]) as role where not pg_has_role(current_user, role, 'member')"
_TRIES = 5


class RolesMissing(PilothouseError):
    """The database has not the roles under which Pilothouse works, and may not make them."""

    code = "roles_missing"
    category = Category.USER


def settings_of(scope: Scope | None) -> dict[str, str]:
    """What a transaction is to be set to: the app's rights within a scope, or the login's own."""
    if scope is None:
        return {}
    engagement = "" if scope.engagement_id is None else str(scope.engagement_id)
    return {TENANT: scope.tenant_id, ENGAGEMENT: engagement, "role": APP}


def ensure_roles(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Make the roles, and this login a member of both, where that has not happened; raises `RolesMissing`.

    Roles belong to a whole server, on which others may do the same for their database at the same moment.
    """
    for attempt in range(_TRIES):
        try:
            for role in _names(connection, _MISSING):
                connection.execute(f"create role {role} nologin")
            for role in _names(connection, _FOREIGN):
                connection.execute(f"grant {role} to current_user")
        except psycopg.errors.InsufficientPrivilege as error:
            raise RolesMissing(
                f"The login {connection.info.user} may not make the database's roles.",
                hint="Have an administrator run: "
                + " ".join(
                    f"create role {role} nologin; grant {role} to {connection.info.user};" for role in ROLES
                ),
            ) from error
        except (
            psycopg.errors.DuplicateObject,
            psycopg.errors.UniqueViolation,
            psycopg.errors.InternalError_,
        ):
            if attempt == _TRIES - 1:
                raise
        else:
            return


def ensure_roles_at(conninfo: str) -> None:
    """As `ensure_roles`, on a connection of its own."""
    with psycopg.connect(conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT) as connection:
        ensure_roles(connection)


def _names(connection: psycopg.Connection[tuple[object, ...]], question: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(question, (list(ROLES),)).fetchall()]
