"""Ends sessions whose worker fell silent within a transaction, so that nobody waits for what they locked.

A worker that is frozen or cut off between two statements leaves its locks behind in the server, which waits
for it: a run whose row is locked could not be taken over, and the lock of claims would stop every worker.
"""

from __future__ import annotations

from typing import Any

import psycopg

LANES = ("appends", "claims", "events", "schedules", "submits", "tending")
"""What the transactions are for that hold locks: each lasts as long as a few statements."""

_END = """
select application_name, pg_terminate_backend(pid) from pg_stat_activity
 where datname = current_database() and usename = current_user and application_name = any(%s)
   and wait_event = 'ClientRead'
   and greatest(xact_start, state_change) < clock_timestamp() - %s * interval '1 second'
   and xact_start is not null
"""


def end_stuck(connection: psycopg.Connection[Any], silence: float) -> list[str]:
    """End what has waited for its client within a transaction for `silence` seconds; says what it was for."""
    names = [f"pilothouse-{lane}" for lane in LANES]
    return [name for name, ended in connection.execute(_END, (names, silence)).fetchall() if ended]
