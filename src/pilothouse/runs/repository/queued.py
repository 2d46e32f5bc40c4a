"""How many runs of a tenant are queued."""

from __future__ import annotations

from pilothouse.kit.reading import Read
from pilothouse.kit.scope import Scope

_QUEUED = """
select count(*) as queued
  from (select id from runs where tenant_id = $1 and status = 'queued' order by id limit $2) as found
"""
"""In the order of the index `runs_by_state`, so that no plan reads all runs instead."""


def queued(scope: Scope, most: int) -> Read[int]:
    """How many of the tenant's runs are queued, counted up to `most`."""
    return Read(_QUEUED, (scope.tenant_id, most), lambda rows: int(rows[0].queued))
