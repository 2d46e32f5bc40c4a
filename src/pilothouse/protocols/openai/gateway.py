"""The gateway: takes what clients of models ask below its paths, governs it, and has a model answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pilothouse.errors import Forbidden, NotFound
from pilothouse.kit.scope import Scope as Caller
from pilothouse.kit.scope import current, nobody
from pilothouse.policies.service import GATEWAY, Authority
from pilothouse.protocols.http.bodies import check_encoding, check_media_type, read_body
from pilothouse.protocols.http.errors import MethodNotAllowed
from pilothouse.protocols.openai.answering import Answering
from pilothouse.protocols.openai.asking import Asked, Kind, read
from pilothouse.protocols.openai.models import Models
from pilothouse.protocols.openai.sending import Sender
from pilothouse.runtime.observing import origin

MODEL, MESSAGES, CONVERSE = "/v1/models/", "/v1/messages", "/model/"
PREFIXES = ("/v1/", CONVERSE)
OPERATIONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "/v1/chat/completions": ("POST", "create_chat_completion"),
        "/v1/responses": ("POST", "create_response"),
        "/v1/embeddings": ("POST", "create_embedding"),
        MESSAGES: ("POST", "create_message"),
        "/v1/models": ("GET", "list_usable_models"),
        "/v1/models/{model}": ("GET", "show_model"),
        "/model/{model}/converse": ("POST", "converse"),
        "/model/{model}/converse-stream": ("POST", "converse_stream"),
    }
)
"""What there is, by paths with placeholders."""


@dataclass(frozen=True)
class Language:
    """How a client speaks: what reads its request (a body and a path), and what sends it the answer."""

    read: Callable[[bytes, str], Asked]
    sender: Callable[[Send], Sender]


LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {
        "create_chat_completion": Language(lambda data, _: read(Kind.CHAT, data), Sender),
        "create_response": Language(lambda data, _: read(Kind.RESPONSES, data), Sender),
        "create_embedding": Language(lambda data, _: read(Kind.EMBEDDINGS, data), Sender),
    }
)
"""How OpenAI's clients speak, by operation."""


@dataclass(frozen=True)
class Route:
    """What metrics and spans call a path."""

    path: str


_ROUTES = {path: Route(path) for path in OPERATIONS}


def operation_of(scope: Scope) -> str:
    """The name of what is asked for; empty where there is nothing. It is kept in `scope`, as its route is."""
    known = scope.get("pilothouse.operation")
    if known is not None:
        return str(known)
    path, method = scope["path"], scope["method"]
    template = path if path in OPERATIONS else _template_of(path)
    wanted, name = OPERATIONS.get(template, ("", ""))
    if name:
        scope["route"] = _ROUTES[template]
    scope["pilothouse.operation"] = name if method == wanted else ""
    return str(scope["pilothouse.operation"])


def _template_of(path: str) -> str:
    """The path with a placeholder for the model that it names; empty where it names none."""
    if path.startswith(MODEL):
        return MODEL + "{model}"
    model, _, ending = path.removeprefix(CONVERSE).rpartition("/")
    return f"{CONVERSE}{{model}}/{ending}" if model and path.startswith(CONVERSE) else ""


class Door:
    """Hands what is asked below its prefixes to the gateway, and everything else on."""

    def __init__(self, app: ASGIApp, gateway: ASGIApp) -> None:
        """Stand before `app`."""
        self._app, self._gateway = app, gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        through = scope["type"] == "http" and scope["path"].startswith(PREFIXES)
        await (self._gateway if through else self._app)(scope, receive, send)


class Gateway:
    """Serves requests whose caller is known, and whose head was looked at. It stands within those layers."""

    def __init__(
        self,
        authority: Authority,
        answering: Answering,
        models: Models,
        max_body_bytes: int,
        languages: Mapping[str, Language] = LANGUAGES,
    ) -> None:
        """Let those with the permission through; each operation is spoken in its language."""
        self._languages = languages
        self._authority, self._answering, self._models = authority, answering, models
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. What it raises is told further out."""
        name = operation_of(scope)
        if not name:
            raise _nothing(scope)
        caller = current.get()
        if caller is None:
            raise nobody()
        self._insist(caller, GATEWAY[name])
        language = self._languages.get(name)
        if language is None:
            wanted = scope["path"].removeprefix(MODEL) if name == "show_model" else None
            await _sent(send, await self._models.told(caller, wanted))
            return
        headers = Headers(scope=scope)
        check_encoding(headers.getlist("content-encoding"))
        check_media_type(headers.get("content-type", ""))
        asked = language.read(await read_body(headers, receive, self._max_body_bytes), scope["path"])
        request_id = origin.get().request_id or ""
        control, sender = headers.get("cache-control", ""), language.sender(send)
        work = self._answering.answer(asked, caller, request_id, control, sender)
        await while_there(receive, work)

    def _insist(self, caller: Caller, permission: str) -> None:
        decision = self._authority.decide(caller, permission)
        if not decision.allowed:
            told = " ".join(decision.reasons)
            raise Forbidden(
                f"This needs the permission {permission}. {told}".strip(),
                hint="Ask an admin of your tenant for a key that has it.",
            )


async def while_there(receive: Receive, work: Awaitable[None]) -> None:
    """Do the work as long as the client is there: what it waits for is cancelled the moment it goes away.

    Raises `ClientDisconnect` then.
    """
    task, over, left = asyncio.current_task(), False, False

    def heard(done: asyncio.Future[Message]) -> None:
        nonlocal left
        if not (over or done.cancelled()) and task is not None:
            left = True
            task.cancel()

    watch = asyncio.ensure_future(receive())
    watch.add_done_callback(heard)
    try:
        await work
    except asyncio.CancelledError:
        if left and task is not None and task.uncancel() == 0:
            raise ClientDisconnect from None
        raise
    finally:
        over = True
        watch.cancel()


async def _sent(send: Send, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _nothing(scope: Scope) -> NotFound | MethodNotAllowed:
    path = str(scope["path"])[:200]
    if "route" in scope:
        wanted = OPERATIONS[scope["route"].path][0]
        error = MethodNotAllowed(f"{scope['method']} is not possible at {path}.")
        error.__dict__["headers"] = {"allow": wanted}
        return error
    return NotFound(
        f"There is nothing at {path}.", hint=f"There is {', '.join(OPERATIONS)}; see docs/guides/gateway.md."
    )
