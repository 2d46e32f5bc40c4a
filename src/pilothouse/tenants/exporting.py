"""Exports a tenant: all that the database and the artifact store have of it, but for secrets, as one archive.

Tables are found from the catalogue, so that a new one is exported without anybody thinking of it.
"""

from __future__ import annotations

import base64
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import orjson
import structlog
from pydantic import JsonValue
from pydantic_core import to_jsonable_python

from pilothouse.errors import PilothouseError
from pilothouse.kit.sealing import Place, SealedColumn, Sealer, Unreadable
from pilothouse.tenants.archive import Archive, Member
from pilothouse.tenants.repository import File, Held, Holdings

log = structlog.get_logger(__name__)

LEFT_OUT: Mapping[str, str] = {
    "artifact_contents": "the bytes are exported as files",
    "limit_tokens": "counts of the last seconds",
    "released_contents": "names of bytes that are about to be removed",
    "run_labels": "an index; the labels stand with the runs",
    "tenant_job_parts": "parts of files like this one",
    "vault_keys": "a key never leaves the database",
    "vault_progress": "how far keys are turned over, nothing of the tenant's",
    "secret_marks": "marks of secrets",
}
"""Tables that are not exported, each with the reason that the manifest gives."""

SECRET = re.compile(
    r"(^|_)(password|secret|token|hash|digest|hmac|pepper|totp|wrapped|index|code|content_key)s?(_|$)"
)
"""Columns that hold or derive from secrets: they are left out, and the manifest names them."""

PAYLOAD = "payload"
"""The column of bytes that a codec tells how to read."""

CHUNK = 4 << 20
"""Bytes of lines that are kept in memory before they become a member of the archive."""

ENTRIES = 5_000
"""Members that one list of digests names."""

REMEMBERED = 200_000
"""Digests of sealed files, about 20 MB, that are kept in memory so that equal files are written once."""

Progress = Callable[[str, int], Awaitable[None]]
"""Told what the export is at and how many rows and files are done; may raise to end it."""


class Payloads(Protocol):
    """Reads payloads as they stand in a table."""

    async def read(self, tenant_id: str, table: str, row: Mapping[str, Any]) -> bytes:
        """The payload of a row. Raises `PilothouseError` where it cannot be read."""
        ...

    async def content(self, tenant_id: str, file: File) -> AsyncIterator[bytes]:
        """The bytes of a file, in pieces. Raises `PilothouseError` where they cannot be read."""
        ...


class Export:
    """One export of one tenant."""

    def __init__(
        self,
        tenant: Mapping[str, JsonValue],
        holdings: Holdings,
        payloads: Payloads,
        sealer: Sealer | None,
        columns: Sequence[SealedColumn] = (),
    ) -> None:
        """Read rows from `holdings` and what they name through `payloads`; sealed `columns` are opened."""
        self._tenant = tenant
        self._tenant_id = str(tenant["id"])
        self._holdings = holdings
        self._payloads = payloads
        self._sealer = sealer
        self._sealed: dict[str, dict[str, SealedColumn]] = defaultdict(dict)
        for column in columns:
            if column.column != PAYLOAD and not (column.source or column.row or column.field):
                self._sealed[column.table][column.column] = column
        self._done = 0
        self._unreadable: dict[str, int] = defaultdict(int)
        self._rows: dict[str, int] = {}
        self._without: dict[str, list[str]] = {}
        self._damaged: list[str] = []
        self._digests: list[Member] = []
        self._lists: list[Member] = []

    @property
    def done(self) -> int:
        """Rows and files that were exported so far."""
        return self._done

    async def write(self, archive: Archive, progress: Progress, made: Mapping[str, JsonValue]) -> Any:
        """Write everything, the manifest last; returns the manifest. `made` says when and by what."""
        left_out: dict[str, str] = {}
        for table in await self._holdings.tables():
            if table.name in LEFT_OUT:
                left_out[table.name] = LEFT_OUT[table.name]
            else:
                await progress(table.name, self._done)
                await self._table(archive, table, progress)
        await progress("files", self._done)
        files = await self._files(archive, progress)
        await self._listed(archive)
        manifest = {
            "format": 1,
            **made,
            "tenant": dict(self._tenant),
            "tables": self._rows,
            "files": files,
            "left_out": left_out,
            "columns_left_out": self._without,
            "unreadable": dict(self._unreadable),
            "damaged": self._damaged,
            "lists": [vars(member) for member in self._lists],
        }
        await archive.add("manifest.json", orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
        await archive.close()
        return manifest

    async def _table(self, archive: Archive, table: Held, progress: Progress) -> None:
        """Write the rows of a table as JSON lines, in members of some megabytes."""
        wanted = self._columns_of(table)
        number, rows, lines = 0, 0, bytearray()
        async for row in self._holdings.rows(table, wanted):
            lines += orjson.dumps(await self._shown(table, wanted, row), option=orjson.OPT_APPEND_NEWLINE)
            rows += 1
            self._done += 1
            if len(lines) >= CHUNK:
                number += 1
                await self._add(archive, table.name, number, lines)
                await progress(table.name, self._done)
        if lines:
            await self._add(archive, table.name, number + 1, lines)
        self._rows[table.name] = rows

    def _columns_of(self, table: Held) -> list[str]:
        """The columns that are exported; notes the others for the manifest."""
        sealed = self._sealed[table.name]
        kept, left = list[str](), list[str]()
        for name in table.columns:
            readable = name in sealed or name == PAYLOAD or name not in table.bytes
            (kept if readable and SECRET.search(name) is None else left).append(name)
        if left:
            self._without[table.name] = left
        return kept

    async def _shown(self, table: Held, wanted: Sequence[str], row: Mapping[str, Any]) -> dict[str, Any]:
        """A row as JSON, its sealed values open and its payload decoded."""
        shown: dict[str, Any] = {}
        for name in wanted:
            value = row[name]
            if value is None:
                shown[name] = None
            elif name in self._sealed[table.name]:
                shown[name] = await self._opened(table, name, row)
            elif name == PAYLOAD and name in table.bytes:
                shown[name] = await self._payload(table, row)
            else:
                shown[name] = to_jsonable_python(value)
        return shown

    async def _opened(self, table: Held, name: str, row: Mapping[str, Any]) -> JsonValue:
        column = self._sealed[table.name][name]
        place = Place(self._tenant_id, table.name, str(row[column.key[0]]), name)
        try:
            return _text(await self._sealer.open(place, bytes(row[name]))) if self._sealer else None
        except Unreadable:
            self._unreadable[table.name] += 1
            return None

    async def _payload(self, table: Held, row: Mapping[str, Any]) -> Any:
        try:
            content = await self._payloads.read(self._tenant_id, table.name, row)
        except PilothouseError:
            self._unreadable[table.name] += 1
            return None
        try:
            return orjson.loads(content) if content else None
        except orjson.JSONDecodeError:
            return {"base64": base64.b64encode(content).decode()}

    async def _files(self, archive: Archive, progress: Progress) -> dict[str, int]:
        """Write the bytes of every artifact and upload once, under their own digest.

        Of equal ones that are stored sealed, each with a key of its own, more than the first are passed over.
        """
        count = total = missing = 0
        written: set[bytes] = set()
        async for file in self._holdings.files():
            sha256, size = file.own or file.sha256, file.size
            if bytes.fromhex(sha256) in written:
                continue
            try:
                pieces = await self._payloads.content(self._tenant_id, file)
                first = await anext(pieces, b"")
            except PilothouseError as error:
                missing += 1
                self._damaged.append(f"files/{sha256}: {error.message}")
                continue
            member = await archive.stream(f"files/{sha256}", size, _from(first, pieces))
            await self._note(archive, member)
            if member.sha256 != sha256:
                self._damaged.append(f"files/{sha256}: the bytes are others than those that were saved")
            elif file.own and len(written) < REMEMBERED:
                written.add(bytes.fromhex(sha256))
            count, total = count + 1, total + size
            self._done += 1
            await progress("files", self._done)
        return {"count": count, "bytes": total, "missing": missing}

    async def _add(self, archive: Archive, table: str, number: int, lines: bytearray) -> None:
        await self._note(archive, await archive.add(f"tables/{table}/{number:05}.jsonl", bytes(lines)))
        lines.clear()

    async def _note(self, archive: Archive, member: Member) -> None:
        self._digests.append(member)
        if len(self._digests) >= ENTRIES:
            await self._listed(archive)

    async def _listed(self, archive: Archive) -> None:
        """Write the list of the digests that were noted."""
        lines = b"".join(
            orjson.dumps(vars(member), option=orjson.OPT_APPEND_NEWLINE) for member in self._digests
        )
        self._digests.clear()
        self._lists.append(await archive.add(f"digests/{len(self._lists) + 1:05}.jsonl", lines))


async def _from(first: bytes, following: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    try:
        async for piece in following:
            yield piece
    except PilothouseError as error:  # the digest of what came tells, and the manifest names the file
        log.warning("content_not_read", reason=str(error))


def _text(content: bytes) -> JsonValue:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}
