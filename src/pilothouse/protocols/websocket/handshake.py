"""The outermost layer of a WebSocket connection: its id, its log line, and a problem for each refusal."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pilothouse.errors import NotFound, PilothouseError
from pilothouse.kit.clock import elapsed
from pilothouse.kit.ids import Ids
from pilothouse.kit.masking import mask_address
from pilothouse.kit.problems import MEDIA_TYPE, headers_of, problem_of

log = structlog.get_logger(__name__)


class Handshake:
    """Answers a WebSocket handshake that is refused with a problem document, as any other request."""

    def __init__(self, app: ASGIApp, ids: Ids, show_address: Callable[[str], str] = mask_address) -> None:
        """Serve `app`; `ids` names the connections, `show_address` makes what the log has of an address."""
        self._app = app
        self._ids = ids
        self._show_address = show_address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or a request of another kind."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        request_id = str(self._ids.new())
        scope.setdefault("state", {})["request_id"] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._serve(scope, receive, send, request_id)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        answered, since = False, elapsed()
        address = self._show_address(str((scope.get("client") or ("",))[0]))

        async def told(message: Message) -> None:
            nonlocal answered
            if not answered and message["type"] == "websocket.close":  # the router knows no such path
                raise NotFound(f"There is nothing at {scope['path'][:200]}.")
            answered = True
            await send(message)

        try:
            await self._app(scope, receive, told)
        except PilothouseError as error:
            if answered:
                raise
            log.info(
                "websocket_refused", path=scope["path"], code=error.code, reason=str(error), address=address
            )
            await _refuse(error, scope, send, request_id)
        finally:
            if answered:
                seconds = round(elapsed() - since, 1)
                agent = Headers(scope=scope).get("user-agent", "")[:100]
                log.info("websocket", path=scope["path"], seconds=seconds, agent=agent, address=address)


async def _refuse(error: PilothouseError, scope: Scope, send: Send, request_id: str) -> None:
    problem = problem_of(error, instance=scope["path"], request_id=request_id)
    headers = {"content-type": MEDIA_TYPE, "x-request-id": request_id, "cache-control": "no-store"}
    headers |= headers_of(error)
    await send(
        {
            "type": "websocket.http.response.start",
            "status": error.status,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
    )
    await send({"type": "websocket.http.response.body", "body": problem.model_dump_json().encode()})
