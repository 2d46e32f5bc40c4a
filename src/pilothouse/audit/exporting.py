"""Exports of a log: as JSON Lines, with everything that proves it, or as CSV for tables.

The lines are: one `log`, then for each 256 entries one `tile` with their hashes followed by the entries
themselves, and in the end the signed heads. An entry that has left the table is there by its hash only.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from typing import NamedTuple

import orjson

from pilothouse.audit.notes import as_base64
from pilothouse.audit.recording import AuditLog
from pilothouse.audit.repository import AuditRepository, Placed
from pilothouse.audit.schemas import Format, Kind
from pilothouse.audit.sequencing import Sequencer
from pilothouse.audit.tables import HeadRow
from pilothouse.audit.tree import HASH_BYTES, TILE
from pilothouse.errors import NotFound
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database

VERSION = 1
HEADS = 1_000
"""Heads in an export, besides the last one of each key."""

TILES_AT_ONCE = 4
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Extent(NamedTuple):
    """What an export has: a tree of `size` entries, of which those before `first` have left the table."""

    size: int
    first: int


class Exporting:
    """Exports the log of a scope's tenant; that it was exported is the newest entry in it."""

    def __init__(
        self, database: Database, scope: Scope, sequencer: Sequencer, clock: Clock, ids: Ids
    ) -> None:
        """Read through `database`, a page in each transaction; `sequencer` signs what is exported."""
        self._database = database
        self._scope = scope
        self._sequencer = sequencer
        self._clock = clock
        self._ids = ids

    async def begin(self, form: Format) -> AsyncIterator[bytes]:
        """Record the export, and return what yields it. Raises what the secrets raise."""
        async with self._database.session(self._scope) as session:
            await AuditLog(self._clock, self._ids).record(
                session,
                self._scope.tenant_id,
                Kind.EXPORT,
                self._scope.principal,
                "audit",
                details={"format": form.value},
            )
        await self._sequencer.sign_now()
        async with self._database.session(self._scope) as session:
            repository = AuditRepository(session, self._scope)
            head, tree = await repository.head(), await repository.tree()
            if head is None or tree is None:
                raise NotFound("The log has no signed head.", hint="See the log for why none is signed.")
            extent = _Extent(head.size, tree.first)
        return self._lines(extent) if form is Format.JSONL else self._rows(extent)

    async def _lines(self, extent: _Extent) -> AsyncIterator[bytes]:
        said = {"version": VERSION, "tenant_id": self._scope.tenant_id, **extent._asdict()}
        yield _line("log", said | {"exported_at": self._clock.now()})
        async for begin, tiles, entries in self._pages(extent):
            by_tile: dict[int, list[Placed]] = {}
            for entry in entries:
                by_tile.setdefault((entry.position or 0) // TILE, []).append(entry)
            lines = []
            for index, hashes in enumerate(tiles, begin // TILE):
                kept = hashes[: max(extent.size - index * TILE, 0) * HASH_BYTES]
                lines.append(_line("tile", {"index": index, "hashes": as_base64(kept)}))
                lines += [
                    _line("entry", {"position": entry.position, "leaf": entry.leaf.decode()})
                    for entry in by_tile.get(index, ())
                ]
            yield b"".join(lines)
        async with self._database.session(self._scope) as session:
            heads = await AuditRepository(session, self._scope).heads_to(extent.size, HEADS)
        yield b"".join(_line("head", _head(row)) for row in heads)
        await self._done(extent)

    async def _rows(self, extent: _Extent) -> AsyncIterator[bytes]:
        yield _csv([["position", *(name for name in Placed._fields if name != "position")]])
        async for _, _, entries in self._pages(extent):
            yield _csv(
                [
                    [
                        *(row.position, row.id, row.at.isoformat(), row.kind, row.actor, row.subject),
                        *(row.run_id, row.step, row.append, row.leaf.decode()),
                    ]
                    for row in entries
                ]
            )
        await self._done(extent)

    async def _pages(self, extent: _Extent) -> AsyncIterator[tuple[int, list[bytes], list[Placed]]]:
        """Begin, tiles and entries of each part of the log."""
        step = TILE * TILES_AT_ONCE
        for begin in range(0, extent.size, step):
            async with self._database.session(self._scope) as session:
                repository = AuditRepository(session, self._scope)
                tiles = await repository.leaf_hashes(begin // TILE, TILES_AT_ONCE)
                entries = await repository.leaves(begin, min(begin + step, extent.size))
            yield begin, list(tiles), list(entries)

    async def _done(self, extent: _Extent) -> None:
        """Note that everything up to here stands in an export, so that it may leave the table."""
        async with self._database.session(self._scope) as session:
            repository = AuditRepository(session, self._scope)
            await repository.exported(self._ids.new(), extent.size, self._scope.principal, self._clock.now())


def _head(row: HeadRow) -> dict[str, object]:
    return {
        "size": row.size,
        "root": as_base64(row.root),
        "at": row.at,
        "key_id": row.key_id,
        "public_key": as_base64(row.public_key),
        "signature": as_base64(row.signature),
    }


def _line(kind: str, said: dict[str, object]) -> bytes:
    return orjson.dumps({"type": kind, **said}, option=orjson.OPT_APPEND_NEWLINE)


def _csv(rows: list[list[object]]) -> bytes:
    """Rows as RFC 4180 has them; what a program for tables would take for a formula is quoted."""
    written = io.StringIO()
    csv.writer(written).writerows([[_plain(cell) for cell in row] for row in rows])
    return written.getvalue().encode()


def _plain(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
