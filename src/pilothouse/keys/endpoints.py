"""API keys over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from pilothouse.keys.schemas import Key, KeyMade, KeyQuery, ModelList, NewKey, Rotation
from pilothouse.keys.service import Keys
from pilothouse.kit.pagination import Page
from pilothouse.kit.problems import documented
from pilothouse.routing import Endpoints


def routes(provide: Callable[..., Awaitable[Keys]]) -> Endpoints:
    """The endpoints; `provide` makes the service for a request."""
    router = Endpoints(prefix="/keys", tags=["keys"])
    Provided = Annotated[Keys, Depends(provide)]  # noqa: N806 - a type

    @router.get("", responses=documented(400))
    async def list_keys(keys: Provided, query: Annotated[KeyQuery, Query()]) -> Page[Key]:
        """List the keys of the tenant, the newest first, without their secrets."""
        return await keys.page(query)

    @router.post("", status_code=201, responses=documented(400, 403, 503))
    async def create_key(keys: Provided, wanted: NewKey, request: Request, response: Response) -> KeyMade:
        """Make a key. Its secret is in the answer, and never shown again."""
        made = await keys.create(wanted)
        response.headers["location"] = f"{request.url.path}/{made.key.id}"
        response.headers["cache-control"] = "no-store"
        return made

    @router.get("/{key_id}", responses=documented(400, 404))
    async def show_key(keys: Provided, key_id: UUID) -> Key:
        """Show a key, without its secret."""
        return await keys.show(key_id)

    @router.put("/{key_id}/models", responses=documented(400, 403, 404))
    async def set_key_models(keys: Provided, key_id: UUID, wanted: ModelList) -> Key:
        """Say which models a key may use at /v1. Null lets it use all of them."""
        return await keys.set_models(key_id, wanted)

    @router.post("/{key_id}/rotate", responses=documented(400, 403, 404, 409, 503))
    async def rotate_key(keys: Provided, key_id: UUID, rotation: Rotation, response: Response) -> KeyMade:
        """Give a key a new secret. The one before stays valid for the overlap."""
        response.headers["cache-control"] = "no-store"
        return await keys.rotate(key_id, rotation)

    @router.post("/{key_id}/revoke", responses=documented(400, 404))
    async def revoke_key(keys: Provided, key_id: UUID) -> Key:
        """End a key for good. Doing so again changes nothing."""
        return await keys.revoke(key_id)

    return router
