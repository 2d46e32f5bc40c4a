"""Requests on behalf of anybody: a header says who makes them, in place of a credential."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from pilothouse.kit.scope import Scope, current
from pilothouse.protocols.http.authentication import Authentication

HEADER = "x-on-behalf-of"


def believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every server of this test believe the header; requests without it come as they are."""
    real = Authentication.__call__

    async def serve(self: Authentication, scope: Any, receive: Any, send: Any) -> None:
        said = dict(scope.get("headers", ())).get(HEADER.encode())
        if said is None:
            await real(self, scope, receive, send)
            return
        told = orjson.loads(said)
        engagement = UUID(told["engagement"]) if told["engagement"] else None
        token = current.set(
            Scope(told["tenant"], told["principal"], frozenset(told["roles"]), engagement_id=engagement)
        )
        try:
            await self._app(scope, receive, send)
        finally:
            current.reset(token)

    monkeypatch.setattr(Authentication, "__call__", serve)


def header_of(
    tenant: str,
    engagement: str | None = None,
    principal: str = "key:test",
    roles: tuple[str, ...] = ("admin",),
) -> dict[str, str]:
    """The header that a request on behalf of a tenant's principal has."""
    told = {"tenant": tenant, "engagement": engagement, "principal": principal, "roles": roles}
    return {HEADER: orjson.dumps(told).decode()}


def on_behalf(client: httpx.AsyncClient, tenant: str, engagement: str | None = None) -> httpx.AsyncClient:
    """A client of the same server whose requests are a tenant's."""
    return httpx.AsyncClient(
        transport=client._transport,
        base_url=client.base_url,
        headers=header_of(tenant, engagement),
        timeout=20,
    )


async def with_tenants(client: httpx.AsyncClient) -> SimpleNamespace:
    """The server of `client` with the tenants acme and globex; `home`, `acme` and `globex` ask it."""
    home = on_behalf(client, "default")
    for tenant in ("acme", "globex"):
        made = await home.post("/api/v1/tenants", json={"id": tenant, "name": tenant.title()})
        assert made.status_code == 201, made.text
    return SimpleNamespace(
        client=client, home=home, acme=on_behalf(client, "acme"), globex=on_behalf(client, "globex")
    )
