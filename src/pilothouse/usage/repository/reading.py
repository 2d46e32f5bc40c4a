"""Reports and pages of the usage of one tenant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, text, true

from pilothouse.kit.repository import Repository, Rows
from pilothouse.usage.schemas import By, CallQuery, Filters
from pilothouse.usage.tables import UsageRow

_SAME = ("model", "provider", "agent", "workflow", "prompt", "prompt_version", "experiment", "arm")
_FILTERS = (*_SAME, "principal", "source", "outcome", "run_id")


class UsageRepository(Repository):
    """The calls of a tenant."""

    async def classes(
        self, filters: Filters, by: Sequence[By], since: dt.datetime, until: dt.datetime
    ) -> Sequence[Any]:
        """Sums of the calls by their key and the class of their latency: the key's parts come first.

        Latencies are told apart here, so that percentiles of any groups can be had in one pass.
        """
        await self._session.execute(text("set local jit = off"))  # it takes longer than what it saves
        keys = [_part(part).label(f"key{number}") for number, part in enumerate(by)]
        row = UsageRow
        statement = select(
            *keys,
            row.latency_class,
            func.count().label("calls"),
            func.count().filter(row.outcome != "ok").label("errors"),
            func.count().filter(row.cached).label("cached"),
            func.count().filter(row.valid.is_(True)).label("valid"),
            func.count().filter(row.valid.is_(False)).label("invalid"),
            func.sum(row.repairs).label("repairs"),
            func.sum(row.input_tokens).label("input_tokens"),
            func.sum(row.output_tokens).label("output_tokens"),
            func.sum(row.cache_read).label("cache_read"),
            func.sum(row.cache_write).label("cache_write"),
            func.sum(row.cost).label("cost"),
        ).where(self._matching(filters, since, until))
        grouped = statement.group_by(*keys, row.latency_class)
        return (await self._session.execute(grouped)).all()

    async def page(self, query: CallQuery, since: dt.datetime, until: dt.datetime) -> Rows[UsageRow]:
        """The wanted calls, the newest first."""
        found: Select[UsageRow] = select(UsageRow).where(self._matching(query, since, until))
        return await self._page(found, UsageRow, query)

    async def produced(self, run_id: UUID, step: str) -> Sequence[Row[str, str, str, str]]:
        """Prompt, version, experiment and arm of what has answered in a step of a run, the latest first.

        A step has what its inner ones have; an empty one is the whole run.
        """
        row = UsageRow
        keys = (row.prompt, row.prompt_version, row.experiment, row.arm)
        within = or_(row.step == step, row.step.startswith(f"{step}/", autoescape=True))
        statement = (
            select(*keys)
            .where(
                row.tenant_id == self._tenant_id,
                row.run_id == run_id,
                row.prompt != "",
                row.outcome == "ok",
                row.valid.is_not(False),
                within if step else true(),
            )
            .group_by(*keys)
            .order_by(func.max(row.at).desc())
            .limit(2)
        )
        return (await self._session.execute(statement)).all()

    def _matching(self, filters: Filters, since: dt.datetime, until: dt.datetime) -> ColumnElement[bool]:
        wanted = {name: getattr(filters, name) for name in _FILTERS}
        return and_(
            UsageRow.tenant_id == self._tenant_id,
            UsageRow.at >= since,
            UsageRow.at < until,
            *(getattr(UsageRow, name) == value for name, value in wanted.items() if value is not None),
        )


def _part(part: By) -> ColumnElement[Any]:
    if part in {By.HOUR, By.DAY}:
        return func.date_trunc(text(f"'{part.value}'"), UsageRow.at, text("'UTC'"))
    column: ColumnElement[Any] = getattr(UsageRow, part.value).expression
    return column
