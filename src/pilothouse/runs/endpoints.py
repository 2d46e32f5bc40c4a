"""Runs over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response

from pilothouse.kit.pagination import Page
from pilothouse.kit.problems import documented
from pilothouse.kit.scope import Scope, request_scope
from pilothouse.routing import Endpoints
from pilothouse.runs.filters import RunQuery
from pilothouse.runs.moving import Moving
from pilothouse.runs.schemas import (
    Cards,
    Journal,
    JournalQuery,
    Name,
    Run,
    RunSummary,
    Submission,
    Templates,
    WorkflowQuery,
    Workflows,
    WorkflowSummary,
)
from pilothouse.runs.service import Runs
from pilothouse.runs.showing import Showing
from pilothouse.runs.workflows import WorkflowCatalogue

Scoped = Annotated[Scope, Depends(request_scope)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        pattern=r"^[!-~]{1,255}$",
        description="Of requests with the same key only the first makes a run; the others show it.",
    ),
]


def showing(provide: Callable[..., Awaitable[Showing]]) -> Endpoints:
    """The endpoint that shows one run; `provide` makes the service for a request."""
    router = Endpoints(prefix="/runs", tags=["runs"])

    @router.get("/{run_id}", responses=documented(400, 404))
    async def show_run(runs: Annotated[Showing, Depends(provide, use_cache=False)], run_id: UUID) -> Run:
        """Show a run: how far it is, what it needs and what came of it."""
        return await runs.show(run_id)

    return router


def reading(provide: Callable[..., Awaitable[Runs]]) -> Endpoints:
    """Endpoints that show runs; `provide` makes the service for a request."""
    router = Endpoints(prefix="/runs", tags=["runs"])

    @router.get("", responses=documented(400))
    async def list_runs(
        runs: Annotated[Runs, Depends(provide)], query: Annotated[RunQuery, Query()]
    ) -> Page[RunSummary]:
        """List runs that fit a filter, by default the newest first."""
        return await runs.page(query)

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


def moving(provide: Callable[..., Awaitable[Moving]]) -> Endpoints:
    """Endpoints that make and move runs; `provide` makes the service for a request."""
    router = Endpoints(prefix="/runs", tags=["runs"])

    @router.post("", status_code=201, responses=documented(400, 409))
    async def submit_run(
        runs: Annotated[Moving, Depends(provide)],
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
    async def cancel_run(runs: Annotated[Moving, Depends(provide)], run_id: UUID) -> Run:
        """Cancel a run. Doing so again changes nothing; a run that has ended otherwise is a conflict."""
        return await runs.cancel(run_id)

    @router.post("/{run_id}/retry", responses=documented(400, 404, 409))
    async def retry_run(runs: Annotated[Moving, Depends(provide)], run_id: UUID) -> Run:
        """Retry a failed run from its failed step. A run that has not failed is a conflict."""
        return await runs.retry(run_id)

    return router


def describing(catalogue: WorkflowCatalogue) -> Endpoints:
    """Endpoints that tell what can be submitted."""
    router = Endpoints(tags=["workflows"])

    @router.get("/templates")
    async def list_templates() -> Templates:
        """List what people can begin from: texts ready to submit, by application."""
        return catalogue.templates()

    @router.get("/workflows")
    async def list_workflows(query: Annotated[WorkflowQuery, Query()]) -> Workflows:
        """List the workflows that can be submitted, by name."""
        return catalogue.all(query)

    @router.get("/workflows/{name}", responses=documented(404))
    async def show_workflow(name: Name) -> WorkflowSummary:
        """Show a workflow with the schema of its input."""
        return catalogue.show(name)

    return router
