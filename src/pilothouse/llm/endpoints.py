"""Models over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Path

from pilothouse.kit.problems import documented
from pilothouse.llm.book import ModelBook
from pilothouse.llm.schemas import AliasShown, AliasTerms, ModelsShown
from pilothouse.routing import Endpoints

Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_.-]{0,62}$", description="The alias, such as `default`.")]


def routes(provide: Callable[..., Awaitable[ModelBook]]) -> Endpoints:
    """The endpoints; `provide` makes the service for a request."""
    router = Endpoints(prefix="/models", tags=["models"])
    Provided = Annotated[ModelBook, Depends(provide)]  # noqa: N806 - a type

    @router.get("")
    async def list_models(models: Provided) -> ModelsShown:
        """List the aliases of the tenant with their models and prices, and the providers."""
        return await models.all()

    @router.put("/{name}", responses=documented(400, 403, 404))
    async def set_model_alias(models: Provided, name: Name, terms: AliasTerms) -> AliasShown:
        """Put models behind an alias for the tenant: runs go by it within a second."""
        return await models.put(name, terms)

    @router.delete("/{name}", responses=documented(400, 403, 404))
    async def unset_model_alias(models: Provided, name: Name) -> AliasShown:
        """Take back what the tenant has put behind an alias, and show what it was."""
        return await models.remove(name)

    return router
