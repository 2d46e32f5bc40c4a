"""Schedules over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response

from pilothouse.kit.pagination import Page, PageQuery
from pilothouse.kit.problems import documented
from pilothouse.routing import Endpoints
from pilothouse.runs.schemas import Run, RunSummary
from pilothouse.schedules.schemas import (
    MAX_FIRES,
    NewSchedule,
    RhythmShown,
    RhythmWanted,
    Schedule,
    ScheduleEdit,
    ScheduleQuery,
    ScheduleSummary,
)
from pilothouse.schedules.service import Schedules, etag_of

IdempotencyKey = Annotated[
    str | None,
    Header(
        pattern=r"^[!-~]{1,255}$",
        description="Of requests with the same key only the first makes a run; the others show it.",
    ),
]
IfMatch = Annotated[
    str | None,
    Header(max_length=1_000, description="The ETag that the change is based on; another one is refused."),
]
Fires = Annotated[int, Query(ge=0, le=MAX_FIRES, description="How many of the next fires are wanted.")]


def routes(provide: Callable[..., Awaitable[Schedules]]) -> Endpoints:
    """The endpoints that list, make, show and change schedules; `provide` makes the service for a request."""
    router = Endpoints(prefix="/schedules", tags=["schedules"])
    Service = Annotated[Schedules, Depends(provide)]  # noqa: N806 - a type

    @router.get("", responses=documented(400))
    async def list_schedules(
        schedules: Service, query: Annotated[ScheduleQuery, Query()]
    ) -> Page[ScheduleSummary]:
        """List schedules, the newest first."""
        return await schedules.page(query)

    @router.post("", status_code=201, responses=documented(400, 409))
    async def create_schedule(
        schedules: Service, wanted: NewSchedule, request: Request, response: Response
    ) -> Schedule:
        """Make a schedule. A tenant has a name only once, so that the same request again is a conflict."""
        made = await schedules.create(wanted)
        response.headers["location"] = f"{request.url.path}/{made.id}"
        return _tagged(made, response)

    @router.post("/preview", responses=documented(400))
    async def preview_schedule(schedules: Service, wanted: RhythmWanted) -> RhythmShown:
        """Show when a schedule with this rhythm would fire. Nothing is made."""
        return await schedules.preview(wanted)

    @router.get("/{schedule_id:uuid}", responses=documented(400, 404))
    async def show_schedule(
        schedules: Service, schedule_id: UUID, response: Response, fires: Fires = 5
    ) -> Schedule:
        """Show a schedule with its next fires. The ETag names its edition, for a change."""
        return _tagged(await schedules.show(schedule_id, fires), response)

    @router.patch("/{schedule_id:uuid}", responses=documented(400, 404, 409, 412))
    async def edit_schedule(
        schedules: Service,
        schedule_id: UUID,
        edit: ScheduleEdit,
        response: Response,
        if_match: IfMatch = None,
    ) -> Schedule:
        """Change what is given of a schedule. Send its ETag as `If-Match`, so that no change is lost."""
        return _tagged(await schedules.edit(schedule_id, edit, if_match), response)

    @router.delete("/{schedule_id:uuid}", status_code=204, responses=documented(400, 404))
    async def delete_schedule(schedules: Service, schedule_id: UUID) -> None:
        """Delete a schedule. The runs that it has made stay, and go on."""
        await schedules.delete(schedule_id)

    _add_actions(router, provide)
    return router


def _add_actions(router: Endpoints, provide: Callable[..., Awaitable[Schedules]]) -> None:
    """Add the endpoints that pause, resume and fire schedules, and list their runs."""
    Service = Annotated[Schedules, Depends(provide)]  # noqa: N806 - a type

    @router.post("/{schedule_id:uuid}/pause", responses=documented(400, 404))
    async def pause_schedule(schedules: Service, schedule_id: UUID, response: Response) -> Schedule:
        """Have a schedule fire no more until it is resumed. Doing so again changes nothing."""
        return _tagged(await schedules.pause(schedule_id), response)

    @router.post("/{schedule_id:uuid}/resume", responses=documented(400, 404))
    async def resume_schedule(schedules: Service, schedule_id: UUID, response: Response) -> Schedule:
        """Have a paused schedule fire again; what lay in the pause is not made up for."""
        return _tagged(await schedules.resume(schedule_id), response)

    @router.post("/{schedule_id:uuid}/trigger", status_code=201, responses=documented(400, 404, 409))
    async def trigger_schedule(
        schedules: Service, schedule_id: UUID, response: Response, idempotency_key: IdempotencyKey = None
    ) -> Run:
        """Make a run now, also in a pause and beside the last run, which it then is itself."""
        run = await schedules.trigger(schedule_id, idempotency_key)
        response.headers["location"] = f"/api/v1/runs/{run.id}"
        return run

    @router.get("/{schedule_id:uuid}/runs", responses=documented(400, 404))
    async def list_schedule_runs(
        schedules: Service, schedule_id: UUID, query: Annotated[PageQuery, Query()]
    ) -> Page[RunSummary]:
        """List the runs that a schedule has made, the newest first."""
        return await schedules.runs(schedule_id, query)


def _tagged(schedule: Schedule, response: Response) -> Schedule:
    response.headers["etag"] = etag_of(schedule)
    return schedule
