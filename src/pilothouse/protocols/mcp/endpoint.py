"""`/mcp`: the API as an MCP server over streamable HTTP, without sessions.

Who may ask is decided before this is reached, as for any other path: a credential, the Host and the Origin.
What a tool does is a request to the API in this process with the caller's own bearer credential; cookies are
not handed on, so that no page of somebody else's can start anything by a browser's session.
"""

from __future__ import annotations

from typing import Any

import httpx
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from pilothouse.errors import Category, PilothouseError
from pilothouse.kit.scope import request_scope
from pilothouse.protocols.http.proxies import INSIDE

PATH = "/mcp"
API = "/api/v1"
MOST_BYTES = 4 << 20
_HANDED_ON = ("authorization", "x-pilothouse-engagement")


class Refusal(PilothouseError):
    """The API refused what a tool has asked of it."""

    code = "refused_by_api"
    category = Category.USER


class OwnApi:
    """The API of this process, asked as the caller of one MCP request."""

    def __init__(self, api: ASGIApp, request: Any) -> None:
        """Ask `api` with the credential that `request` came with, from the address that it came from."""
        self._api, self._client = api, request.client
        self._headers = {name: value for name in _HANDED_ON if (value := request.headers.get(name))}

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        """The JSON of the answer. Raises `Refusal` with the words of the problem document."""
        client = (self._client.host, self._client.port) if self._client else ("127.0.0.1", 0)
        transport = httpx.ASGITransport(self._within, raise_app_exceptions=False, client=client)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers=self._headers, trust_env=False
        ) as http:
            answer = await http.request(method, API + path, **options)
        said = answer.json() if answer.content else {}
        if not answer.is_success:
            told = [said.get("detail") or f"The API answers {answer.status_code}."]
            told += [f"{fault.get('name')}: {fault.get('detail')}" for fault in said.get("errors") or ()]
            raise Refusal(" ".join(told))
        return said

    async def _within(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._api({**scope, "extensions": {INSIDE: {}}}, receive, send)


class Endpoint:
    """Serves MCP over the API `api`."""

    def __init__(self, api: ASGIApp) -> None:
        """Nothing is loaded before the first request."""
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Raises `Unauthenticated` where nobody asks."""
        await request_scope()
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
        from mcp.server.transport_security import TransportSecuritySettings

        from pilothouse.protocols.mcp.offering import Offering

        offering = Offering(lambda context: OwnApi(self._api, context.request))
        manager = StreamableHTTPSessionManager(
            offering.server(),
            json_response=True,
            stateless=True,
            security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),  # see above
            max_request_body_size=MOST_BYTES,
        )
        async with manager.run():
            await manager.handle_request(scope, receive, send)


def route(api: ASGIApp) -> Route:
    """The route of `/mcp`, for after those of the API that it asks."""
    return Route(PATH, Endpoint(api), name="mcp")
