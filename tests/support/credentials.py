"""API keys of every role in every tenant, as their admins would make them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pilothouse.app import Pilothouse
from pilothouse.keys.repository import KeyRepository
from pilothouse.keys.schemas import NewKey
from pilothouse.keys.service import Keys
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.tenants.service import Placement


async def keys_of(
    pilothouse: Pilothouse, tenants: Iterable[str], roles: Iterable[str]
) -> Mapping[tuple[str, str], dict[str, str]]:
    """The headers of a program that has a key, by tenant and role. The tenants have to be there."""
    made: dict[tuple[str, str], dict[str, str]] = {}
    wanted = list(roles)
    database = Database(pilothouse.conninfo, connections=2)
    try:
        for tenant in tenants:
            scope = Scope(tenant, "local", frozenset({"admin"}))
            async with database.session(scope) as session:
                keys = Keys(
                    KeyRepository(session, scope),
                    pilothouse.secrets,
                    Placement(database, scope).of,
                    scope,
                    environment=pilothouse.settings.key_environment,
                    clock=SystemClock(),
                    ids=pilothouse.engine.ids,
                )
                for role in wanted:
                    key = await keys.create(NewKey(name=role.replace(":", " "), roles=[role]))
                    made[tenant, role] = {"authorization": f"Bearer {key.secret}"}
    finally:
        await database.close()
    return made
