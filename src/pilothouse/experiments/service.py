"""The rules of experiments for those who make them and look at them; what calls go by is `Experiments`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog
from pydantic import JsonValue

from pilothouse.audit.service import AuditLog
from pilothouse.errors import Forbidden, NotFound
from pilothouse.experiments import states
from pilothouse.experiments.live import Experiments
from pilothouse.experiments.repository import ExperimentRepository
from pilothouse.experiments.results import result_of
from pilothouse.experiments.schemas import (
    Arm,
    Conclusion,
    Ending,
    Experiment,
    ExperimentQuery,
    ExperimentSummary,
    NewExperiment,
    SplitKey,
    State,
    StoppedArm,
    Weights,
)
from pilothouse.experiments.splitting import EVERYTHING
from pilothouse.experiments.tables import ExperimentRow
from pilothouse.experiments.tending import ExperimentChore
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.pagination import Page
from pilothouse.kit.scope import HOME_TENANT, Scope

__all__ = ["ExperimentBook", "ExperimentChore", "Experiments", "Promote"]

log = structlog.get_logger(__name__)

Promote = Callable[[Scope, str, Arm], Awaitable[None]]
"""Makes what a winning arm does (a version, a model) what calls about a prompt or an alias do from now on."""


class ExperimentBook:
    """The experiments of a tenant. What is changed holds in every process within a second."""

    def __init__(
        self,
        repository: ExperimentRepository,
        scope: Scope,
        clock: Clock,
        ids: Ids,
        promote: Promote | None = None,
    ) -> None:
        """Read and write through `repository` on behalf of `scope`.

        A winner is promoted by `promote`; without it, it is only noted.
        """
        self._repository = repository
        self._scope = scope
        self._clock = clock
        self._ids = ids
        self._audit = AuditLog(clock, ids)
        self._promote = promote

    async def page(self, query: ExperimentQuery) -> Page[ExperimentSummary]:
        """The wanted experiments, the newest first."""
        rows = await self._repository.page(query)
        return Page(items=[summary(row) for row in rows.items], next_cursor=rows.next_cursor)

    async def show(self, experiment_id: UUID) -> Experiment:
        """An experiment with its result at this time. Raises `NotFound`."""
        return await self._shown(await self._row(experiment_id))

    async def create(self, wanted: NewExperiment) -> Experiment:
        """Make an experiment, which assigns nothing yet.

        Raises `Conflict` where the tenant has another of that name, and `Forbidden` for one that is to hold
        for everybody, unless this is the home tenant.
        """
        if wanted.everybody and self._scope.tenant_id != HOME_TENANT:
            raise Forbidden("Only the home tenant makes experiments for everybody.", hint="Leave it out.")
        row = ExperimentRow(
            id=self._ids.new(),
            name=wanted.name,
            about=wanted.about,
            key=wanted.key.value,
            state=State.DRAFT.value,
            everybody=wanted.everybody,
            arms=[],
            ranges=[list(part) for part in EVERYTHING],
            guards=[guard.model_dump(mode="json") for guard in wanted.guards],
            alpha=wanted.alpha,
            rollout=None if wanted.rollout is None else wanted.rollout.model_dump(mode="json"),
            stage=None if wanted.rollout is None else 0,
            stage_since=None,
            epoch=0,
            winner=None,
            why="",
            made_by=self._scope.principal,
            made_at=self._clock.now(),
            started_at=None,
            ended_at=None,
        )
        states.keep_arms(row, [Arm.model_validate(arm.model_dump()) for arm in wanted.arms])
        return await self._kept(row, "made", about=row.about)

    async def start(self, experiment_id: UUID) -> Experiment:
        """Have an experiment assign arms.

        Raises `NotFound`, and `Conflict` where it runs, is concluded, or another one runs about the same.
        """
        row = await self._row(experiment_id, locked=True)
        states.start(row, self._clock.now())
        return await self._kept(row, "started", weights=_weights(row))

    async def stop(self, experiment_id: UUID, ending: Ending) -> Experiment:
        """Have it assign nothing any more: calls go as they would without it. Raises as `start`."""
        row = await self._row(experiment_id, locked=True)
        states.stop(row, self._clock.now(), ending.why)
        return await self._kept(row, "stopped")

    async def stop_arm(self, experiment_id: UUID, wanted: StoppedArm) -> Experiment:
        """Send an arm's traffic to the control. Raises as `start`, and `InvalidInput` for no arm."""
        row = await self._row(experiment_id, locked=True)
        states.stop_arm(row, wanted.arm, self._clock.now(), self._scope.principal, wanted.why)
        return await self._kept(row, "arm_stopped", arm=wanted.arm)

    async def weigh(self, experiment_id: UUID, wanted: Weights) -> Experiment:
        """Give arms other weights. Raises as `stop_arm`, and `Conflict` for a rollout."""
        row = await self._row(experiment_id, locked=True)
        states.set_weights(row, wanted.weights)
        return await self._kept(row, "weighed", weights=_weights(row))

    async def advance(self, experiment_id: UUID) -> Experiment:
        """Go on to the next stage of a rollout now. Raises as `start`, and `Conflict` for no rollout."""
        row = await self._row(experiment_id, locked=True)
        states.advance(row, self._clock.now())
        return await self._kept(row, "advanced", stage=row.stage, weights=_weights(row))

    async def conclude(self, experiment_id: UUID, wanted: Conclusion) -> Experiment:
        """End an experiment for good, and promote its winner, if there is one. Raises as `stop_arm`."""
        row = await self._row(experiment_id, locked=True)
        states.conclude(row, self._clock.now(), wanted.winner, wanted.why)
        winner = next((arm for arm in states.arms_of(row) if arm.name == wanted.winner), None)
        if winner is not None and self._promote is not None:
            await self._promote(self._scope, row.about, winner)
        return await self._kept(row, "concluded", winner=wanted.winner)

    async def _kept(self, row: ExperimentRow, did: str, **told: JsonValue) -> Experiment:
        await self._repository.save(row)
        subject = f"experiment/{row.id}"
        await self._repository.record(self._audit, self._scope, subject, did, name=row.name, **told)
        by = self._scope.principal
        log.info("experiment_changed", did=did, experiment=str(row.id), name=row.name, by=by)
        return await self._shown(row)

    async def _shown(self, row: ExperimentRow) -> Experiment:
        names = [arm.name for arm in states.arms_of(row)]
        found = result_of(await self._repository.tallies(row.id), names, row.alpha)
        return Experiment(**summary(row).model_dump(), result=found)

    async def _row(self, experiment_id: UUID, *, locked: bool = False) -> ExperimentRow:
        row = await self._repository.get(experiment_id, locked=locked)
        if row is None:
            raise NotFound(
                f"There is no experiment {experiment_id}.",
                hint="`pilothouse experiments list` shows what there is.",
            )
        return row


def summary(row: ExperimentRow) -> ExperimentSummary:
    """An experiment as lists show it."""
    return ExperimentSummary(
        id=row.id,
        name=row.name,
        about=row.about,
        key=SplitKey(row.key),
        state=State(row.state),
        arms=states.shown_arms(row),
        guards=states.guards_of(row),
        alpha=row.alpha,
        rollout=states.rollout_of(row),
        stage=row.stage,
        stage_since=row.stage_since,
        everybody=row.everybody,
        winner=row.winner,
        why=row.why,
        made_by=row.made_by,
        made_at=row.made_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def _weights(row: ExperimentRow) -> dict[str, JsonValue]:
    return {arm.name: str(arm.weight) for arm in states.shown_arms(row)}
