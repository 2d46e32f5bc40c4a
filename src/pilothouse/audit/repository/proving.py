"""What proofs are made of, read without an ORM: they are asked for one by one, and have to be quick."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from pilothouse.audit.tree import Tile
from pilothouse.kit.reading import Read
from pilothouse.kit.scope import Scope

_PLACE = """
select position, leaf from audit_entries where tenant_id = $1 and id = $2
 union all select null, leaf from audit_inbox where tenant_id = $1 and id = $2
 order by position limit 1
"""
_HEAD = """
select tree.size as whole, head.id, head.size, head.root, head.at, head.key_id, head.public_key,
       head.signature, tree.tenant_id
  from audit_trees as tree
  left join lateral (
    select * from audit_heads as signed
     where signed.tenant_id = tree.tenant_id and signed.size = coalesce($2::bigint, tree.signed_size)
     order by signed.id desc limit 1) as head on true
 where tree.tenant_id = $1
"""
_TILES = """
select tile.level, tile.index, tile.hashes
  from unnest(string_to_array($2::text, ' ')::int[], string_to_array($3::text, ' ')::bigint[])
    as wanted(level, index)
 cross join lateral (
    select level, index, hashes from audit_tiles
     where tenant_id = $1 and level = wanted.level and index = wanted.index offset 0) as tile
"""
"""Each tile is looked up by itself (`offset 0`), also where the table has no statistics yet."""


class Place(NamedTuple):
    """Where an entry stands (None: nowhere yet), and its bytes."""

    position: int | None
    leaf: bytes


def place(scope: Scope, entry_id: UUID) -> Read[Place | None]:
    """An entry, or None where there is none, it is another tenant's, or it has left the table."""
    return Read(
        _PLACE,
        (scope.tenant_id, entry_id),
        lambda rows: Place(rows[0].position, rows[0].leaf) if rows else None,
    )


def head(scope: Scope, size: int | None) -> Read[Any]:
    """The size of the whole tree, and its newest head or that of a size, whose `id` is None without one.

    None where nothing was recorded yet.
    """
    return Read(_HEAD, (scope.tenant_id, size), lambda rows: rows[0] if rows else None)


def tiles(scope: Scope, wanted: Iterable[Tile]) -> Read[Mapping[Tile, bytes]]:
    """The hashes of these tiles."""
    keys = list(wanted)
    levels, indexes = (" ".join(str(key[part]) for key in keys) for part in (0, 1))
    return Read(
        _TILES,
        (scope.tenant_id, levels, indexes),
        lambda rows: {(row.level, row.index): row.hashes for row in rows},
    )
