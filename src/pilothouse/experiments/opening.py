"""The experiments of a process, opened with it: what assigns arms, and what workers see to."""

from __future__ import annotations

from contextlib import AsyncExitStack

from pilothouse.experiments.service import ExperimentChore, Experiments
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.session import Database
from pilothouse.runtime.connection import Lane
from pilothouse.runtime.engine import Engine


async def open_experiments(
    lane: Lane, database: Database, engine: Engine, stack: AsyncExitStack
) -> Experiments:
    """Read what runs, on `lane`, until `stack` closes; workers of `engine` tend experiments by `database`.

    Raises `DatabaseUnavailable`.
    """
    experiments = Experiments(lane)
    stack.push_async_callback(experiments.close)
    await experiments.open(engine.listener)
    engine.chores.append(ExperimentChore(database, SystemClock(), engine.ids))
    return experiments
