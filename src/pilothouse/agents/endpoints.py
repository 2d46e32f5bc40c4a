"""Agents over HTTP, and the answers of models that are kept for them."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Query

from pilothouse.agents.answers import AnswerBook
from pilothouse.agents.schemas import Agents, Forgotten
from pilothouse.agents.service import AgentCatalogue
from pilothouse.kit.problems import documented
from pilothouse.routing import Endpoints


def routes(catalogue: AgentCatalogue) -> Endpoints:
    """The endpoint that lists the agents of `catalogue`."""
    router = Endpoints(prefix="/agents", tags=["agents"])

    @router.get("")
    async def list_agents() -> Agents:
        """List the agents that workflows call, by application and name."""
        return catalogue.all()

    return router


def answer_routes(provide: Callable[..., Awaitable[AnswerBook]]) -> Endpoints:
    """The endpoint that clears kept answers; `provide` makes the service for a request."""
    router = Endpoints(prefix="/answers", tags=["models"])

    @router.delete("", responses=documented(400, 403))
    async def clear_model_answers(
        answers: Annotated[AnswerBook, Depends(provide)],
        agent: Annotated[
            str | None, Query(min_length=1, max_length=100, description="Of this agent only.")
        ] = None,
    ) -> Forgotten:
        """Forget the answers of models that are kept for the tenant, and show how many there were."""
        return await answers.clear(agent)

    return router
