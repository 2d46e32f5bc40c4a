"""Notifications over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from pilothouse.kit.pagination import Page
from pilothouse.kit.problems import documented
from pilothouse.notifications.schemas import (
    Delivery,
    DeliveryQuery,
    NewTarget,
    SecretRotation,
    Target,
    TargetMade,
    TargetQuery,
)
from pilothouse.notifications.targets import Targets
from pilothouse.routing import Endpoints


def routes(provide: Callable[..., Awaitable[Targets]]) -> Endpoints:
    """The endpoints; `provide` makes the service for a request."""
    router = Endpoints(prefix="/notifications", tags=["notifications"])
    Provided = Annotated[Targets, Depends(provide)]  # noqa: N806 - a type

    @router.get("/targets", responses=documented(400))
    async def list_targets(targets: Provided, query: Annotated[TargetQuery, Query()]) -> Page[Target]:
        """List where messages go, the newest first, without what is secret of the addresses."""
        return await targets.page(query)

    @router.post("/targets", status_code=201, responses=documented(400, 409))
    async def add_target(
        targets: Provided, wanted: NewTarget, request: Request, response: Response
    ) -> TargetMade:
        """Add a target. Its address is kept sealed; a webhook's secret is in this answer only."""
        made = await targets.add(wanted)
        response.headers["location"] = f"{request.url.path}/{made.target.id}"
        response.headers["cache-control"] = "no-store"
        return made

    @router.get("/targets/{target_id:uuid}", responses=documented(400, 404))
    async def show_target(targets: Provided, target_id: UUID) -> Target:
        """Show a target."""
        return await targets.show(target_id)

    @router.delete("/targets/{target_id:uuid}", status_code=204, responses=documented(400, 404))
    async def remove_target(targets: Provided, target_id: UUID) -> None:
        """Remove a target with its deliveries."""
        await targets.remove(target_id)

    @router.post("/targets/{target_id:uuid}/test", responses=documented(400, 404))
    async def test_target(targets: Provided, target_id: UUID) -> Delivery:
        """Send a test at once, and tell what became of it."""
        return await targets.test(target_id)

    @router.post("/targets/{target_id:uuid}/enable", responses=documented(400, 404))
    async def enable_target(targets: Provided, target_id: UUID) -> Target:
        """Send to a target again that was disabled because it answered 410."""
        return await targets.enable(target_id)

    @router.post("/targets/{target_id:uuid}/rotate", responses=documented(400, 404, 409))
    async def rotate_target_secret(
        targets: Provided, target_id: UUID, rotation: SecretRotation, response: Response
    ) -> TargetMade:
        """Give a webhook a new secret. For the overlap messages are signed with the one before, too."""
        response.headers["cache-control"] = "no-store"
        return await targets.rotate(target_id, rotation)

    @router.get("/deliveries", responses=documented(400))
    async def list_deliveries(targets: Provided, query: Annotated[DeliveryQuery, Query()]) -> Page[Delivery]:
        """List messages and what became of them, the newest first."""
        return await targets.deliveries(query)

    return router
