"""Queries on one run and its journal, as reads that travel together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pilothouse.kit.reading import Read
from pilothouse.kit.scope import Scope
from pilothouse.runs.repository.workers import LiveWorkers
from pilothouse.runs.tables import JournalRow, RunRow
from pilothouse.runtime.entries import FINAL, Kind

EMITTED = 50
"""How many of the last cards and reports are looked through for the last report of progress."""

_COLUMNS = ", ".join(RunRow.__table__.columns.keys())
_ENTRY = "run_id, seq, tenant_id, kind, key, codec, payload, digest, at, request_id"
_RUN = f"""
select {_COLUMNS}, array(select id from workers {{live}}) as live_ids,
       array(select unnest(pins) from workers {{live}}) as live_pins
  from runs where id = $1 and tenant_id = $2
""".format(live="where runs.finished_at is null and heartbeat_at > now() - make_interval(secs => $3)")  # noqa: S608 - constants
_OWN = "from journal where run_id = $1 and tenant_id = $2"
_HIGH = "coalesce($3, (select seq from runs where id = $1))"
_DIGEST = f"""
(select 'first' as part, {_ENTRY} {_OWN} and seq <= {_HIGH} order by seq limit 1)
union all
(select 'final', {_ENTRY} {_OWN} and seq = {_HIGH})
union all
(select 'step', {_ENTRY} {_OWN} and seq <= {_HIGH} and key <> '' order by seq desc limit 1)
union all
(select 'emitted', {_ENTRY} {_OWN} and seq <= {_HIGH} and kind = $4
  order by seq desc limit {EMITTED})
"""
_LINEAGE = "select run_id, high from lineage($1)"


@dataclass(frozen=True)
class Digest:
    """The entries of a journal that tell where its run stands: of a fork, those that it shares among them.

    `forks` tell of the forks on the way, the nearest first.
    """

    first: JournalRow | None = None
    forks: Sequence[JournalRow] = ()
    final: JournalRow | None = None
    step: JournalRow | None = None
    emitted: Sequence[JournalRow] = ()

    def beyond(self, part: Digest) -> Digest:
        """This digest of a fork, with that of the run that it was forked from."""
        return Digest(
            first=part.first,
            forks=[*self.forks, *part.forks],
            final=self.final,
            step=self.step or part.step,
            emitted=[*self.emitted, *part.emitted][:EMITTED],
        )


def run(scope: Scope, run_id: UUID, lease: float) -> Read[tuple[RunRow, LiveWorkers] | None]:
    """A run, or None where there is none or it is another tenant's.

    Beside it the workers heard of in the last `lease` seconds, where they matter: it has not ended.
    """
    return Read(_RUN, (run_id, scope.tenant_id, lease), _run)


def digest(scope: Scope, run_id: UUID, high: int | None = None) -> Read[Digest]:
    """The digest of a run's own entries up to `high` (None: all)."""
    return Read(_DIGEST, (run_id, scope.tenant_id, high, Kind.EMITTED.value), _digest)


def lineage(run_id: UUID) -> Read[list[tuple[UUID, int]]]:
    """The runs whose entries a fork shares, each up to an entry; the nearest first."""
    return Read(_LINEAGE, (run_id,), lambda rows: [(row.run_id, row.high) for row in rows])


def _run(rows: Sequence[Any]) -> tuple[RunRow, LiveWorkers] | None:
    if not rows:
        return None
    return rows[0], LiveWorkers(frozenset(rows[0].live_ids), frozenset(rows[0].live_pins))


def _digest(rows: Sequence[Any]) -> Digest:
    found: dict[str, Any] = {row.part: row for row in rows}
    first, final = found.get("first"), found.get("final")
    return Digest(
        first=first,
        forks=[first] if first is not None and first.kind == Kind.FORKED else [],
        final=final if final is not None and final.kind in FINAL else None,
        step=found.get("step"),
        emitted=[row for row in rows if row.part == "emitted"],
    )
