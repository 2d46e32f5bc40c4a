"""Experiments over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from pilothouse.experiments.schemas import (
    Conclusion,
    Ending,
    Experiment,
    ExperimentQuery,
    ExperimentSummary,
    NewExperiment,
    StoppedArm,
    Weights,
)
from pilothouse.experiments.service import ExperimentBook
from pilothouse.kit.pagination import Page
from pilothouse.kit.problems import documented
from pilothouse.routing import Endpoints

Provide = Callable[..., Awaitable[ExperimentBook]]


def making(provide: Provide) -> Endpoints:
    """Experiments, made and looked at; `provide` makes the service for a request."""
    router = Endpoints(prefix="/experiments", tags=["experiments"])
    Provided = Annotated[ExperimentBook, Depends(provide)]  # noqa: N806 - a type

    @router.get("", responses=documented(400))
    async def list_experiments(
        experiments: Provided, query: Annotated[ExperimentQuery, Query()]
    ) -> Page[ExperimentSummary]:
        """List the experiments of the tenant, the newest first."""
        return await experiments.page(query)

    @router.post("", status_code=201, responses=documented(400, 403, 409))
    async def create_experiment(
        experiments: Provided, wanted: NewExperiment, request: Request, response: Response
    ) -> Experiment:
        """Make an experiment, a rollout among them. It assigns nothing before it is started."""
        made = await experiments.create(wanted)
        response.headers["location"] = f"{request.url.path}/{made.id}"
        return made

    @router.get("/{experiment_id:uuid}", responses=documented(400, 404))
    async def show_experiment(experiments: Provided, experiment_id: UUID) -> Experiment:
        """Show an experiment with its result, which holds whenever it is looked at."""
        return await experiments.show(experiment_id)

    return router


def operating(provide: Provide) -> Endpoints:
    """Experiments, changed; `provide` makes the service for a request."""
    router = Endpoints(prefix="/experiments", tags=["experiments"])
    Provided = Annotated[ExperimentBook, Depends(provide)]  # noqa: N806 - a type

    @router.post("/{experiment_id:uuid}/start", responses=documented(400, 404, 409))
    async def start_experiment(experiments: Provided, experiment_id: UUID) -> Experiment:
        """Start a draft, or a stopped experiment again: every process assigns arms within a second."""
        return await experiments.start(experiment_id)

    @router.post("/{experiment_id:uuid}/stop", responses=documented(400, 404, 409))
    async def stop_experiment(experiments: Provided, experiment_id: UUID, ending: Ending) -> Experiment:
        """Stop an experiment: calls go as they would without it."""
        return await experiments.stop(experiment_id, ending)

    @router.post("/{experiment_id:uuid}/stop-arm", responses=documented(400, 404, 409))
    async def stop_experiment_arm(
        experiments: Provided, experiment_id: UUID, wanted: StoppedArm
    ) -> Experiment:
        """Stop one arm for good: its traffic goes to the control."""
        return await experiments.stop_arm(experiment_id, wanted)

    @router.put("/{experiment_id:uuid}/weights", responses=documented(400, 404, 409))
    async def set_experiment_weights(
        experiments: Provided, experiment_id: UUID, wanted: Weights
    ) -> Experiment:
        """Give arms other weights. A subject changes arms only where its own arm lost weight."""
        return await experiments.weigh(experiment_id, wanted)

    @router.post("/{experiment_id:uuid}/advance", responses=documented(400, 404, 409))
    async def advance_experiment(experiments: Provided, experiment_id: UUID) -> Experiment:
        """Go on to the next stage of a rollout now."""
        return await experiments.advance(experiment_id)

    @router.post("/{experiment_id:uuid}/conclude", responses=documented(400, 404, 409))
    async def conclude_experiment(
        experiments: Provided, experiment_id: UUID, wanted: Conclusion
    ) -> Experiment:
        """End an experiment for good, and promote its winner, if one is named."""
        return await experiments.conclude(experiment_id, wanted)

    return router
