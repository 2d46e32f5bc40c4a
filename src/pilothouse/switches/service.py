"""The rules of switches for those who throw them; what runs go by is the `Switchboard`."""

from __future__ import annotations

import structlog
from pydantic import JsonValue

from pilothouse.audit.service import AuditLog
from pilothouse.errors import Forbidden, NotFound
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.problems import Fault, InvalidFields
from pilothouse.kit.scope import HOME_TENANT, Scope
from pilothouse.switches.board import Switchboard
from pilothouse.switches.repository import SwitchRepository
from pilothouse.switches.schemas import (
    EVERY_TENANT,
    Degradation,
    Degradations,
    Flag,
    FlagKey,
    Flags,
    Kill,
    Killable,
    KillName,
    Kills,
    NewFlag,
    NewKill,
)
from pilothouse.switches.tables import FlagRow, KillRow

__all__ = ["SwitchBook", "Switchboard"]

log = structlog.get_logger(__name__)


class BeyondYourTenant(Forbidden):
    """Only the home tenant throws switches of others."""

    code = "beyond_your_tenant"


class SwitchBook:
    """The switches of a tenant. What is changed holds in every process within a second."""

    def __init__(self, repository: SwitchRepository, scope: Scope, clock: Clock, ids: Ids) -> None:
        """Read and write through `repository` on behalf of `scope`."""
        self._repository = repository
        self._scope = scope
        self._clock = clock
        self._ids = ids
        self._audit = AuditLog(clock, ids)

    async def kills(self, *, ended: bool = False) -> Kills:
        """What is killed now, the latest first; with `ended` also the last that were let go."""
        return Kills(
            items=[_killed(row) for row in await self._repository.kills(self._clock.now(), ended=ended)]
        )

    async def kill(self, wanted: NewKill) -> Kill:
        """Kill something. Where it is killed already, what is said now takes the place of that.

        Raises `BeyondYourTenant`, and `InvalidFields` for a time that has passed.
        """
        now, tenant_id = self._clock.now(), self._killed_for(wanted)
        if wanted.until is not None and wanted.until <= now:
            fault = Fault(where="body", name="/until", detail="has passed")
            raise InvalidFields("It would let go before it holds.", [fault])
        await self._repository.end(tenant_id, wanted.kind, wanted.name, now, self._scope.principal)
        row = KillRow(
            id=self._ids.new(),
            tenant_id=tenant_id,
            kind=wanted.kind.value,
            name=wanted.name,
            why=wanted.why,
            made_by=self._scope.principal,
            made_at=now,
            until=wanted.until,
            ended_at=None,
            ended_by=None,
        )
        await self._repository.add(row)
        until = None if wanted.until is None else wanted.until.isoformat()
        await self._record(row.kind, row.name, "killed", tenant=tenant_id or EVERY_TENANT, until=until)
        log.warning(
            "killed", kind=row.kind, name=row.name, tenant=tenant_id or "*", why=row.why, by=row.made_by
        )
        return _killed(row)

    async def unkill(self, name: KillName) -> Kill:
        """Let something go. Raises `BeyondYourTenant`, and `NotFound` where it is not killed."""
        tenant_id, by = self._killed_for(name), self._scope.principal
        row = await self._repository.end(tenant_id, name.kind, name.name, self._clock.now(), by)
        if row is None:
            what = f"{name.kind} {name.name}".strip()
            raise NotFound(f"{what} is not killed.", hint="`pilothouse switches` shows what is.")
        await self._record(row.kind, row.name, "unkilled", tenant=tenant_id or EVERY_TENANT)
        log.warning("unkilled", kind=row.kind, name=row.name, tenant=tenant_id or "*", by=by)
        return _killed(row)

    async def flags(self) -> Flags:
        """The flags, by name."""
        return Flags(items=[_flagged(row) for row in await self._repository.flags()])

    async def put(self, wanted: NewFlag) -> Flag:
        """Set a flag. Raises `BeyondYourTenant`."""
        now, tenant_id, by = self._clock.now(), self._placed(wanted.tenant), self._scope.principal
        values = wanted.model_dump(include={"enabled", "percentage", "why"})
        await self._repository.put(wanted.name, tenant_id, **values, changed_by=by, changed_at=now)
        share = wanted.percentage
        told = {"enabled": wanted.enabled, "percentage": None if share is None else str(share)}
        await self._record("flag", wanted.name, "set", tenant=tenant_id or EVERY_TENANT, **told)
        log.info("flag_set", name=wanted.name, tenant=tenant_id or "*", enabled=wanted.enabled, by=by)
        told = wanted.model_dump() | {"tenant": tenant_id or EVERY_TENANT}
        return Flag(**told, changed_by=by, changed_at=now)

    async def remove(self, key: FlagKey) -> Flag:
        """Remove a flag, which is off then; what it was. Raises `BeyondYourTenant` and `NotFound`."""
        tenant_id = self._placed(key.tenant)
        row = await self._repository.remove(key.name, tenant_id)
        if row is None:
            raise NotFound(
                f"There is no flag {key.name}.", hint="`pilothouse flags list` shows what there is."
            )
        await self._record("flag", key.name, "removed", tenant=tenant_id or EVERY_TENANT)
        log.info("flag_removed", name=key.name, tenant=tenant_id or "*", by=self._scope.principal)
        return _flagged(row)

    async def degradations(self) -> Degradations:
        """The agents that begin on a lower rung, by name."""
        return Degradations(
            items=[
                Degradation(
                    tenant=row.tenant_id,
                    agent=row.agent,
                    level=row.level,
                    reason=row.reason,
                    probe_at=row.probe_at,
                    changed_at=row.changed_at,
                )
                for row in await self._repository.degradations()
            ]
        )

    async def restore(self, agent: str, tenant: str | None) -> None:
        """Put an agent back on its first rung. Raises `BeyondYourTenant` and `NotFound`."""
        tenant_id, now = self._placed(tenant), self._clock.now()
        if not await self._repository.restore(agent, tenant_id, now, f"Restored by {self._scope.principal}."):
            raise NotFound(f"The agent {agent} stands on its first rung.", hint="There is nothing to do.")
        await self._record("agent", agent, "restored", tenant=tenant_id)
        log.info("agent_restored", agent=agent, tenant=tenant_id, by=self._scope.principal)

    async def _record(self, kind: str, name: str, did: str, **details: JsonValue) -> None:
        await self._repository.record(self._audit, self._scope, f"{kind}/{name}", did, **details)

    def _killed_for(self, name: KillName) -> str:
        return self._placed(EVERY_TENANT if name.kind is Killable.EVERYTHING else name.tenant)

    def _placed(self, tenant: str | None) -> str:
        """The tenant that is meant, empty for all of them."""
        if tenant not in {None, self._scope.tenant_id} and self._scope.tenant_id != HOME_TENANT:
            raise BeyondYourTenant(hint="Leave the tenant out: yours is meant then.")
        return "" if tenant == EVERY_TENANT else tenant or self._scope.tenant_id


def _killed(row: KillRow) -> Kill:
    return Kill(
        id=row.id,
        kind=Killable(row.kind),
        name=row.name,
        tenant=row.tenant_id or EVERY_TENANT,
        why=row.why,
        made_by=row.made_by,
        made_at=row.made_at,
        until=row.until,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )


def _flagged(row: FlagRow) -> Flag:
    return Flag(
        name=row.name,
        tenant=row.tenant_id or EVERY_TENANT,
        enabled=row.enabled,
        percentage=row.percentage,
        why=row.why,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
    )
