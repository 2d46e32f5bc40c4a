"""What a body may be: JSON of a bounded size and depth, read once and handed on."""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pilothouse.kit.bounded import MAX_DEPTH, read_bounded
from pilothouse.protocols.http.errors import BodyTooLarge, UnsupportedMediaType


class JsonBodies:
    """Lets bodies through that are JSON (RFC 8259) of at most `max_bytes`, and nested at most `depth` deep.

    What is POSTed to a path in `streamed` is left to its endpoint, which reads it piece by piece.
    """

    def __init__(
        self, app: ASGIApp, max_bytes: int, depth: int = MAX_DEPTH, streamed: Collection[str] = ()
    ) -> None:
        """Hand the bodies on to `app`."""
        self._app = app
        self._max_bytes = max_bytes
        self._depth = depth
        self._streamed = frozenset(streamed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; raises `BodyTooLarge`, `UnsupportedMediaType` or `InvalidInput`."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        check_encoding(headers.getlist("content-encoding"))
        if scope["method"] == "POST" and scope["path"] in self._streamed:
            await self._app(scope, receive, send)
            return
        body = await read_body(headers, receive, self._max_bytes)
        if body:
            check_media_type(headers.get("content-type", ""))
            read_bounded(body, "The body", self._depth)
        pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return pending.pop() if pending else await receive()

        await self._app(scope, replay, send)


async def read_body(headers: Headers, receive: Receive, max_bytes: int) -> bytes:
    """A body of at most `max_bytes`. Raises `BodyTooLarge`, and `ClientDisconnect`."""
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise _too_large(max_bytes)
    pieces, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        more = message.get("more_body", False)
        if size > max_bytes:
            raise _too_large(max_bytes)
    return b"".join(pieces)


def _too_large(max_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {max_bytes} bytes, which is the most accepted.")


def check_media_type(content_type: str) -> None:
    """Raise `UnsupportedMediaType` unless a `Content-Type` header says JSON in UTF-8."""
    kind, _, parameters = content_type.partition(";")
    kind = kind.strip().lower()
    charset = parameters.replace(" ", "").replace('"', "").lower()
    is_json = kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
    if not is_json or charset not in {"", "charset=utf-8"}:
        raise UnsupportedMediaType(
            f"The body is sent as {content_type[:100]!r}.",
            hint="Send JSON with content-type: application/json.",
        )


def check_encoding(encodings: list[str]) -> None:
    """Raise `UnsupportedMediaType` for a body that is compressed: nothing here ever inflates one."""
    said = ",".join(encodings)
    if said.strip().lower() not in {"", "identity"}:
        error = UnsupportedMediaType(
            f"The body is encoded as {said[:60]!r}.", hint="Send it as it is, without content-encoding."
        )
        error.headers = {"accept-encoding": "identity"}
        raise error
