"""Runs as they happen, over HTTP: server-sent events of one run, or of all that a tenant's runs do."""

import asyncio
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import Depends, Header, Query
from fastapi.sse import format_sse_event
from pydantic import WithJsonSchema
from starlette.responses import Response
from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from pilothouse.kit.problems import documented
from pilothouse.kit.scope import Scope, request_scope
from pilothouse.routing import Endpoints
from pilothouse.runs.live import Batch, Live, RunStream, TenantStream
from pilothouse.runs.live_cursor import PATTERN
from pilothouse.runs.live_forms import ALIVE, delta_event, end_event, entry_event, seen_event
from pilothouse.runs.schemas import MAX_SEQ, Name, Seq
from pilothouse.runtime.tail_pages import Line

log = structlog.get_logger(__name__)

RECONNECT_AFTER = 2_000
"""Milliseconds after which a client opens a broken stream anew."""

Scoped = Annotated[Scope, Depends(request_scope)]
_RESUMED = "The last event that was seen; sent by browsers that open a broken stream anew."
_AFTER = "As Last-Event-ID, for the first request; the header goes first."
Resumed = Annotated[
    Seq | None,
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": MAX_SEQ}),
    Header(alias="Last-Event-ID", description=_RESUMED),
]
After = Annotated[Seq, Query(description=_AFTER)]
CursorResumed = Annotated[str | None, Header(alias="Last-Event-ID", pattern=PATTERN, description=_RESUMED)]
CursorAfter = Annotated[str | None, Query(pattern=PATTERN, description=_AFTER)]
Kinds = Annotated[
    list[Annotated[str, Query(pattern="^[a-z_]{1,40}$")]], Query(description="Any of these kinds of entries.")
]
Workflows = Annotated[list[Name], Query(description="Runs of any of these workflows.")]


def event_schema(id_: str, event: str, *models: str) -> dict[str, object]:
    """One event of a live stream, as OpenAPI 3.2 (4.14.4) describes them."""
    data = {
        "type": "string",
        "contentMediaType": "application/json",
        "contentSchema": {"anyOf": [{"$ref": f"#/components/schemas/{model}"} for model in models]},
    }
    properties = {
        "id": {"type": "string", "description": id_},
        "event": {"type": "string", "description": event},
        "data": data,
    }
    return {"schema": {"type": "object", "required": ["event", "data"], "properties": properties}}


RUN_EVENT = event_schema(
    "The entry's `seq`; `end` and `delta` have none.",
    "The entry's `kind`, or `end`, or `delta`.",
    *("JournalEntry", "End", "TextDelta"),
)
TENANT_EVENT = event_schema("The entry's cursor.", "The entry's `kind`.", "TenantEntry")


def following(live: Live) -> Endpoints:
    """The endpoints that stream runs as they happen."""
    router = Endpoints(tags=["runs"])

    @router.get(
        "/runs/{run_id}/events",
        status_code=200,
        response_class=EventStream,
        responses={200: {"content": {"text/event-stream": RUN_EVENT}}, **documented(400, 404)},
    )
    async def follow_run(
        scope: Scoped, run_id: UUID, after: After = 0, last_event_id: Resumed = None
    ) -> EventStream:
        """Follow a run live (server-sent events).

        Each journal entry is an event: its id is the entry's `seq`, its name the entry's `kind`, its data the
        entry. The stream ends with an event called `end` behind a final entry; close it there. A run that is
        retried is followed anew from the last event. An event called `delta`, without an id, is a piece of
        what an agent answers while it does; the entry that ends the step takes its place. Comments are signs
        of life.
        """
        seen = after if last_event_id is None else last_event_id
        return EventStream(await live.follow(scope, run_id, seen), live.heartbeat)

    @router.get(
        "/events",
        status_code=200,
        response_class=EventStream,
        responses={200: {"content": {"text/event-stream": TENANT_EVENT}}, **documented(400, 410)},
    )
    async def follow_runs(
        scope: Scoped,
        kind: Kinds = [],  # noqa: B006 - FastAPI copies it
        workflow: Workflows = [],  # noqa: B006 - as above
        after: CursorAfter = None,
        last_event_id: CursorResumed = None,
    ) -> EventStream:
        """Follow all runs live (server-sent events), from now on or from a cursor.

        Each journal entry of every run is an event: its id is a cursor, its name the entry's `kind`, its data
        the entry with its run. Events come in the order in which they were committed; an entry is told once
        every transaction that began before its own has ended. The stream has no end. A cursor from before the
        database was restored is gone (410): list the runs, then follow without one.
        """
        cursor = after if last_event_id is None else last_event_id
        stream = await live.follow_tenant(scope, cursor, kinds=kind, workflows=workflow)
        return EventStream(stream, live.heartbeat)

    return router


class EventStream(Response):
    """Server-sent events. Whatever ends the response also closes the stream behind it, at once.

    A client that takes nothing for `patience` seconds is cut off: it resumes from what it has.
    """

    media_type = "text/event-stream"

    def __init__(self, stream: RunStream | TenantStream, patience: float) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._stream = stream
        self._patience = patience

    def close(self) -> None:
        """Close the stream of a response that is never sent."""
        self._stream.close()

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Send what comes until it ends or the client is gone."""
        loop = asyncio.get_running_loop()
        watching = asyncio.create_task(self._until_gone(receive))
        try:
            start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            await send(start)
            await send(_piece(format_sse_event(retry=RECONNECT_AFTER)))
            async with asyncio.timeout(None) as limit:
                async for batch in self._stream:
                    limit.reschedule(loop.time() + self._patience)
                    await send(_piece(formatted(self._stream, batch)))
                    limit.reschedule(None)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            log.info("viewer_too_slow", seconds=self._patience)
        finally:
            self._stream.close()
            watching.cancel()
            await asyncio.wait([watching])

    async def _until_gone(self, receive: Receive) -> None:
        """Close the stream once the client has gone away."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self._stream.close()


def formatted(stream: RunStream | TenantStream, batch: Batch) -> bytes:
    """A batch as events. A sign of life of a tenant's stream also says how far it is."""
    if isinstance(stream, TenantStream):
        told = [item.told(stream.forms.event) for item in batch.items if isinstance(item, Line)]
        return b"".join(told) or seen_event(stream.place)
    told = [item.told(entry_event) if isinstance(item, Line) else delta_event(item) for item in batch.items]
    if batch.end is not None:
        told.append(end_event(batch.end))
    return b"".join(told) or ALIVE


def _piece(body: bytes) -> dict[str, object]:
    return {"type": "http.response.body", "body": body, "more_body": True}
