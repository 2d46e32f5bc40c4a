"""Kept answers of models over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends

from pilothouse.protocols.openai.schemas import ModelCache, ModelCacheCleared
from pilothouse.protocols.openai.service import KeptAnswers
from pilothouse.routing import Endpoints


def routes(provide: Callable[..., Awaitable[KeptAnswers]]) -> Endpoints:
    """The endpoints; `provide` makes the service for a request."""
    router = Endpoints(prefix="/model-cache", tags=["models"])
    Provided = Annotated[KeptAnswers, Depends(provide)]  # noqa: N806 - a type

    @router.get("")
    async def show_model_cache(kept: Provided) -> ModelCache:
        """Show what is kept of models' answers, and how often an answer was found."""
        return await kept.show()

    @router.delete("")
    async def clear_model_cache(kept: Provided) -> ModelCacheCleared:
        """Let go of all answers that are kept of the tenant."""
        return await kept.clear()

    return router
