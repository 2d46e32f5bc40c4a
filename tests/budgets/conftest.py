"""What tests of budgets share: actions without runs, and what is written beside their appends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest

from pilothouse.budgets.judging import Budgets
from pilothouse.kit.clock import SystemClock
from pilothouse.runtime import beside
from pilothouse.runtime.ports import Statement
from support.spending import Write


@pytest.fixture
async def budgets(conninfo: str) -> AsyncIterator[Budgets]:
    """The budgets of all tenants; what was read is not believed for a moment."""
    made = Budgets(conninfo, SystemClock(), believed=-1)
    yield made
    await made.close()


@pytest.fixture
async def write(conninfo: str) -> AsyncIterator[Write]:
    """Writes the statements of some appends in one transaction; the errors of those that were declined."""
    connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True, prepare_threshold=0)

    async def written(*appends: Sequence[Statement]) -> dict[int, Any]:
        try:
            async with beside.transaction(connection):
                await connection.execute("begin")
                await beside.write(
                    connection, [(place, one) for place, those in enumerate(appends) for one in those]
                )
        except psycopg.Error as error:
            return beside.declined(error)
        return {}

    async with connection:
        yield written


@pytest.fixture
def held(conninfo: str) -> Callable[[UUID], tuple[Decimal, Decimal]]:
    """What is spent and reserved of a budget, in all its periods."""

    def look(budget_id: UUID) -> tuple[Decimal, Decimal]:
        with psycopg.connect(conninfo) as connection:
            found = connection.execute(
                "select coalesce(sum(spent), 0), coalesce(sum(reserved), 0) from budget_periods"
                " where budget_id = %s",
                (budget_id,),
            ).fetchone()
        return found[0], found[1]

    return look
