"""What a fork shares with the runs it comes from: their entries are read where they are, never copied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from pilothouse.runtime.entries import Entry, Kind

READ_SHARED = """
with recursive part(run_id, source, high) as (
  select id, forked_from, forked_seq from runs where id = any(%s::uuid[]) and forked_from is not null
  union all
  select part.run_id, runs.forked_from, least(part.high, runs.forked_seq)
    from part join runs on runs.id = part.source
   where runs.forked_from is not null)
select part.run_id, kind, key, payload, digest, codec, seq, at, part.source
  from part join journal on journal.run_id = part.source and seq <= part.high and seq > %s
 order by part.run_id, seq
"""
"""The entries that forks share, from a sequence number on.

A run's own entries begin behind those it shares, so that an upper bound for each of its ancestors is enough.
"""


def sharing(journals: Mapping[UUID, Sequence[Entry]], after: int) -> list[UUID]:
    """The runs among `journals`, read from behind `after` on, of which shared entries are missing.

    The first own entry of a fork says that it is one: a journal that begins with it is not all of it.
    """
    return [
        run_id
        for run_id, entries in journals.items()
        if entries and entries[0].kind is Kind.FORKED and entries[0].seq > after + 1
    ]
