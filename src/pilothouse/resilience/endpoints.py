"""Breakers over HTTP. In a path tildes stand for the slashes of a name: `model~openai:fast`."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Path
from pydantic import AfterValidator

from pilothouse.kit.problems import documented
from pilothouse.kit.slashes import of_part
from pilothouse.resilience.schemas import Breakers, BreakerShown, NewOverride
from pilothouse.resilience.service import BreakerBook
from pilothouse.routing import Endpoints

Name = Annotated[
    str,
    Path(
        min_length=1,
        max_length=200,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:~@-]*$",
        description="The dependency's name, with tildes for its slashes.",
        examples=["model~openai:fast"],
    ),
    AfterValidator(of_part),
]


def routes(provide: Callable[..., Awaitable[BreakerBook]]) -> Endpoints:
    """The endpoints; `provide` makes the service for a request."""
    router = Endpoints(prefix="/breakers", tags=["breakers"])
    Provided = Annotated[BreakerBook, Depends(provide)]  # noqa: N806 - a type

    @router.get("")
    async def list_breakers(breakers: Provided) -> Breakers:
        """List the breakers of all processes, by name."""
        return await breakers.all()

    @router.get("/{name}", responses=documented(400, 404))
    async def show_breaker(breakers: Provided, name: Name) -> BreakerShown:
        """Show a breaker: what is set by hand, and how it is in each process."""
        return await breakers.show(name)

    @router.put("/{name}/override", responses=documented(400))
    async def override_breaker(breakers: Provided, name: Name, wanted: NewOverride) -> BreakerShown:
        """Set a breaker by hand, or let it go (`none`): it holds in every process within a second."""
        return await breakers.override(name, wanted)

    @router.post("/{name}/reset", status_code=204, responses=documented(400, 404))
    async def reset_breaker(breakers: Provided, name: Name) -> None:
        """Have every process forget what its breaker has counted, and close it."""
        await breakers.reset(name)

    return router
