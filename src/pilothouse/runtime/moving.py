"""Moving a run to another version of its workflow, once a replay check has shown that its journal fits."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

import orjson

from pilothouse.errors import Conflict, NotFound
from pilothouse.runtime.entries import Entry, Kind
from pilothouse.runtime.events import held
from pilothouse.runtime.replaying import Misfit, misfit
from pilothouse.runtime.store import Claim, Store
from pilothouse.runtime.turn import Services
from pilothouse.runtime.workflows import Workflow

MOVABLE = frozenset({"queued", "waiting"})
STATE = """
select workflow, version, pin, status, epoch, seq, principal, personal, untrusted
  from runs where id = %s and tenant_id = %s
"""
REPIN = """
update runs set version = %s, pin = %s, personal = personal or %s,
       untrusted = untrusted or %s where id = %s
"""


class _State(NamedTuple):
    workflow: str
    version: int
    pin: str
    status: str
    epoch: int
    seq: int
    principal: str
    personal: bool
    untrusted: bool


async def move(
    store: Store,
    services: Services,
    run_id: UUID,
    tenant_id: str,
    target: Workflow,
    *,
    by: str,
    dry_run: bool,
    limit: float,
) -> Misfit | None:
    """Move an open run to `target`; returns what does not fit, None where it was moved (or would be).

    Raises `NotFound` for an unknown run and `Conflict` for one that is of another workflow or this version
    already, executes, has ended, or went on while it was checked.
    """
    state = await _state(store, run_id, tenant_id)
    workflow, version, pin, status, epoch, seq, principal, personal, untrusted = state
    if workflow != target.name or pin == target.pin:
        raise Conflict(f"Run {run_id} is of {pin}: it cannot be moved to {target.pin}.")
    if status not in MOVABLE:
        hint = "Try again when it waits." if status == "running" else None
        raise Conflict(f"Run {run_id} is {status}: only queued and waiting runs are moved.", hint=hint)
    journal = (await store.read_outside([run_id]))[run_id]
    claim = Claim(
        *(run_id, tenant_id, target.pin, epoch, 0, principal, False),
        personal=personal or target.personal,
        untrusted=untrusted or target.untrusted_input,
    )
    found = await misfit(target, journal, claim, services, limit=limit)
    if found is not None or dry_run:
        return found
    async with held(store, run_id, tenant_id) as run:
        row = await (await run.connection.execute(STATE, (run_id, tenant_id))).fetchone()
        if row is None or tuple(row[3:6]) != (status, epoch, seq):
            raise Conflict(f"Run {run_id} went on while it was checked.", hint="Try again.")
        payload = orjson.dumps({"from": version, "to": target.version, "by": by})
        pinned = (target.version, target.pin, target.personal, target.untrusted_input, run_id)
        await run.connection.execute(REPIN, pinned)
        await run.move(Entry(Kind.MOVED, "", payload), status)
    return None


async def workflow_of(store: Store, run_id: UUID, tenant_id: str) -> str:
    """The name of a run's workflow; raises `NotFound`."""
    return (await _state(store, run_id, tenant_id))[0]


async def _state(store: Store, run_id: UUID, tenant_id: str) -> _State:
    async with store.events.held() as connection:
        row = await (await connection.execute(STATE, (run_id, tenant_id))).fetchone()
    if row is None:
        raise NotFound(f"There is no run {run_id}.")
    return _State(*row)
