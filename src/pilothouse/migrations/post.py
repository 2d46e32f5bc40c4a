"""Post steps: what a migration must leave until no process of an older release is there any more.

They drop what only older code uses. Nothing needs them to be made: they free space and make writes cheaper.
They are made by `pilothouse db migrate --post` and never by themselves, because processes that only serve the
API are on no list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from typing import NamedTuple

import psycopg

from pilothouse.errors import Conflict
from pilothouse.migrations.locks import Blockers, Patience, bounded, patiently
from pilothouse.migrations.upgrade import OLDEST, alone, head, oldest, revision
from pilothouse.runtime.connection import CONNECT_TIMEOUT, explain

Connection = psycopg.Connection[tuple[object, ...]]

LIVE_FOR = 60
"""Seconds since its last heartbeat for which a worker counts as being there."""

_WORKERS = """
select host, pid, version from workers where heartbeat_at > now() - make_interval(secs => %s) order by 1, 2
"""
_DONE = "select unnest(post_steps) from schema_state"
_RECORD = """
insert into schema_state (oldest_revision, post_steps) values (%(oldest)s, array[%(name)s])
    on conflict (only_row) do update
   set oldest_revision = greatest(schema_state.oldest_revision, excluded.oldest_revision),
       post_steps = schema_state.post_steps || excluded.post_steps
"""


class PostStep(NamedTuple):
    """A change that older code would not survive: `oldest` is the oldest revision whose code does.

    Each statement is a transaction of its own, and has to bear being executed again.
    """

    name: str
    summary: str
    statements: Sequence[str]
    oldest: str


STEPS: tuple[PostStep, ...] = (
    PostStep(
        "drop_runs_due",
        "drops the index runs_due, by which release 0.1.0 claims",
        ("drop index concurrently if exists runs_due",),
        oldest="0003",
    ),
)


class OlderProcesses(Conflict):
    """Workers of an older release are still there."""

    code = "older_processes"


def pending(connection: Connection, steps: Sequence[PostStep] = STEPS) -> list[PostStep]:
    """The steps that were not made yet, in their order. The schema has to be at its newest."""
    if revision(connection) is None or oldest(connection) is None:
        return list(steps)
    done = {name for (name,) in connection.execute(_DONE).fetchall()}
    return [step for step in steps if step.name not in done]


def older_workers(connection: Connection) -> list[str]:
    """The live workers of an older release than this one, each with its host, process and version."""
    found = connection.execute(_WORKERS, (LIVE_FOR,)).fetchall()
    mine = _parts(version("pilothouse"))
    return [
        f"process {pid} on {host} ({f'version {said}' if said else 'release 0.1.0'})"
        for host, pid, said in found
        if not said or _parts(str(said)) < mine
    ]


def make(
    conninfo: str,
    *,
    steps: Sequence[PostStep] = STEPS,
    force: bool = False,
    patience: Patience | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> list[PostStep]:
    """Make the pending steps and return them; each is `told` before it is made.

    Raises `OlderProcesses` where a worker of an older release is alive, unless `force` says that it does not
    matter; `MigrationBlocked` and `DatabaseUnavailable`.
    """
    try:
        with psycopg.connect(conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT) as connection:
            with alone(connection):
                wanted = pending(connection, steps)
                if wanted and not force:
                    _assert_nobody_is_older(connection)
                for step in wanted:
                    told(step.summary)
                    attempt = partial(_make, conninfo, step, patience or Patience())
                    patiently(f"Post step {step.name}", attempt, patience or Patience())
                    connection.execute(_RECORD, {"oldest": max(step.oldest, OLDEST), "name": step.name})
            return wanted
    except psycopg.OperationalError as error:
        raise explain(error) from error


def _make(conninfo: str, step: PostStep, patience: Patience, blockers: Blockers) -> None:
    with (
        bounded(conninfo, patience.lock_timeout, autocommit=True) as connection,
        blockers.watching(conninfo, connection.info.backend_pid),
    ):
        for statement in step.statements:
            connection.execute(statement.encode())


def _assert_nobody_is_older(connection: Connection) -> None:
    if revision(connection) != head():
        raise Conflict("The schema is not at its newest.", hint="Run `pilothouse db migrate` first.")
    if found := older_workers(connection):
        raise OlderProcesses(
            f"Workers of an older release are still there: {', '.join(found)}.",
            hint="Stop them, and API processes of that release, then try again.",
        )


def _parts(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.partition("+")[0].split(".") if part.isdigit())
