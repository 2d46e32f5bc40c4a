"""Health over HTTP, for those who start, stop and balance processes."""

from pilothouse.health.schemas import Alive, Detail, Ready
from pilothouse.health.service import Health
from pilothouse.kit.problems import documented
from pilothouse.routing import Endpoints


def routes(health: Health) -> Endpoints:
    """The endpoints that tell about `health`."""
    router = Endpoints(prefix="/health", tags=["health"])

    @router.get("/live")
    async def live() -> Alive:
        """Whether the process answers. It looks at nothing else, so that nothing else gets it restarted."""
        return Alive()

    @router.get("/ready", responses=documented(503))
    async def ready() -> Ready:
        """Whether the process can serve: database, schema and worker."""
        return await health.ready()

    @router.get("/detail")
    async def detail() -> Detail:
        """How each part is that the process depends on, for people and dashboards.

        The answer is 200 whatever it says: it is /health/ready that balancers ask.
        """
        return await health.detail()

    return router
