"""Agents over HTTP."""

from fastapi import APIRouter

from pilothouse.agents.schemas import Agents
from pilothouse.agents.service import AgentCatalogue


def routes(catalogue: AgentCatalogue) -> APIRouter:
    """The endpoint that lists the agents of `catalogue`."""
    router = APIRouter(prefix="/agents", tags=["agents"])

    @router.get("")
    async def list_agents() -> Agents:
        """List the agents that workflows call, by application and name."""
        return catalogue.all()

    return router
