"""Requests on behalf of whoever a test names, past the sign-in, which has tests of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from starlette.requests import HTTPConnection

from pilothouse.kit.scope import Scope, local_scope
from pilothouse.protocols.http.authentication import Authentication

ACTING = "x-test-acting"


class Acting:
    """Believes what a request says of itself: only tests make it."""

    async def authenticate(self, request: HTTPConnection) -> Scope | None:
        said = request.headers.get(ACTING)
        if said is None:
            return local_scope()
        if said == "nobody":
            return None
        given: dict[str, Any] = json.loads(said)
        permissions, engagement = given.get("permissions"), given.get("engagement")
        return Scope(
            given["tenant"],
            given["principal"],
            frozenset(given["roles"]),
            engagement_id=None if engagement is None else UUID(engagement),
            permissions=None if permissions is None else frozenset(permissions),
        )

    async def still_holds(self, _request: HTTPConnection, _scope: Scope) -> bool:
        return True


@contextmanager
def believing() -> Iterator[None]:
    """While the block lasts, servers that are made believe the header."""
    made = Authentication.__init__

    def believe(self: Authentication, app: Any, *_given: Any, **said: Any) -> None:
        made(self, app, **said | {"authenticator": Acting()})

    Authentication.__init__ = believe  # type: ignore[method-assign]  # put back at the end
    try:
        yield
    finally:
        Authentication.__init__ = made  # type: ignore[method-assign]  # put back at the end


def acting(
    *roles: str,
    tenant: str = "default",
    principal: str = "person:00000000-0000-7000-8000-000000000001",
    **said: Any,
) -> dict[str, str]:
    """The headers of a request by somebody with these roles."""
    return {ACTING: json.dumps({"tenant": tenant, "principal": principal, "roles": roles, **said})}


NOBODY = {ACTING: "nobody"}
