"""A schedule's input as it is stored: sealed where the runs of its workflow are personal, or it is."""

from __future__ import annotations

from uuid import UUID

from pilothouse.kit.sealing import Place, SealedColumn
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.entries import Codec, decode
from pilothouse.runtime.guarding import Inlet, Passage
from pilothouse.runtime.workflows import Workflow
from pilothouse.schedules.repository import Due
from pilothouse.schedules.tables import ScheduleRow

SEALED = SealedColumn("schedules", "payload", where=f"schedules.codec = {Codec.ENCRYPTED}")
"""Where sealed inputs stand."""


async def stored(
    engine: Engine, tenant_id: str, schedule_id: UUID, workflow: Workflow, payload: bytes
) -> tuple[int, bytes]:
    """The codec and bytes to store for an input, as it was given: each fire passes the guard anew.

    It is sealed where the guard finds personal data or a secret, too. Raises `Blocked`.
    """
    passage = Passage(Inlet.INPUT, tenant_id, schedule_id, engine.now())
    found = await engine.guard.check(passage, payload)
    personal = engine.is_personal(workflow) or found.personal
    place = _place(tenant_id, schedule_id) if personal else None
    return await engine.store.payloads.inlined(payload, place)


async def read(engine: Engine, row: ScheduleRow | Due) -> bytes:
    """The input of a schedule as JSON; raises `PayloadUnreadable`, and what the sealer raises."""
    place = _place(row.tenant_id, row.id)
    return decode(*await engine.store.payloads.opened(row.codec, row.payload, place))


def _place(tenant_id: str, schedule_id: UUID) -> Place:
    return Place(tenant_id, SEALED.table, str(schedule_id), SEALED.column)
