"""Replays past decisions against other policies, a page at a time."""

from __future__ import annotations

import asyncio

from pydantic import ValidationError

from pilothouse.kit.sealing import Sealer, Unreadable
from pilothouse.policies.actions.comparing import Answered, Difference, Simulation, summed
from pilothouse.policies.actions.engine import ActionEngine
from pilothouse.policies.actions.given import read
from pilothouse.policies.versions.recording import place_of
from pilothouse.policies.versions.repository import PolicyRepository
from pilothouse.policies.versions.schemas import Replay
from pilothouse.policies.versions.tables import DecisionRow
from pilothouse.runtime.entries import Codec, decode

PAGE = 500
"""Decisions that are read at once; other requests are served between two pages."""


async def replayed(
    engine: ActionEngine, repository: PolicyRepository, sealer: Sealer, replay: Replay, tenant_id: str
) -> Simulation:
    """What `engine` would have decided otherwise, of the decisions that are wanted."""
    found: list[Difference] = []
    seen = unreadable = 0
    before = None
    while seen + unreadable < replay.last:
        rows = await repository.past(
            min(PAGE, replay.last - seen - unreadable),
            since=replay.since,
            until=replay.until,
            before=before,
        )
        for row in rows:
            try:
                difference = await _replayed(engine, sealer, row, tenant_id)
            except (Unreadable, ValidationError, ValueError, KeyError):  # erased, or damaged: it is counted
                unreadable += 1
                continue
            seen += 1
            if difference is not None:
                found.append(difference)
        if len(rows) < PAGE:
            break
        before = rows[-1].id
        await asyncio.sleep(0)
    return summed(engine.version(None) or "", seen, unreadable, found)


async def _replayed(
    engine: ActionEngine, sealer: Sealer, row: DecisionRow, tenant_id: str
) -> Difference | None:
    codec, stored = row.codec, row.request
    if codec == Codec.ENCRYPTED:
        opened = await sealer.open(place_of(tenant_id, str(row.id)), stored)
        codec, stored = opened[0], opened[1:]
    action, around = read(decode(codec, stored), tenant_id, row.run_id, row.step)
    after, before = Answered.of(engine.decide(action, around)), Answered.model_validate(row)
    if not before.differs(after):
        return None
    return Difference(
        decision_id=row.id,
        run_id=row.run_id,
        step=row.step,
        tool=row.tool,
        at=row.at,
        before=before,
        after=after,
    )
