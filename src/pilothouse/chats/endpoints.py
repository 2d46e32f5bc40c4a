"""Chats over HTTP: links for the desk, and what customers ask for, by the cookie of a chat only."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response
from fastapi.sse import format_sse_event
from starlette.responses import StreamingResponse
from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from pilothouse.chats.conversations import Conversations, Following
from pilothouse.chats.cookies import ChatCookies
from pilothouse.chats.errors import ChatCsrfRefused, NoChat
from pilothouse.chats.schemas import (
    ChatConversation,
    ChatConversations,
    ChatEntry,
    ChatLink,
    ChatLinkShown,
    ChatLinkWanted,
    ChatReply,
    ChatSession,
    ChatStart,
)
from pilothouse.chats.service import SESSION_LASTS, ChatDoor, Customer
from pilothouse.kit.pagination import Page, PageQuery
from pilothouse.kit.problems import documented
from pilothouse.kit.scope import Scope, request_scope
from pilothouse.routing import Endpoints

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
RECONNECT_AFTER = 2_000
"""Milliseconds after which a browser opens a broken stream anew."""

Scoped = Annotated[Scope, Depends(request_scope)]
OnceKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,100}$",
        description="Of requests with the same key only the first begins a conversation; the others show it.",
    ),
]


class Csrf(Protocol):
    """Makes and knows the tokens of sessions, by a session's digest."""

    async def of(self, digest: bytes) -> str:
        """The token."""
        ...

    async def fits(self, digest: bytes, token: str | None) -> bool:
        """Whether it is the session's."""
        ...


class Entrance:
    """Says which customer makes a request: by the cookie of a chat, and nothing else."""

    def __init__(self, door: ChatDoor, cookies: ChatCookies, csrf: Csrf) -> None:
        """Ask `door` for sessions."""
        self.door = door
        self.cookies = cookies
        self.csrf = csrf

    async def customer(self, request: Request) -> Customer:
        """Who asks. Raises `NoChat`, and `ChatCsrfRefused` for a change without the session's token."""
        found = await self.door.came(self.cookies.of(request))
        if found is None:
            raise NoChat(hint="Ask for a new link.")
        token = request.headers.get("x-csrf-token")
        if request.method not in SAFE and not await self.csrf.fits(found.digest, token):
            raise ChatCsrfRefused(hint="Load the page anew.")
        return found

    async def shown(self, customer: Customer) -> ChatSession:
        """A session as its browser sees it."""
        return ChatSession(
            workflow=customer.workflow,
            email=customer.email,
            name=customer.name,
            csrf_token=await self.csrf.of(customer.digest),
            expires_at=customer.expires_at,
        )


def inviting(door: ChatDoor) -> Endpoints:
    """What the desk, or a shop's program, asks for."""
    router = Endpoints(prefix="/chats", tags=["chats"])

    @router.post("/links", status_code=201, responses=documented(400, 404, 409))
    async def make_chat_link(scope: Scoped, wanted: ChatLinkWanted) -> ChatLink:
        """Make a link by which a customer comes to chat: good once, and for a while.

        Send it to that address and to nobody else: whoever has it is taken for the customer.
        """
        return await door.make_link(scope, wanted)

    @router.get("/links", responses=documented(400))
    async def list_chat_links(scope: Scoped, query: Annotated[PageQuery, Query()]) -> Page[ChatLinkShown]:
        """List the links that were made, the newest first. Each is kept for a day after it has ended."""
        return await door.links(scope, query)

    @router.delete("/links/{link_id}", status_code=204, responses=documented(400, 404))
    async def revoke_chat_link(scope: Scoped, link_id: UUID) -> None:
        """Revoke a link: it lets nobody in any more, and whoever came in by it is out."""
        await door.revoke(scope, link_id)

    return router


def chatting(entrance: Entrance, own: Conversations) -> Endpoints:
    """What customers ask for."""
    router = Endpoints(prefix="/chat", tags=["chat"])
    came = Depends(entrance.customer)

    @router.post("/session", responses=documented(400, 410))
    async def begin_chat(given: ChatEntry, request: Request, response: Response) -> ChatSession:
        """Come in by a link, once. The session's cookie comes with the answer."""
        customer, value = await entrance.door.redeem(given.token, entrance.cookies.of(request))
        entrance.cookies.begin(response, value, int(SESSION_LASTS.total_seconds()))
        return await entrance.shown(customer)

    @router.get("/session", responses=documented(401))
    async def show_chat_session(customer: Annotated[Customer, came]) -> ChatSession:
        """Show the session of this browser, with its CSRF token."""
        return await entrance.shown(customer)

    @router.delete("/session", status_code=204, responses=documented(401, 403))
    async def end_chat(customer: Annotated[Customer, came], response: Response) -> None:
        """End this session."""
        await entrance.door.leave(customer)
        entrance.cookies.end(response)

    @router.get("/conversations", responses=documented(401))
    async def list_conversations(customer: Annotated[Customer, came]) -> ChatConversations:
        """List one's own conversations."""
        return await own.page(customer)

    @router.post("/conversations", status_code=201, responses=documented(400, 401, 403, 409, 429))
    async def start_conversation(
        customer: Annotated[Customer, came],
        wanted: ChatStart,
        once: OnceKey = None,
    ) -> ChatConversation:
        """Begin a conversation with its first message."""
        return await own.start(customer, wanted, once)

    @router.get("/conversations/{conversation_id}", responses=documented(400, 401, 404))
    async def show_conversation(
        customer: Annotated[Customer, came],
        conversation_id: UUID,
    ) -> ChatConversation:
        """Show one of one's own conversations."""
        return await own.show(customer, conversation_id)

    @router.post("/conversations/{conversation_id}/messages", responses=documented(400, 401, 403, 404, 409))
    async def send_chat_message(
        customer: Annotated[Customer, came],
        conversation_id: UUID,
        said: ChatReply,
    ) -> ChatConversation:
        """Answer what was said last. The same answer again changes nothing; another one is a conflict."""
        return await own.reply(customer, conversation_id, said)

    return router


def following(entrance: Entrance, own: Conversations) -> Endpoints:
    """What customers follow live."""
    router = Endpoints(prefix="/chat", tags=["chat"])

    @router.get(
        "/conversations/{conversation_id}/events",
        status_code=200,
        response_class=ChatStream,
        responses={200: {"content": {"text/event-stream": EVENT}}, **documented(400, 401, 404, 429)},
    )
    async def follow_conversation(
        customer: Annotated[Customer, Depends(entrance.customer)],
        conversation_id: UUID,
    ) -> ChatStream:
        """Follow one's own conversation live (server-sent events).

        Each event called `conversation` has the whole of it as it is now, so that a stream that was cut
        misses nothing when it is opened anew; `alive` is a sign of life, and `end` the last event.
        """
        return ChatStream(await own.follow(customer, conversation_id))

    return router


EVENT = {
    "schema": {
        "type": "object",
        "required": ["event", "data"],
        "properties": {
            "event": {"type": "string", "description": "`conversation`, `alive` or `end`."},
            "data": {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": {"$ref": "#/components/schemas/ChatConversation"},
            },
        },
    }
}


class ChatStream(StreamingResponse):
    """A conversation as server-sent events. Whatever ends the response closes what is followed, too."""

    media_type = "text/event-stream"

    def __init__(self, followed: Following) -> None:
        """Tell what `followed` shows."""
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        super().__init__(_events(followed), headers=headers)
        self._followed = followed

    def close(self) -> None:
        """Close the stream of a response that is never sent."""
        self._followed.close()

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Send what comes until it ends or the customer is gone."""
        watching = asyncio.create_task(self._until_gone(receive))
        try:
            await self.stream_response(send)
        finally:
            self.close()
            watching.cancel()
            await asyncio.wait([watching])

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.close()


async def _events(followed: Following) -> AsyncIterator[bytes]:
    yield format_sse_event(retry=RECONNECT_AFTER)
    async for picture in followed:
        if picture is None:
            yield format_sse_event(event="alive", data_str="{}")
        else:
            yield format_sse_event(event="conversation", data_str=picture.model_dump_json())
    yield format_sse_event(event="end", data_str="{}")
