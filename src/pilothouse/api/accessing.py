"""Records that a request gives access to data, before its response leaves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from fastapi.routing import APIRoute

from pilothouse.audit.accessing import OPERATIONS, SOCKET, Access, AccessLog
from pilothouse.kit.scope import Scope, request_scope
from pilothouse.runtime.observing import origin

PARTIAL = 206
REDIRECTS = 300
"""The first status that shows nothing."""


def recorded_by(accesses: AccessLog) -> type[APIRoute]:
    """The class of routes that record what their operation gives access to; most give none.

    What was refused, was not found or has not changed is no access. The parts of one content, fetched one
    after another, are one.
    """

    class Recorded(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle, what = super().get_route_handler(), OPERATIONS.get(self.name)
            if what is None:
                return handle

            async def recorded(request: Request) -> Response:
                response = await handle(request)
                if response.status_code >= REDIRECTS or request.method == "HEAD":
                    return response
                scope, path = await request_scope(), request.path_params
                access = Access(
                    str(path.get("tenant_id", scope.tenant_id)),
                    *(scope, what.kind, what.of(path), self.name, origin.get().request_id or ""),
                )
                try:
                    await accesses.note(access, polled=what.polled or response.status_code == PARTIAL)
                except BaseException:
                    close: Any = getattr(response, "close", None)  # a stream that nobody will read
                    if close is not None:
                        close()
                    raise
                return response

            return recorded

    return Recorded


def of_sockets(accesses: AccessLog) -> Callable[[Scope, UUID | None, str], Awaitable[None]]:
    """Records that a WebSocket follows a run, or (None) all of them, as the stream over HTTP is recorded."""

    async def follows(scope: Scope, run_id: UUID | None, request_id: str) -> None:
        what = SOCKET[run_id is not None]
        subject = what.of({"run_id": run_id})
        await accesses.note(Access(scope.tenant_id, scope, what.kind, subject, "connect", request_id))

    return follows
