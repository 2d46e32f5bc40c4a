"""Queries on breakers. They are the installation's: operators see and set all of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from pydantic import JsonValue
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.audit.service import AuditLog, Kind
from pilothouse.kit.scope import Scope
from pilothouse.resilience.tables import OverrideRow, ReportRow

STALE = dt.timedelta(seconds=30)
"""For how long a process that tells nothing more is shown."""
GONE = dt.timedelta(minutes=10)
"""After which its rows are removed."""

_NONE = "none"


class BreakerRepository:
    """What was set by hand, and what processes have reported. The database's time holds."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within `session`."""
        self._session = session

    async def overrides(self) -> Sequence[OverrideRow]:
        """What was set by hand or reset, by name; `in_force` says what of it holds."""
        return (await self._session.scalars(select(OverrideRow).order_by(OverrideRow.name))).all()

    async def now(self) -> dt.datetime:
        """The database's time."""
        moment: dt.datetime = (await self._session.scalars(select(func.clock_timestamp()))).one()
        return moment

    async def reports(self, name: str | None = None) -> Sequence[ReportRow]:
        """What processes have told lately, by name and process; of one breaker where it is named."""
        statement = select(ReportRow).where(ReportRow.reported_at > func.now() - STALE)
        if name is not None:
            statement = statement.where(ReportRow.name == name)
        return (await self._session.scalars(statement.order_by(ReportRow.name, ReportRow.process))).all()

    async def put(
        self, name: str, mode: str, reason: str, by: str, at: dt.datetime, until: dt.datetime | None
    ) -> None:
        """Set a breaker by hand, in the place of what was set before."""
        said = {"mode": mode, "reason": reason, "made_by": by, "made_at": at, "until": until}
        statement = insert(OverrideRow).values(name=name, **said)
        await self._session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=said))

    async def reset(self, name: str, by: str, at: dt.datetime) -> None:
        """Have every process forget what its breaker of this name has counted."""
        said = {"mode": _NONE, "reason": "", "made_by": by, "made_at": at}
        statement = insert(OverrideRow).values(name=name, reset_at=at, **said)
        changed = {"reset_at": at}
        await self._session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=changed))

    async def record(self, audit: AuditLog, scope: Scope, name: str, did: str, **details: JsonValue) -> None:
        """Record in the audit log what was done."""
        await audit.did(self._session, scope, Kind.SWITCH, f"breaker/{name}", did, **details)

    async def report(self, process: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Take what a process tells of its breakers; those of which it tells nothing are gone."""
        names = [row["name"] for row in rows]
        dropped = (ReportRow.process == process) & ReportRow.name.not_in(names)
        stale = ReportRow.reported_at < func.now() - GONE
        await self._session.execute(delete(ReportRow).where(dropped | stale))
        if rows:
            said = [{**row, "process": process, "reported_at": func.now()} for row in rows]
            statement = insert(ReportRow).values(said)
            changed = {
                column.name: statement.excluded[column.name]
                for column in ReportRow.__table__.columns
                if not column.primary_key
            }
            await self._session.execute(
                statement.on_conflict_do_update(index_elements=["process", "name"], set_=changed)
            )

    async def leave(self, process: str) -> None:
        """Forget a process that ends."""
        await self._session.execute(delete(ReportRow).where(ReportRow.process == process))


def in_force(row: OverrideRow, now: dt.datetime) -> bool:
    """Whether what was set by hand holds."""
    return row.mode != _NONE and (row.until is None or row.until > now)
