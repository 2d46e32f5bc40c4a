"""What workers see to about experiments: bad arms are stopped, and rollouts go on to their next stage."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import structlog
from pydantic import JsonValue

from pilothouse.audit.service import AuditLog
from pilothouse.experiments import states
from pilothouse.experiments.guarding import Tripped, is_due, tripped
from pilothouse.experiments.repository import RunningExperiments
from pilothouse.experiments.repository.running import ENGINE
from pilothouse.experiments.results import Tallies
from pilothouse.experiments.splitting import CONTROL
from pilothouse.experiments.tables import ExperimentRow
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.session import Database

log = structlog.get_logger(__name__)

EVERY = dt.timedelta(seconds=5)


class ExperimentChore:
    """Any number of workers may tend it: an experiment is one worker's at a time."""

    name = "experiments"

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        """Work through `database`, with the rights to all tenants."""
        self._database = database
        self._audit = AuditLog(clock, ids)

    async def tend(self, now: dt.datetime) -> dt.datetime | None:
        """Look at each running experiment; again in some seconds."""
        async with self._database.maintenance() as session:
            running = await RunningExperiments(session).ids()
        for experiment_id in running:
            async with self._database.maintenance() as session:
                experiments = RunningExperiments(session)
                row = await experiments.take(experiment_id)
                if row is not None:
                    await self._see_to(experiments, row, now)
        return now + EVERY

    async def _see_to(self, experiments: RunningExperiments, row: ExperimentRow, now: dt.datetime) -> None:
        tallies = await experiments.tallies(row.id)
        arms = states.active(row)
        of_each = row.alpha / max(sum(arm.name != CONTROL for arm in states.arms_of(row)), 1)
        for one in tripped(tallies, arms, states.guards_of(row), of_each):
            await self._stop(experiments, row, one, tallies, now)
        await self._advance(experiments, row, tallies, now)

    async def _stop(
        self,
        experiments: RunningExperiments,
        row: ExperimentRow,
        one: Tripped,
        tallies: Tallies,
        now: dt.datetime,
    ) -> None:
        states.stop_arm(row, one.arm, now, ENGINE, one.why)
        calls = {
            arm: sum(tally.calls for (name, _), tally in tallies.items() if name == arm)
            for arm in (CONTROL, one.arm)
        }
        told: Mapping[str, JsonValue] = {
            "experiment": row.name,
            "about": row.about,
            "arm": one.arm,
            "metric": one.metric.value,
            "why": one.why,
            "figures": {name: round(figure, 6) for name, figure in one.figures.items()},
            "calls": calls[one.arm],
            "control_calls": calls[CONTROL],
        }
        await experiments.record(self._audit, row, "arm_stopped", told)
        await experiments.notify(row, one.arm, now, told)
        log.warning("experiment_arm_stopped", experiment=str(row.id), arm=one.arm, why=one.why)

    async def _advance(
        self, experiments: RunningExperiments, row: ExperimentRow, tallies: Tallies, now: dt.datetime
    ) -> None:
        rollout = states.rollout_of(row)
        if rollout is None or row.stage is None or row.stage_since is None or not states.active(row):
            return
        calls = sum(
            tally.calls for (arm, epoch), tally in tallies.items() if arm != CONTROL and epoch == row.epoch
        )
        if not is_due(rollout, row.stage, row.stage_since, calls, now):
            return
        states.advance(row, now)
        share = str(rollout.stages[row.stage])
        await experiments.record(self._audit, row, "advanced", {"stage": row.stage, "share": share})
        log.info("rollout_advanced", experiment=str(row.id), stage=row.stage, share=share)
