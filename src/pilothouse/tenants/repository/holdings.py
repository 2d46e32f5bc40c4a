"""Queries on all that the database has of one tenant, found from the catalogue, a page at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from pilothouse.kit.session import Database
from pilothouse.runtime.entries import Codec

PAGE = 100
"""Rows that one statement reads: each may have a payload of some hundred kilobytes."""

BATCH = 2_000
"""Rows that one statement removes."""

RUNS_AT_ONCE = 100
"""Runs whose rows are looked for together, in tables that are found by run only."""

_TABLES = """
select c.relname as name,
       array(select attname::text from pg_attribute
              where attrelid = c.oid and attnum > 0 and not attisdropped order by attnum) as columns,
       array(select attname::text from pg_attribute where attrelid = c.oid and attnum > 0
                and not attisdropped and atttypid = 'bytea'::regtype) as bytes,
       coalesce(array(
         select a.attname::text from pg_index as i
           cross join unnest(i.indkey) with ordinality as k(number, place)
           join pg_attribute as a on a.attrelid = c.oid and a.attnum = k.number
          where i.indrelid = c.oid and i.indisprimary order by k.place), '{}') as key,
       array(select f.confrelid::regclass::text from pg_constraint as f
              where f.conrelid = c.oid and f.contype = 'f' and f.confrelid <> c.oid) as names,
       exists (select from pg_index as i join pg_attribute as a
                   on a.attrelid = c.oid and a.attnum = i.indkey[0]
                where i.indrelid = c.oid and a.attname = 'tenant_id' and i.indpred is null) as by_tenant
  from pg_class as c
 where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
   and exists (select from pg_attribute
                where attrelid = c.oid and attname = 'tenant_id' and not attisdropped)
 order by c.relname
"""
_DIGESTS = """
select distinct on (sha256) sha256, size, id, own, key, holder
  from (PARTS) as named (sha256, size, id, own, key, holder)
 where sha256 > :after order by sha256, size desc limit :limit
"""
_ASIDE = frozenset({"payload_references", "tenant_job_parts"})
"""Tables that name contents which are no files of the tenant's own: parts of rows, and earlier exports."""

_RUNS = """
select id from runs
 where tenant_id = :tenant_id and (cast(:after as uuid) is null or id > cast(:after as uuid))
 order by id limit :limit
"""
_READABLE = f"""
select count(*) from journal
 where tenant_id = :tenant_id and codec in ({Codec.PLAIN:d}, {Codec.ZLIB:d}) and octet_length(payload) > 0
"""  # noqa: S608 - numbers of our own
_SILENCE_RUNS = """
update runs set labels = '{}', idempotency_key = null, traceparent = null, principal = '',
       status = case when finished_at is null then 'cancelled' else status end, wake_at = null,
       epoch = case when status = 'running' then epoch + 1 else epoch end, worker_id = null,
       finished_at = coalesce(finished_at, now())
 where id = any(:ids) and tenant_id = :tenant_id
"""


@dataclass(frozen=True)
class Held:
    """A table with rows of tenants.

    `bytes` are the columns that hold bytes, `key` those of its primary key, `names` the tables whose rows
    it names. Where its rows cannot be found `by_tenant`, they are by run.
    """

    name: str
    columns: tuple[str, ...]
    bytes: frozenset[str]
    key: tuple[str, ...]
    names: tuple[str, ...]
    by_tenant: bool

    @property
    def by_run(self) -> bool:
        """Whether its rows are looked for run by run."""
        return not self.by_tenant and "run_id" in self.columns


class File(NamedTuple):
    """A content of `size` bytes (0: not known), stored under the digest `sha256`.

    Where it is stored sealed, `own` is its own digest, and `key` its key, sealed for the row `id` of `table`.
    """

    sha256: str
    size: int
    id: UUID | None = None
    own: str | None = None
    key: bytes | None = None
    table: str = "artifacts"


class Holdings:
    """All that the database has of one tenant: a maintenance job, each page a transaction of its own."""

    def __init__(self, database: Database, tenant_id: str) -> None:
        """Work through `database` on what is `tenant_id`'s."""
        self._database = database
        self._tenant_id = tenant_id

    async def tables(self) -> list[Held]:
        """The tables with rows of tenants, those that name others' rows before these."""
        async with self._database.maintenance() as session:
            rows = (await session.execute(text(_TABLES))).all()
        found = [
            Held(row[0], tuple(row[1]), frozenset(row[2]), tuple(row[3]), tuple(row[4]), row[5])
            for row in rows
        ]
        return _naming_first(found)

    async def rows(self, table: Held, columns: Sequence[str]) -> AsyncIterator[Mapping[str, Any]]:
        """The tenant's rows of a table by its key, only these columns of each."""
        if not table.by_run:
            async for row in self._paged(table, columns, None):
                yield row
            return
        async for ids in self.runs():
            async for row in self._paged(table, columns, ids):
                yield row

    async def runs(self) -> AsyncIterator[list[UUID]]:
        """The ids of the tenant's runs, some at a time."""
        after: UUID | None = None
        while True:
            ids = [row[0] for row in await self._ask(_RUNS, after=after, limit=RUNS_AT_ONCE)]
            if not ids:
                return
            yield ids
            after = ids[-1]

    async def files(self) -> AsyncIterator[File]:
        """Each content once that is a file: of artifacts, uploads and the like."""
        tables = [table for table in await self.tables() if "size" in table.columns]
        async for named in self._named([table for table in tables if table.name not in _ASIDE]):
            yield named

    async def contents(self) -> AsyncIterator[str]:
        """The digest of each content that anything names."""
        async for file in self._named(await self.tables()):
            yield file.sha256

    async def _named(self, tables: Sequence[Held]) -> AsyncIterator[File]:
        """Each content once that rows of these tables name."""
        naming = [
            table for table in tables if "sha256" in table.columns and table.name != "artifact_contents"
        ]
        parts = " union all ".join(map(_naming_of, naming))
        after = ""
        while parts:
            rows = await self._ask(_DIGESTS.replace("PARTS", parts), after=after, limit=PAGE)
            for row in rows:
                yield File(*row)
            if len(rows) < PAGE:
                return
            after = rows[-1][0]

    async def count(self, table: Held) -> int:
        """How many rows a table has of the tenant."""
        ((number,),) = await self._ask(f"select count(*) from {table.name} where tenant_id = :tenant_id")  # noqa: S608 - a name from the catalogue
        return int(number)

    async def readable(self) -> int:
        """How many entries of the journal have a payload that is not sealed, and stands in its row."""
        ((number,),) = await self._ask(_READABLE)
        return int(number)

    async def remove(self, table: Held) -> int:
        """Remove the tenant's next rows of a table; how many, none where that was all."""
        here = f"select ctid from {table.name} where tenant_id = :tenant_id limit {BATCH}"  # noqa: S608 - a name from the catalogue
        statement = f"delete from {table.name} where ctid = any(array({here})) and tenant_id = :tenant_id"  # noqa: S608 - as above
        async with self._database.maintenance() as session:
            done = await session.execute(text(statement), {"tenant_id": self._tenant_id})
        return int(done.rowcount)  # type: ignore[attr-defined]  # of a cursor's result

    async def silence_runs(self, ids: Sequence[UUID]) -> None:
        """Remove what runs say of people; those that are open are cancelled, and their workers fenced."""
        async with self._database.maintenance() as session:
            wanted = {"ids": list(ids), "tenant_id": self._tenant_id}
            await session.execute(text(_SILENCE_RUNS), wanted)

    async def _paged(
        self, table: Held, columns: Sequence[str], ids: Sequence[UUID] | None
    ) -> AsyncIterator[Mapping[str, Any]]:
        key = ", ".join(table.key)
        shown = ", ".join(f'"{name}"' for name in dict.fromkeys((*table.key, *columns)))
        of_runs = "and run_id = any(:ids)" if ids is not None else ""
        after: tuple[Any, ...] | None = None
        while True:
            behind = f"and ({key}) > ({', '.join(f':after_{n}' for n in range(len(table.key)))})"
            statement = (
                f"select {shown} from {table.name} where tenant_id = :tenant_id {of_runs} "  # noqa: S608 - names from the catalogue
                f"{behind if after is not None else ''} order by {key} limit {PAGE}"
            )
            said = {f"after_{number}": part for number, part in enumerate(after or ())}
            if ids is not None:
                said["ids"] = list(ids)
            async with self._database.maintenance() as session:
                rows = (await session.execute(text(statement), {"tenant_id": self._tenant_id, **said})).all()
            for row in rows:
                yield dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name
            if len(rows) < PAGE:
                return
            after = tuple(getattr(rows[-1], name) for name in table.key)

    async def _ask(self, statement: str, **said: Any) -> Sequence[Any]:
        async with self._database.maintenance() as session:
            return (await session.execute(text(statement), {"tenant_id": self._tenant_id, **said})).all()


def _naming_of(table: Held) -> str:
    """The part of `_DIGESTS` that asks one table; its columns are those of `File`."""
    columns = ", ".join(
        f"{_or(table, name, otherwise)}::{kind}"
        for name, otherwise, kind in (
            ("sha256", "null", "text"),
            ("size", "0", "bigint"),
            ("id", "null", "uuid"),
            ("content_sha256", "null", "text"),
            ("content_key", "null", "bytea"),
        )
    )
    return f"select {columns}, '{table.name}' from {table.name} where tenant_id = :tenant_id"  # noqa: S608 - names from the catalogue


def _or(table: Held, column: str, otherwise: str) -> str:
    return column if column in table.columns else otherwise


def _naming_first(tables: Sequence[Held]) -> list[Held]:
    """The tables in an order in which each stands before those whose rows it names."""
    left = {table.name: table for table in tables}
    ordered: list[Held] = []
    while left:
        named = {name for table in left.values() for name in table.names}
        free = [table for name, table in left.items() if name not in named] or list(left.values())[:1]
        ordered += [left.pop(table.name) for table in free]
    return ordered
