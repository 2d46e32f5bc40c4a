"""Lets a request through to its endpoint, or not: one dependency for all of them. Tells what roles allow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import structlog
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.requests import HTTPConnection

from pilothouse.errors import Forbidden, NotFound, SettingsInvalid
from pilothouse.kit.scope import Scope, request_scope
from pilothouse.policies.permissions import OPERATIONS, PUBLIC
from pilothouse.policies.repository import OWNED, Existence
from pilothouse.policies.schemas import RolesShown
from pilothouse.policies.service import Authority
from pilothouse.routing import Endpoints

log = structlog.get_logger(__name__)

Guard = Callable[[HTTPConnection], Awaitable[None]]


def authorised(authority: Authority, existence: Existence) -> Guard:
    """The dependency that lets only those through who have the operation's permission.

    It raises `Unauthenticated`, `Forbidden`, and `NotFound` where the denied thing is none of the tenant's.
    """

    async def let_through(connection: HTTPConnection) -> None:
        name = connection.scope["route"].name
        if name in PUBLIC:
            return
        scope, permission = await request_scope(), OPERATIONS[name]
        tenant_id = connection.path_params.get("tenant_id")
        decision = authority.decide(scope, permission, tenant_id)
        if decision.allowed:
            return
        for parameter, value in connection.path_params.items():
            if not await existence.of(scope, parameter, str(value)):
                raise NotFound(f"There is nothing at {connection.url.path[:200]}.")
        log.warning("denied", operation=name, permission=permission, policies=decision.policies)
        raise _denied(scope, permission, decision.reasons)

    return let_through


def roles(authority: Authority) -> Endpoints:
    """The endpoint that tells what each role allows."""
    router = Endpoints(prefix="/roles", tags=["people"])

    @router.get("")
    async def list_roles() -> RolesShown:
        """Tell what each role allows, as the rules say."""
        return authority.roles()

    return router


def insist(api: FastAPI, guard: Guard) -> None:
    """See that every operation of `api` has a permission or is public, and that `guard` stands before it.

    Raises `SettingsInvalid`, so that a server does not start with an endpoint that was forgotten.
    """
    wrong = list(_unguarded(api, guard))
    if wrong:
        raise SettingsInvalid(
            f"Not every endpoint is guarded: {'; '.join(wrong)}.",
            hint="Give each operation a permission in policies/permissions.py, and each id in a path its "
            "table in policies/repository.py.",
        )


def _unguarded(api: FastAPI, guard: Guard) -> Iterable[str]:
    for route in iter_route_contexts(api.routes):
        name = str(route.name)
        if name in PUBLIC:
            continue
        if name not in OPERATIONS:
            yield f"{name} ({route.path}) has no permission"
        elif guard not in _dependencies(route.dependant):
            yield f"{name} ({route.path}) is served without asking"
        unknown = {part for part in _parameters(str(route.path)) if part.endswith("_id")} - set(OWNED)
        if unknown:
            yield f"nobody knows whose {', '.join(sorted(unknown))} of {name} is"


def _dependencies(dependant: object) -> list[object]:
    return [item.call for item in getattr(dependant, "dependencies", ())]


def _parameters(path: str) -> set[str]:
    return {piece.split("}")[0].split(":")[0] for piece in path.split("{")[1:]}


def _denied(scope: Scope, permission: str, reasons: tuple[str, ...]) -> Forbidden:
    told = f" {' '.join(reasons)}" if reasons else ""
    roles = ", ".join(sorted(scope.roles)) or "none"
    return Forbidden(
        f"This needs the permission {permission}.{told}",
        hint=f"Your roles: {roles}. Ask an admin of your tenant for one that has it.",
    )
