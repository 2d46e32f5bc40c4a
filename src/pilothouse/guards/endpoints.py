"""Guards over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends

from pilothouse.guards.schemas import GuardTable, Restored, Restoring, Scan, Scanned
from pilothouse.guards.service import GuardBook
from pilothouse.kit.problems import documented
from pilothouse.routing import Endpoints
from pilothouse.runs.schemas import Run

Provide = Callable[..., Awaitable[GuardBook]]


def looking(provide: Provide) -> Endpoints:
    """What guards do, and what they find in a text; `provide` makes the service for a request."""
    router = Endpoints(prefix="/guards", tags=["guards"])
    Provided = Annotated[GuardBook, Depends(provide)]  # noqa: N806 - a type

    @router.get("")
    async def show_guards(guards: Provided) -> GuardTable:
        """Show what is done about what is found where, and which groups only observe."""
        return guards.table()

    @router.post("/scan", responses=documented(400))
    async def scan_text(guards: Provided, wanted: Scan) -> Scanned:
        """Look at a text as if it came in at an inlet. Nothing of it is kept."""
        return await guards.scan(wanted)

    return router


def restoring(provide: Provide) -> Endpoints:
    """What placeholders of a run stand for, for those who may see it; each look is recorded."""
    router = Endpoints(prefix="/runs", tags=["guards"])
    Provided = Annotated[GuardBook, Depends(provide)]  # noqa: N806 - a type

    @router.get("/{run_id}/restored", responses=documented(400, 404, 410))
    async def show_restored_run(guards: Provided, run_id: UUID) -> Run:
        """Show a run with what its placeholders stand for; that is recorded in the audit log."""
        return await guards.run(run_id)

    @router.post("/{run_id}/restore", responses=documented(400, 404, 410))
    async def restore_value(guards: Provided, run_id: UUID, wanted: Restoring) -> Restored:
        """Restore the placeholders of a run in any value; that is recorded in the audit log."""
        return await guards.restore(run_id, wanted.value)

    return router
