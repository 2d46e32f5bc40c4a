"""Operations on runs over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, HTTPException, Query, Request, Response

from pilothouse.kit.problems import documented
from pilothouse.routing import Endpoints
from pilothouse.runs.endpoints import IdempotencyKey
from pilothouse.runs.moving import Moving
from pilothouse.runs.operation_schemas import (
    BulkRequest,
    BulkResult,
    ForkRequest,
    Histogram,
    HistogramQuery,
    LabelChange,
    MoveRequest,
    Statistics,
    StatisticsQuery,
)
from pilothouse.runs.operations import Operations
from pilothouse.runs.schemas import Run
from pilothouse.runs.showing import Showing


def operating_on_many(provide: Callable[..., Awaitable[Operations]]) -> Endpoints:
    """Endpoints for many runs; `provide` makes the service for a request.

    They stand before those that show one run, because `statistics` would be taken for an id there.
    """
    router = Endpoints(prefix="/runs", tags=["runs"])

    @router.get("/statistics", responses=documented(400))
    async def show_statistics(
        operations: Annotated[Operations, Depends(provide)], query: Annotated[StatisticsQuery, Query()]
    ) -> Statistics:
        """Show figures of runs: how many in which state, how quick, what failed, who waits."""
        return await operations.statistics(query)

    @router.get("/histogram", responses=documented(400))
    async def show_histogram(
        operations: Annotated[Operations, Depends(provide)], query: Annotated[HistogramQuery, Query()]
    ) -> Histogram:
        """Show how many of the runs that fit a filter were made when, by the state that they are in now."""
        return await operations.histogram(query)

    @router.post("/cancel", responses=documented(400))
    async def cancel_runs(
        operations: Annotated[Operations, Depends(provide)], wanted: BulkRequest
    ) -> BulkResult:
        """Cancel the open runs that fit a filter."""
        return await operations.cancel(wanted)

    @router.post("/retry", responses=documented(400))
    async def retry_runs(
        operations: Annotated[Operations, Depends(provide)], wanted: BulkRequest
    ) -> BulkResult:
        """Retry the failed runs that fit a filter, each from its failed step."""
        return await operations.retry(wanted)

    @router.post("/move", responses=documented(400, 404))
    async def move_runs(
        operations: Annotated[Operations, Depends(provide)], wanted: MoveRequest
    ) -> BulkResult:
        """Move open runs of a workflow to another version, those whose journal the version's code fits."""
        return await operations.move(wanted)

    for path in ("/cancel", "/retry", "/move"):  # else GET would be the one of a run whose id is `cancel`
        router.add_api_route(path, _not_to_be_read, methods=["GET"], include_in_schema=False)
    return router


async def _not_to_be_read() -> None:
    raise HTTPException(405, headers={"allow": "POST"})


def operating_on_one(
    provide: Callable[..., Awaitable[Operations]],
    moving: Callable[..., Awaitable[Moving]],
    shown: Callable[..., Awaitable[Showing]],
) -> Endpoints:
    """Endpoints for one run; `provide`, `moving` and `shown` make the services for a request."""
    router = Endpoints(prefix="/runs", tags=["runs"])

    @router.post("/{run_id}/fork", status_code=201, responses=documented(400, 403, 404, 409))
    async def fork_run(  # noqa: PLR0917 - FastAPI fills in each of them by its name
        operations: Annotated[Operations, Depends(provide)],
        runs: Annotated[Showing, Depends(shown)],
        run_id: UUID,
        wanted: ForkRequest,
        request: Request,
        response: Response,
        idempotency_key: IdempotencyKey = None,
    ) -> Run:
        """Make a new run that shares the beginning of this one and goes its own way from a step on.

        Nothing of the shared part is executed again. Tools behind it act anew, under keys of the fork's own.
        """
        made = await operations.fork(run_id, wanted, idempotency_key)
        response.headers["location"] = f"{request.url.path.rpartition('/runs/')[0]}/runs/{made}"
        return await runs.show(made)

    @router.patch("/{run_id}/labels", responses=documented(400, 404))
    async def label_run(runs: Annotated[Moving, Depends(moving)], run_id: UUID, change: LabelChange) -> Run:
        """Set labels of a run, and take away those that are null (a merge patch, RFC 7396)."""
        return await runs.label(run_id, change)

    return router
