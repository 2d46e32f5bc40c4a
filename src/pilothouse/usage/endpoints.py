"""Usage over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Query

from pilothouse.kit.pagination import Page
from pilothouse.kit.problems import documented
from pilothouse.routing import Endpoints
from pilothouse.usage.schemas import CallQuery, ShownCall, UsageQuery, UsageReport
from pilothouse.usage.service import UsageBook


def routes(provide: Callable[..., Awaitable[UsageBook]]) -> Endpoints:
    """The endpoints; `provide` makes the service for a request."""
    router = Endpoints(prefix="/usage", tags=["usage"])
    Provided = Annotated[UsageBook, Depends(provide)]  # noqa: N806 - a type

    @router.get("", responses=documented(400))
    async def report_usage(usage: Provided, query: Annotated[UsageQuery, Query()]) -> UsageReport:
        """Sum up the calls to models by model, agent, prompt version, day and more."""
        return await usage.report(query)

    @router.get("/calls", responses=documented(400))
    async def list_calls(usage: Provided, query: Annotated[CallQuery, Query()]) -> Page[ShownCall]:
        """List the calls to models, the newest first."""
        return await usage.calls(query)

    return router
