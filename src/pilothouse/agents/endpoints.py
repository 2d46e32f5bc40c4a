"""Agents over HTTP."""

from pilothouse.agents.schemas import Agents
from pilothouse.agents.service import AgentCatalogue
from pilothouse.routing import Endpoints


def routes(catalogue: AgentCatalogue) -> Endpoints:
    """The endpoint that lists the agents of `catalogue`."""
    router = Endpoints(prefix="/agents", tags=["agents"])

    @router.get("")
    async def list_agents() -> Agents:
        """List the agents that workflows call, by application and name."""
        return catalogue.all()

    return router
