"""How long entries are kept: a rule and legal holds of a tenant, and the chore that lets entries leave."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import structlog

from pilothouse.audit.recording import AuditLog
from pilothouse.audit.repository import KeepingRepository, Leaving
from pilothouse.audit.schemas import Hold, Keeping, KeepingEdit, Kind, NewHold
from pilothouse.audit.tables import HoldRow
from pilothouse.errors import NotFound
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database

log = structlog.get_logger(__name__)

EVERY = dt.timedelta(minutes=10)
"""Between two looks at whether entries may leave."""

AT_ONCE = 5_000
"""Entries that leave in one transaction."""


class AuditKeeping:
    """The rule and the holds of a scope's tenant. Without a rule every entry is kept for ever."""

    def __init__(self, database: Database, scope: Scope, clock: Clock, ids: Ids) -> None:
        """Each method is a transaction of its own, and what it changes is recorded in it."""
        self._database = database
        self._scope = scope
        self._clock = clock
        self._ids = ids
        self._log = AuditLog(clock, ids)

    async def show(self) -> Keeping:
        """The rule, the holds, and how far entries have left."""
        async with self._database.session(self._scope) as session:
            return await self._shown(KeepingRepository(session, self._scope))

    async def put(self, edit: KeepingEdit) -> Keeping:
        """Make or change the rule."""
        async with self._database.session(self._scope) as session:
            repository = KeepingRepository(session, self._scope)
            await repository.put(edit.days, self._scope.principal, self._clock.now())
            await self._log.record(
                session,
                self._scope.tenant_id,
                Kind.RETENTION,
                self._scope.principal,
                "rule",
                details={"days": edit.days},
            )
            return await self._shown(repository)

    async def hold(self, wanted: NewHold) -> Hold:
        """Let no entry leave until the hold is released; one under way has left before this returns."""
        now = self._clock.now()
        async with self._database.session(self._scope) as session:
            repository = KeepingRepository(session, self._scope)
            await repository.alone()
            row = HoldRow(
                id=self._ids.new(),
                reason=wanted.reason,
                made_by=self._scope.principal,
                made_at=now,
                released_by=None,
                released_at=None,
            )
            await repository.save(row)
            principal, tenant_id = self._scope.principal, self._scope.tenant_id
            await self._log.record(session, tenant_id, Kind.RETENTION, principal, f"hold/{row.id}")
            return Hold.model_validate(row)

    async def release(self, hold_id: UUID) -> Hold:
        """Release a hold. Again changes nothing. Raises `NotFound`."""
        async with self._database.session(self._scope) as session:
            repository = KeepingRepository(session, self._scope)
            row = await repository.hold(hold_id)
            if row is None:
                raise NotFound(f"There is no hold {hold_id}.", hint="`pilothouse audit holds` lists them.")
            if row.released_at is None:
                row.released_at, row.released_by = self._clock.now(), self._scope.principal
                await repository.save(row)
                await self._log.record(
                    session,
                    self._scope.tenant_id,
                    Kind.RETENTION,
                    self._scope.principal,
                    f"hold/{row.id}",
                    details={"released": True},
                )
            return Hold.model_validate(row)

    async def _shown(self, repository: KeepingRepository) -> Keeping:
        rule = await repository.rule()
        return Keeping(
            days=None if rule is None else rule.days,
            first=await repository.first(),
            exported=await repository.exported(),
            holds=[Hold.model_validate(row) for row in await repository.holds()],
        )


class LeavingChore:
    """Lets entries leave the table that are older than their tenant keeps them, exported and under no hold.

    Their hashes stay, so that every proof and every head still holds.
    """

    name = "audit_retention"

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        """Work through `database`, with the rights to all tenants."""
        self._database = database
        self._log = AuditLog(clock, ids)
        self._due: dt.datetime | None = None

    async def tend(self, now: dt.datetime) -> dt.datetime | None:
        """Do what is due."""
        if self._due is not None and now < self._due:
            return self._due
        self._due = now + EVERY
        await self.leave(now)
        return self._due

    async def leave(self, now: dt.datetime) -> int:
        """Let all leave that may; returns how many have."""
        async with self._database.maintenance() as session:
            tenants = await Leaving(session).due()
        gone = 0
        for due in tenants:
            before = now - dt.timedelta(days=due.days)
            while True:
                async with self._database.maintenance() as session:
                    first, until = await Leaving(session).remove(due.tenant_id, due, before, AT_ONCE)
                    if until > first:
                        details = {"first": first, "last": until - 1, "days": due.days}
                        await self._log.record(
                            session,
                            due.tenant_id,
                            Kind.RETENTION,
                            "pilothouse",
                            "entries",
                            details={**details},
                        )
                gone += until - first
                if until - first < AT_ONCE:
                    break
        if gone:
            log.info("audit_entries_left", entries=gone)
        return gone
