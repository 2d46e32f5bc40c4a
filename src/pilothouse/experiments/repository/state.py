"""What every process goes by: the running experiments of all tenants, read as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import to_json

from pilothouse.experiments.splitting import Range, ranges_of
from pilothouse.runtime.connection import Lane

_RUNNING = """
select id, tenant_id, about, key, everybody, arms, ranges from experiments where state = 'running'
"""
COUNT = "select count_experiments(%s::json)"
"""Counts calls; see the migration that makes the function."""


class InForce(NamedTuple):
    """A running experiment."""

    id: UUID
    tenant_id: str
    about: str
    key: str
    everybody: bool
    arms: Sequence[dict[str, Any]]
    ranges: Sequence[Range]


class ExperimentState:
    """Reads the running experiments of all tenants, and counts what came of calls."""

    def __init__(self, lane: Lane) -> None:
        """Ask on `lane`, which needs the engine's rights."""
        self._lane = lane

    async def running(self) -> list[InForce]:
        """The running experiments."""
        rows = await self._lane.rows(_RUNNING)
        return [InForce(*row)._replace(ranges=ranges_of(row[6])) for row in rows]

    async def count(self, counted: Sequence[Mapping[str, object]]) -> None:
        """Count calls: see the function of the database."""
        await self._lane.rows(COUNT, (to_json(counted).decode(),))
