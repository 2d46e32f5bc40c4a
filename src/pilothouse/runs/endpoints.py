"""Runs over HTTP."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from starlette.types import Send

from pilothouse.kit.pagination import Page
from pilothouse.kit.problems import documented
from pilothouse.kit.scope import Scope, local_scope
from pilothouse.runs.live import Event, Live
from pilothouse.runs.schemas import (
    MAX_SEQ,
    Cards,
    End,
    Journal,
    JournalQuery,
    Run,
    RunQuery,
    RunSummary,
    Seq,
    Submission,
    Workflows,
    WorkflowSummary,
)
from pilothouse.runs.service import Runs
from pilothouse.runs.workflows import WorkflowCatalogue

RECONNECT_AFTER = 2_000
"""Milliseconds after which a client opens a broken stream anew."""

Scoped = Annotated[Scope, Depends(local_scope)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        pattern=r"^[!-~]{1,255}$",
        description="Of requests with the same key only the first makes a run; the others show it.",
    ),
]
Resumed = Annotated[
    int | None,
    Header(
        alias="Last-Event-ID",
        ge=0,
        le=MAX_SEQ,
        description="The last event that was seen; sent by browsers that open a broken stream anew.",
    ),
]
After = Annotated[Seq, Query(description="As Last-Event-ID, for the first request; the header goes first.")]
EVENT = {
    "schema": {
        "type": "object",
        "required": ["event", "data"],
        "properties": {
            "id": {"type": "string", "description": "The entry's `seq`; `end` has none."},
            "event": {"type": "string", "description": "The entry's `kind`, or `end`."},
            "data": {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": {
                    "anyOf": [
                        {"$ref": "#/components/schemas/JournalEntry"},
                        {"$ref": "#/components/schemas/End"},
                    ]
                },
            },
        },
    }
}
"""One event of a live stream, as OpenAPI 3.2 (4.14.4) describes them."""


def reading(provide: Callable[..., Awaitable[Runs]]) -> APIRouter:
    """Endpoints that show runs; `provide` makes the service for a request."""
    router = APIRouter(prefix="/runs", tags=["runs"])

    @router.get("", responses=documented(400))
    async def list_runs(
        runs: Annotated[Runs, Depends(provide)], query: Annotated[RunQuery, Query()]
    ) -> Page[RunSummary]:
        """List runs, the newest first."""
        return await runs.page(query)

    @router.get("/{run_id}", responses=documented(400, 404))
    async def show_run(runs: Annotated[Runs, Depends(provide)], run_id: UUID) -> Run:
        """Show a run: how far it is, what it needs and what came of it."""
        return await runs.show(run_id)

    @router.get("/{run_id}/journal", responses=documented(400, 404))
    async def read_journal(
        runs: Annotated[Runs, Depends(provide)], run_id: UUID, query: Annotated[JournalQuery, Query()]
    ) -> Journal:
        """Read a run's journal from an entry on."""
        return await runs.journal(run_id, query)

    @router.get("/{run_id}/cards", responses=documented(400, 404))
    async def list_cards(
        runs: Annotated[Runs, Depends(provide)], run_id: UUID, query: Annotated[JournalQuery, Query()]
    ) -> Cards:
        """List a run's reason cards in order."""
        return await runs.cards(run_id, query)

    return router


def moving(provide: Callable[..., Awaitable[Runs]]) -> APIRouter:
    """Endpoints that make and move runs; `provide` makes the service for a request."""
    router = APIRouter(prefix="/runs", tags=["runs"])

    @router.post("", status_code=201, responses=documented(400, 409))
    async def submit_run(
        runs: Annotated[Runs, Depends(provide)],
        wanted: Submission,
        request: Request,
        response: Response,
        idempotency_key: IdempotencyKey = None,
    ) -> Run:
        """Submit a run. Send an `Idempotency-Key` to be able to send the request again."""
        run = await runs.submit(wanted, idempotency_key)
        response.headers["location"] = f"{request.url.path}/{run.id}"
        return run

    @router.post("/{run_id}/cancel", responses=documented(400, 404, 409))
    async def cancel_run(runs: Annotated[Runs, Depends(provide)], run_id: UUID) -> Run:
        """Cancel a run. Doing so again changes nothing; a run that has ended otherwise is a conflict."""
        return await runs.cancel(run_id)

    @router.post("/{run_id}/retry", responses=documented(400, 404, 409))
    async def retry_run(runs: Annotated[Runs, Depends(provide)], run_id: UUID) -> Run:
        """Retry a failed run from its failed step. A run that has not failed is a conflict."""
        return await runs.retry(run_id)

    return router


def following(live: Live) -> APIRouter:
    """The endpoint that streams runs as they happen."""
    router = APIRouter(prefix="/runs", tags=["runs"])

    @router.get(
        "/{run_id}/events",
        status_code=200,
        response_class=EventStream,
        responses={200: {"content": {"text/event-stream": EVENT}}, **documented(400, 404)},
    )
    async def follow_run(
        scope: Scoped, run_id: UUID, after: After = 0, last_event_id: Resumed = None
    ) -> EventStream:
        """Follow a run live (server-sent events).

        Each journal entry is an event: its id is the entry's `seq`, its name the entry's `kind`, its data the
        entry. The stream ends with an event called `end` behind a final entry; close it there. A run that is
        retried is followed anew from the last event. Comments are signs of life.
        """
        events = await live.follow(scope, run_id, after if last_event_id is None else last_event_id)
        return EventStream(_formatted(events))

    return router


def describing(catalogue: WorkflowCatalogue) -> APIRouter:
    """Endpoints that tell what can be submitted."""
    router = APIRouter(prefix="/workflows", tags=["workflows"])

    @router.get("")
    async def list_workflows() -> Workflows:
        """List the workflows that can be submitted, by name."""
        return catalogue.all()

    @router.get("/{name}", responses=documented(404))
    async def show_workflow(name: str) -> WorkflowSummary:
        """Show a workflow with the schema of its input."""
        return catalogue.show(name)

    return router


class EventStream(StreamingResponse):
    """Server-sent events. Whatever ends the response also ends the iterator behind it, at once."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes, None]) -> None:
        super().__init__(events, headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        self._events = events

    async def stream_response(self, send: Send) -> None:
        """Send what comes, and close the iterator where the client is gone."""
        async with aclosing(self._events):
            await super().stream_response(send)


async def _formatted(events: AsyncGenerator[Event, None]) -> AsyncGenerator[bytes, None]:
    yield format_sse_event(retry=RECONNECT_AFTER)
    async with aclosing(events):
        async for event in events:
            if event is None:
                yield b": alive\n\n"
            elif isinstance(event, End):
                yield format_sse_event(event="end", data_str=event.model_dump_json())
            else:
                data = event.model_dump_json()
                yield format_sse_event(id=str(event.seq), event=event.kind, data_str=data)
