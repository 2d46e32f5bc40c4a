"""What `./dev bench queueing` claims with: the claim as it is, counted, and the one that knew no tenants."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pilothouse.runtime.claims import PINNED, Claiming

BEFORE = """
with due as materialized (
  select id from runs where status = 'queued' and pin = any(%(pins)s::text[])
   order by priority desc, id limit %(slots)s for no key update skip locked)
update runs set epoch = epoch + 1, status = 'running', worker_id = %(worker)s, wake_at = null,
                changed_at = now()
  from due where runs.id = due.id
returning runs.id, runs.tenant_id, runs.pin, runs.epoch, runs.wakes, runs.principal, runs.cancel_requested,
          runs.request_id, runs.traceparent, 0.0::float8
"""
"""The claim before there were tenants: the most urgent and oldest first, whoever's they are."""


class Counted(Claiming):
    """The claim as it is; `order` has the tenant and the moment of each run that was claimed."""

    def __init__(self, lane: Any) -> None:
        """Claim on `lane`."""
        super().__init__(lane)
        self.order: list[tuple[str, float]] = []

    async def claim(
        self, worker_id: UUID, pins: Sequence[str], slots: int, only: UUID | None = None
    ) -> list[tuple[Any, ...]]:
        """As it is."""
        return self._noted(await super().claim(worker_id, pins, slots, only))

    def _noted(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        present = time.perf_counter()
        self.order += [(str(row[1]), present) for row in rows]
        return rows


class Before(Counted):
    """The claim before there were tenants."""

    async def claim(
        self, worker_id: UUID, pins: Sequence[str], slots: int, only: UUID | None = None
    ) -> list[tuple[Any, ...]]:
        """As it was."""
        asked = {"pins": pins, "slots": slots, "worker": worker_id}
        return self._noted(await self._lane.rows(BEFORE, asked, before=(PINNED,)))


CLAIMS = {"now": Counted, "before": Before}
