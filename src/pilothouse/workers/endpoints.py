"""Workers over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends

from pilothouse.routing import Endpoints
from pilothouse.workers.schemas import WorkersShown
from pilothouse.workers.service import WorkerRoster


def routes(provide: Callable[..., Awaitable[WorkerRoster]]) -> Endpoints:
    """The endpoint; `provide` makes the service for a request."""
    router = Endpoints(prefix="/workers", tags=["workers"])

    @router.get("")
    async def list_workers(workers: Annotated[WorkerRoster, Depends(provide)]) -> WorkersShown:
        """List the workers: what each can execute, how busy it is and when it was last heard of."""
        return await workers.all()

    return router
