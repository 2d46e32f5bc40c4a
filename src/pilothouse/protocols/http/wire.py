"""The connection itself: how long a head may be, how slow a client, and a problem for what is no HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Sequence
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from pilothouse.errors import InvalidInput, PilothouseError
from pilothouse.kit.ids import Ids
from pilothouse.kit.problems import MEDIA_TYPE, problem_of
from pilothouse.protocols.http.errors import RequestTimeout
from pilothouse.protocols.http.patience import Lobby

LONGEST_HEAD = 64 << 10
"""Bytes of a request line with its headers."""

MOST_HELD = 64 << 10
"""Bytes that wait for the end of a turn of the loop at most."""

_HINT = "Send HTTP/1.1; a request line with headers has at most 64 KiB, among them one Host."


class BadHead(Exception):
    """The request line with its headers is longer than `LONGEST_HEAD`, or it is ambiguous."""


def is_ambiguous(version: str, target: bytes, headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Whether another server could take a request for another one, as far as the parser lets it through.

    There is one host, the one that an absolute target names; and no coding of the transfer but `chunked`,
    which HTTP/1.0 has not (RFC 9112, sections 3.2.2 and 6.1).
    """
    hosts, codings = [], []
    for name, value in headers:
        if name == b"host":
            hosts.append(value)
        elif name == b"transfer-encoding":
            codings.append(value.strip(b" \t").lower())
    if len(hosts) != 1 or version not in {"1.0", "1.1"}:
        return True
    if codings and (codings != [b"chunked"] or version == "1.0"):
        return True
    if target.startswith((b"/", b"*")):
        return False
    named = re.split(rb"[/?#]", target.partition(b"://")[2], maxsplit=1)[0]
    return named.lower() != hosts[0].lower()


class Gathering:
    """A transport that sends in one piece what is written in one turn of the loop: head and body.

    Each piece is a call of the operating system and a packet, which cost more than the rest of the sending.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """Write to `transport`."""
        self._transport, self._loop = transport, loop
        self._held: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:
        """Everything else is the transport's own."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send `data` at the end of this turn, or now where much is held."""
        if not self._held:
            self._loop.call_soon(self.flush)
        self._held.append(data)
        self._size += len(data)
        if self._size > MOST_HELD:
            self.flush()

    def flush(self) -> None:
        """Send what is held."""
        if self._held:
            held, self._held, self._size = self._held, [], 0
            self._transport.write(b"".join(held))

    def close(self) -> None:
        """Close once everything is sent."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Close without sending what is left."""
        self._held, self._size = [], 0
        self._transport.abort()


class Connection(HttpToolsProtocol):
    """Uvicorn's connection, with a bound for heads, and its own answer to bytes that are no request.

    The parser hands over a header once it is whole, and holds what is not; both are counted.
    """

    _head = 0
    _waiting = 0
    _within_head = True

    lobby: Lobby
    _watch: asyncio.TimerHandle | None = None
    _writing: asyncio.TimerHandle | None = None
    _body_since = 0.0
    _body_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """A client has come."""
        super().connection_made(Gathering(transport, asyncio.get_running_loop()))  # type: ignore[arg-type]  # which acts as one
        self._idle()
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._left()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes came in. The head that they end within may not grow for ever."""
        self._waiting += len(data)
        if self._watch is None and self._within_head:
            self._expect_head()
        super().data_received(data)
        if not self._within_head:
            self._waiting = 0
        elif self._waiting > LONGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def on_message_begin(self) -> None:
        """A request begins."""
        self._head, self._within_head = 0, True
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A part of the path came in."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header came in; what stands behind a body is left out, for it was not there to be looked at."""
        self._count(len(name) + len(value) + 4)
        if self._within_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._within_head = False
        if is_ambiguous(self.parser.get_http_version(), self.url, self.headers):
            raise BadHead
        super().on_headers_complete()
        self.lobby.leave(self)
        self._stop_watching()
        self._body_since, self._body_bytes = self.loop.time(), 0
        self._watch = self.loop.call_later(self.lobby.patience.body, self._look_at_body)

    def on_body(self, body: bytes) -> None:
        """A part of the body came in."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole; what comes now belongs to the next one."""
        self._within_head, self._waiting = True, 0
        self._stop_watching()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The response is written, though the client may not have read it."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._abort_later()
        elif self.cycle.response_complete and not self.pipeline:
            self._idle()

    def pause_writing(self) -> None:
        """The client reads more slowly than it is sent to."""
        super().pause_writing()
        self._abort_later()

    def resume_writing(self) -> None:
        """It has read."""
        super().resume_writing()
        self._stop_writing()

    def timeout_keep_alive_handler(self) -> None:
        """No further request has come."""
        self.dismiss()

    def handle_websocket_upgrade(self) -> None:
        """It is a WebSocket from now on, which looks after itself."""
        self._left()
        super().handle_websocket_upgrade()

    def dismiss(self) -> None:
        """Close the connection, which has no request; one that does not take its last bytes is cut."""
        if not self.transport.is_closing():
            self.transport.close()
        self._abort_later()

    def _idle(self) -> None:
        self.lobby.enter(self, self.client[0] if self.client else "")

    def _left(self) -> None:
        self.lobby.leave(self)
        self._stop_watching()
        self._stop_writing()

    def _expect_head(self) -> None:
        self._watch = self.loop.call_later(self.lobby.patience.head, self._head_late)

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _stop_writing(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None

    def _abort_later(self) -> None:
        if self._writing is None:
            self._writing = self.loop.call_later(self.lobby.patience.write, self.transport.abort)

    def _head_late(self) -> None:
        self._watch = None
        if self._busy():  # an answer is under way; the keep-alive timeout follows it
            self._expect_head()
        elif self._waiting and not self.transport.is_closing():
            self._refuse(
                RequestTimeout("The head of the request did not come in time."), "408 Request Timeout"
            )
        else:
            self.dismiss()

    def _look_at_body(self) -> None:
        """While we do not read ourselves, nobody is late."""
        patience, now = self.lobby.patience, self.loop.time()
        if self.flow.read_paused:
            self._body_since += patience.body / 4
        if self._body_bytes >= (now - self._body_since - patience.body) * patience.rate and (
            self._body_bytes or now - self._body_since < patience.body
        ):
            self._watch = self.loop.call_later(patience.body / 4, self._look_at_body)
            return
        self._watch = None
        if self.cycle.response_started:
            self.transport.abort()
            return
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        self._refuse(RequestTimeout("The body of the request came too slowly."), "408 Request Timeout")

    def _busy(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # uvicorn says that there always is one
        return cycle is not None and not cycle.response_complete

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > LONGEST_HEAD:
            raise BadHead

    def send_400_response(self, msg: str) -> None:
        """Tell the problem, and close."""
        self._refuse(InvalidInput(msg, hint=_HINT), "400 Bad Request")

    def _refuse(self, error: PilothouseError, status: str) -> None:
        body = problem_of(error, instance="", request_id=str(Ids().new())).model_dump_json().encode()
        head = (
            f"HTTP/1.1 {status}\r\n"
            f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            "x-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
        )
        with contextlib.suppress(RuntimeError):  # the transport is gone already
            self.transport.write(head.encode() + body)
        self.dismiss()


def connections_in(lobby: Lobby) -> type[Connection]:
    """The connections of a server whose idle ones wait in `lobby`."""
    return type("ServedConnection", (Connection,), {"lobby": lobby})
