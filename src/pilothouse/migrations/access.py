"""Statements that give a new table to the roles that use it; every migration that makes a table says some.

The engine sees every row. What the app sees, row-level security decides; see `kit/access.py`.
"""

from __future__ import annotations

from pilothouse.kit.access import APP, ENGAGEMENT, ENGINE, TENANT

OWN = f"tenant_id = (select current_setting('{TENANT}', true))"
"""A row of the tenant that the transaction has named; of nobody where it named none."""

UNBOUND = f"coalesce((select current_setting('{ENGAGEMENT}', true)), '') = ''"


def of_tenants(
    table: str, *, app: str = "select, insert, update, delete", narrow: str = ""
) -> tuple[str, ...]:
    """`table` has rows of tenants: the app has the rights `app` to those of the tenant at hand.

    With `narrow` a principal that is bound to one engagement sees only those for which that SQL says so, too.
    """
    seen = f"{OWN} and ({UNBOUND} or {narrow})" if narrow else OWN
    return (
        *_of_engine(table),
        f"grant {app} on {table} to {APP}",
        f"create policy app on {table} to {APP} using ({seen}) with check ({seen})",
    )


def of_installation(table: str, *, app: str = "select") -> tuple[str, ...]:
    """`table` belongs to no tenant: the app has the rights `app` to all of it, none where that is empty."""
    granted = (f"grant {app} on {table} to {APP}", f"create policy app on {table} to {APP} using (true)")
    return (*_of_engine(table), *(granted if app else ()))


def by_engagement(run: str) -> str:
    """For `narrow`: whether the run that the column `run` names is seen, whose table is narrowed itself."""
    return f"exists (select from runs where runs.id = {run})"


ENGAGED = f"engagement_id = nullif((select current_setting('{ENGAGEMENT}', true)), '')::uuid"
"""For `narrow`: the row's own engagement is the one to which the principal is bound."""


def withdrawn(table: str) -> tuple[str, ...]:
    """The opposite: as the table was before."""
    return (
        f"drop policy if exists app on {table}",
        f"drop policy if exists engine on {table}",
        f"alter table {table} disable row level security",
        f"revoke all on {table} from {APP}, {ENGINE}",
    )


def _of_engine(table: str) -> tuple[str, ...]:
    return (
        f"alter table {table} enable row level security",
        f"grant select, insert, update, delete on {table} to {ENGINE}",
        f"create policy engine on {table} to {ENGINE} using (true) with check (true)",
    )
