"""Limits over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Query

from pilothouse.kit.problems import documented
from pilothouse.limits.schemas import Limit, LimitKey, Limits
from pilothouse.limits.service import LimitBook
from pilothouse.routing import Endpoints


def routes(provide: Callable[..., Awaitable[LimitBook]]) -> Endpoints:
    """The endpoints; `provide` makes the service for a request."""
    router = Endpoints(prefix="/limits", tags=["limits"])

    @router.get("")
    async def list_limits(limits: Annotated[LimitBook, Depends(provide)]) -> Limits:
        """List the limits, the widest first."""
        return await limits.all()

    @router.put("", responses=documented(400))
    async def set_limit(limits: Annotated[LimitBook, Depends(provide)], limit: Limit) -> Limit:
        """Set a limit. It replaces the one of the same scope, tenant and workflow, if there is one."""
        return await limits.put(limit)

    @router.delete("", responses=documented(400, 404))
    async def remove_limit(
        limits: Annotated[LimitBook, Depends(provide)], key: Annotated[LimitKey, Query()]
    ) -> Limit:
        """Remove a limit, and show what it was."""
        return await limits.remove(key)

    return router
