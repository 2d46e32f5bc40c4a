"""Queries on the retention rules of one tenant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert

from pilothouse.kit.ids import lowest_at
from pilothouse.kit.repository import Repository
from pilothouse.retention.repository.removal import REMOVABLE
from pilothouse.retention.schemas import Estimate, Keep
from pilothouse.retention.tables import RuleRow

_ESTIMATE = f"""
select count(*), coalesce(sum(runs.seq), 0)::bigint, min(runs.finished_at) from runs where {REMOVABLE}
"""  # noqa: S608 - a constant


class RuleRepository(Repository):
    """The rules of one tenant."""

    async def all(self) -> Sequence[RuleRow]:
        """The rules, by workflow; the one for all others first."""
        statement = select(RuleRow).where(RuleRow.tenant_id == self._tenant_id).order_by(RuleRow.workflow)
        found = await self._session.scalars(statement.execution_options(populate_existing=True))
        return found.all()

    async def put(self, workflow: str, days: int, keep: Keep, by: str, now: dt.datetime) -> None:
        """Make or change a rule; it is applied from the beginning, now."""
        changed = {
            "days": days,
            "keep": keep.value,
            "changed_by": by,
            "changed_at": now,
            "next_at": now,
            "after_id": None,
        }
        made = insert(RuleRow).values(tenant_id=self._tenant_id, workflow=workflow, **changed)
        made = made.values(runs=0, entries=0, artifacts=0)
        await self._session.execute(
            made.on_conflict_do_update(index_elements=["tenant_id", "workflow"], set_=changed)
        )

    async def remove(self, workflow: str) -> bool:
        """Remove a rule; whether there was one."""
        statement = delete(RuleRow).where(RuleRow.tenant_id == self._tenant_id, RuleRow.workflow == workflow)
        found = await self._session.scalars(statement.returning(RuleRow.workflow))
        return found.first() is not None

    async def begin(self, now: dt.datetime) -> int:
        """Have every rule applied now, from the beginning; returns how many there are."""
        statement = update(RuleRow).where(RuleRow.tenant_id == self._tenant_id)
        found = await self._session.scalars(
            statement.values(next_at=now, after_id=None).returning(RuleRow.workflow)
        )
        return len(found.all())

    async def estimates(self, now: dt.datetime) -> list[Estimate]:
        """What applying each rule now would remove."""
        rules = await self.all()
        own = [rule.workflow for rule in rules]
        found: list[Estimate] = []
        for rule in rules:
            if rule.keep == Keep.EVERYTHING:
                found.append(
                    Estimate(workflow=rule.workflow, keep=Keep.EVERYTHING, runs=0, entries=0, oldest_at=None)
                )
                continue
            cutoff = now - dt.timedelta(days=rule.days)
            wanted = {
                "tenant_id": rule.tenant_id,
                "workflow": rule.workflow,
                "own": own,
                "cutoff": cutoff,
                "before_id": lowest_at(cutoff),
                "after_id": None,
                "pruning": rule.keep == Keep.RUN,
            }
            runs, entries, oldest = (await self._session.execute(text(_ESTIMATE), wanted)).one()
            found.append(
                Estimate(
                    workflow=rule.workflow, keep=Keep(rule.keep), runs=runs, entries=entries, oldest_at=oldest
                )
            )
        return found
