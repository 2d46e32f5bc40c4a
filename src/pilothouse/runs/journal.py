"""Journal entries as people and programs see them: payloads decoded, as JSON where they are JSON."""

from __future__ import annotations

import base64

import orjson
from pydantic import JsonValue

from pilothouse.runs.schemas import Encoding, JournalEntry
from pilothouse.runs.tables import JournalRow
from pilothouse.runtime.entries import PayloadUnreadable, decode


def shown(row: JournalRow) -> JournalEntry:
    """The entry for display. What cannot be read is shown as such, so that the rest of the journal can be."""
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


def _other(row: JournalRow, payload: bytes) -> JournalEntry:
    try:
        return _entry(row, "text", payload.decode())
    except UnicodeDecodeError:
        return _entry(row, "base64", base64.b64encode(payload).decode())


def _entry(row: JournalRow, encoding: Encoding, payload: JsonValue) -> JournalEntry:
    return JournalEntry(
        seq=row.seq, kind=row.kind, key=row.key, at=row.at, encoding=encoding, payload=payload
    )
