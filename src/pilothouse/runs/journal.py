"""Journal entries as people and programs see them: payloads decoded, as JSON where they are JSON."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence

import orjson
import structlog
from pydantic import JsonValue

from pilothouse.errors import Unavailable
from pilothouse.runs.schemas import Encoding, JournalEntry
from pilothouse.runs.tables import JournalRow
from pilothouse.runtime.entries import Codec, PayloadUnreadable, decode
from pilothouse.runtime.payloads import ASIDE, Payloads, measures
from pilothouse.runtime.sealing import of_entry
from pilothouse.runtime.tail_pages import Line

log = structlog.get_logger(__name__)


def shown(row: JournalRow | Line) -> JournalEntry:
    """The entry for display. What cannot be read is shown as such, so that the rest of the journal can be.

    Of a large payload, which lies elsewhere, the size and the digest are shown.
    """
    if row.codec == Codec.REFERENCE:
        return _entry(row, "reference", measures(row.payload))
    try:
        payload = decode(row.codec, row.payload)
    except PayloadUnreadable as error:
        return _entry(row, "unreadable", str(error))
    if not payload:
        return _entry(row, "none", None)
    try:
        return _entry(row, "json", orjson.loads(payload))
    except ValueError:  # no JSON, or nested deeper than Pydantic goes (255 levels)
        return _other(row, payload)


async def whole(payloads: Payloads, rows: Sequence[JournalRow]) -> list[JournalRow]:
    """The rows with their large and sealed payloads in place, as far as these can be had, for no session."""
    return [await _whole(payloads, row) if row.codec in ASIDE else row for row in rows]


async def _whole(payloads: Payloads, row: JournalRow) -> JournalRow:
    codec, payload = await payloads.shown(row.codec, row.payload, of_entry(row.tenant_id, row.run_id, row))
    try:
        if codec == Codec.REFERENCE:
            codec, payload = await payloads.fetched(payload)
    except (PayloadUnreadable, Unavailable) as error:
        log.warning("payload_not_shown", run_id=str(row.run_id), seq=row.seq, reason=str(error))
    replaced: Callable[..., JournalRow] | None = getattr(row, "_replace", None)
    if replaced is not None:  # as a read without an ORM has it
        return replaced(codec=codec, payload=payload)
    known = {name: value for name, value in vars(row).items() if name in row.__table__.columns}  # as loaded
    return JournalRow(**known | {"codec": codec, "payload": payload})


def _other(row: JournalRow | Line, payload: bytes) -> JournalEntry:
    try:
        return _entry(row, "text", payload.decode())
    except UnicodeDecodeError:
        return _entry(row, "base64", base64.b64encode(payload).decode())


def _entry(row: JournalRow | Line, encoding: Encoding, payload: JsonValue) -> JournalEntry:
    return JournalEntry(
        seq=row.seq, kind=row.kind, key=row.key, at=row.at, encoding=encoding, payload=payload
    )
