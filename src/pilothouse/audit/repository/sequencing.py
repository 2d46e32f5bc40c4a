"""What the leader does, for all tenants at once: gives entries their places and keeps trees and heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.audit.notes import SignedHead
from pilothouse.audit.tree import Tile

LOCK = 0x6175646974
"""The advisory lock of whoever gives places: `audit` in hexadecimal."""

_TRY = "select pg_try_advisory_xact_lock(:lock)"
_WAIT = "select pg_advisory_xact_lock(:lock)"
_BOUND = "set local idle_in_transaction_session_timeout = '5s'"
_DUE = """
select exists (select from audit_inbox)
       or cast(:key_id as text) is not null
          and exists (select from audit_trees where size > signed_size or key_id <> cast(:key_id as text))
"""

_COLUMNS = "id, tenant_id, at, kind, actor, subject, run_id, step, append, leaf"
_PLACE = f"""
with taken as (
  delete from audit_inbox where id = any(array(PICK)) returning {_COLUMNS}),
placed as (
  select taken.*, coalesce(tree.size, 0) - 1
         + row_number() over (partition by taken.tenant_id order by taken.id) as position
    from taken left join audit_trees as tree on tree.tenant_id = taken.tenant_id),
moved as (insert into audit_entries (position, {_COLUMNS}) select position, {_COLUMNS} from placed)
select placed.tenant_id, coalesce(tree.size, 0), coalesce(tree.edge, ''),
       string_agg(sha256('\\x00'::bytea || placed.leaf), ''::bytea order by placed.position), count(*)
  from placed left join audit_trees as tree on tree.tenant_id = placed.tenant_id
 group by placed.tenant_id, tree.size, tree.edge order by placed.tenant_id
"""  # noqa: S608 - names of our own
_SOME = _PLACE.replace("PICK", "select id from audit_inbox where id >= :since order by id limit :most")
_THESE = _PLACE.replace("PICK", "select unnest(cast(:ids as uuid[]))")

_TILES = """
insert into audit_tiles as tile (tenant_id, level, index, hashes)
select * from unnest(cast(:tenants as text[]), cast(:levels as int[]), cast(:indexes as bigint[]),
                     cast(:hashes as bytea[]))
    on conflict (tenant_id, level, index) do update set hashes = tile.hashes || excluded.hashes
"""
_TREES = """
insert into audit_trees as tree (tenant_id, size, edge)
select * from unnest(cast(:tenants as text[]), cast(:sizes as bigint[]), cast(:edges as bytea[]))
    on conflict (tenant_id) do update set size = excluded.size, edge = excluded.edge
"""
_TREE = "select tenant_id, size, edge, key_id, public_key from audit_trees "
_UNSIGNED = _TREE + "where size > signed_size order by tenant_id limit :most"
_OF_OTHER_KEYS = _TREE + "where key_id <> :key_id order by tenant_id limit :most"
_NAMED = _TREE + "where tenant_id = any(:tenants) order by tenant_id"

_HEADS = """
insert into audit_heads (id, tenant_id, size, root, at, key_id, public_key, signature)
values (:id, :tenant_id, :size, :root, :at, :key_id, :public_key, :signature)
    on conflict (tenant_id, size, key_id) do nothing
"""
_SIGNED = """
update audit_trees set signed_size = :size, key_id = :key_id, public_key = :public_key
 where tenant_id = :tenant_id
"""
_BEHIND = "select coalesce(extract(epoch from clock_timestamp() - min(at)), 0)::float8 from audit_inbox"

_UNPUBLISHED = """
select distinct on (head.tenant_id) head.tenant_id, head.size, head.root, head.at, head.key_id,
       head.signature, head.public_key
  from audit_trees as tree
  join audit_heads as head on head.tenant_id = tree.tenant_id and head.size = tree.signed_size
   and head.key_id = tree.key_id
  left join audit_publications as said on said.tenant_id = head.tenant_id and said.place = :place
 where said.size is null or said.size < head.size
 order by head.tenant_id limit :most
"""
_PUBLISHED = """
insert into audit_publications (tenant_id, place, size, at) values (:tenant_id, :place, :size, :at)
    on conflict (tenant_id, place) do update set size = excluded.size, at = excluded.at
"""


@dataclass(frozen=True)
class Grown:
    """A tenant's tree before its newest entries, whose hashes stand in `hashes` one after another."""

    tenant_id: str
    size: int
    edge: bytes
    hashes: bytes


@dataclass(frozen=True)
class Tree:
    """How far a tenant's tree has come, and the key that has signed its newest head, if any has."""

    tenant_id: str
    size: int
    edge: bytes
    key_id: str | None
    public_key: bytes | None


class Sequencing:
    """The logs of all tenants, for whoever holds the lock; it works in the transaction that is open."""

    def __init__(self, session: AsyncSession) -> None:
        """Work through `session`, which needs the rights of maintenance."""
        self._session = session

    async def lead(self, *, patiently: bool = False) -> bool:
        """Become the leader until the transaction ends; whether this has worked.

        A leader that falls silent within its transaction loses it after 5 seconds.
        """
        await self._session.execute(text(_BOUND))
        if patiently:
            await self._session.execute(text(_WAIT), {"lock": LOCK})
            return True
        return bool(await self._session.scalar(text(_TRY), {"lock": LOCK}))

    async def due(self, key_id: str | None) -> bool:
        """Whether there is anything to do for whoever signs with this key (None: whoever cannot sign)."""
        return bool(await self._session.scalar(text(_DUE), {"key_id": key_id}))

    async def behind(self) -> float:
        """For how many seconds the oldest entry has waited for its place; 0 where none does."""
        return float(await self._session.scalar(text(_BEHIND)) or 0)

    async def place(self, since: UUID, most: int) -> tuple[int, list[Grown]]:
        """Give at most `most` entries from the id `since` on their places; how many, and what has grown."""
        return await self._placed(_SOME, {"since": since, "most": most})

    async def place_these(self, ids: Sequence[UUID]) -> list[Grown]:
        """Give these entries their places."""
        return (await self._placed(_THESE, {"ids": list(ids)}))[1]

    async def _placed(self, statement: str, said: Mapping[str, object]) -> tuple[int, list[Grown]]:
        rows = (await self._session.execute(text(statement), said)).all()
        grown = [Grown(row[0], row[1], bytes(row[2]), bytes(row[3])) for row in rows]
        return sum(int(row[4]) for row in rows), grown

    async def grow(
        self, tiles: Mapping[tuple[str, Tile], bytes], edges: Mapping[str, tuple[int, bytes]]
    ) -> None:
        """Write what tiles have grown by, and the new edges of trees."""
        await self._session.execute(
            text(_TILES),
            {
                "tenants": [tenant_id for tenant_id, _ in tiles],
                "levels": [level for _, (level, _) in tiles],
                "indexes": [index for _, (_, index) in tiles],
                "hashes": list(tiles.values()),
            },
        )
        sizes, peaks = [size for size, _ in edges.values()], [peak for _, peak in edges.values()]
        await self._session.execute(text(_TREES), {"tenants": list(edges), "sizes": sizes, "edges": peaks})

    async def unsigned(self, most: int) -> list[Tree]:
        """Trees that have grown since their newest head."""
        return await self._trees(_UNSIGNED, most=most)

    async def signed_otherwise(self, key_id: str, most: int) -> list[Tree]:
        """Trees whose newest head another key has signed."""
        return await self._trees(_OF_OTHER_KEYS, key_id=key_id, most=most)

    async def trees(self, tenants: Sequence[str]) -> list[Tree]:
        """The trees of these tenants."""
        return await self._trees(_NAMED, tenants=list(tenants))

    async def _trees(self, statement: str, **said: object) -> list[Tree]:
        rows = (await self._session.execute(text(statement), said)).all()
        return [Tree(row[0], row[1], bytes(row[2]), row[3], row[4]) for row in rows]

    async def keep_heads(self, heads: Sequence[tuple[UUID, SignedHead, bytes]]) -> None:
        """Write signed heads, each with its id and the public key."""
        rows = [
            {
                "id": id_,
                "tenant_id": head.tenant_id,
                "size": head.size,
                "root": head.root,
                "at": head.at,
                "key_id": head.key_id,
                "public_key": public,
                "signature": head.signature,
            }
            for id_, head, public in heads
        ]
        if rows:
            await self._session.execute(text(_HEADS), rows)
            await self._session.execute(text(_SIGNED), rows)

    async def unpublished(self, place: str, most: int) -> list[tuple[SignedHead, bytes]]:
        """Newest heads that were not published at a place yet, each with its public key."""
        rows = (await self._session.execute(text(_UNPUBLISHED), {"place": place, "most": most})).all()
        return [
            (SignedHead(row.tenant_id, row.size, row.root, row.at, row.key_id, row.signature), row.public_key)
            for row in rows
        ]

    async def published(self, place: str, head: SignedHead) -> None:
        """Note that a head was published."""
        said = {"tenant_id": head.tenant_id, "place": place, "size": head.size, "at": head.at}
        await self._session.execute(text(_PUBLISHED), said)
