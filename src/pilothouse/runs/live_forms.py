"""The forms in which entries go to viewers. Each is made once for an entry, however many watch."""

from __future__ import annotations

from uuid import UUID

import orjson
from fastapi.sse import format_sse_event

from pilothouse.runs.journal import shown
from pilothouse.runs.live_cursor import write_cursor
from pilothouse.runs.live_schemas import TenantEntry
from pilothouse.runs.schemas import End
from pilothouse.runtime.deltas import Delta
from pilothouse.runtime.tail_pages import Line

ALIVE = b": alive\n\n"
"""A sign of life in a stream of events."""


def entry_json(line: Line) -> str:
    """An entry as JSON."""
    return shown(line).model_dump_json()


def entry_event(line: Line) -> bytes:
    """An entry as a server-sent event."""
    return format_sse_event(id=str(line.seq), event=line.kind, data_str=line.told(entry_json))


def delta_json(delta: Delta) -> str:
    """A piece of an answer as JSON."""
    return orjson.dumps({"step": delta.step, "offset": delta.offset, "text": delta.text}).decode()


def delta_event(delta: Delta) -> bytes:
    """A piece of an answer as a server-sent event, which has no id."""
    return format_sse_event(event="delta", data_str=delta_json(delta))


def end_event(end: End) -> bytes:
    """The end as a server-sent event."""
    return format_sse_event(event="end", data_str=end.model_dump_json())


def seen_event(cursor: str) -> bytes:
    """A sign of life that moves the client's last event id on, and is no event for its code."""
    return format_sse_event(id=cursor)


class TenantForms:
    """The forms of a tenant's entries, whose cursors belong to one incarnation of the database."""

    def __init__(self, incarnation: UUID) -> None:
        """Write cursors of `incarnation`."""
        self.incarnation = incarnation

    def json(self, line: Line) -> str:
        """An entry with its run and its cursor, as JSON."""
        cursor = write_cursor(self.incarnation, line.place)
        entry = shown(line)
        told = TenantEntry(**dict(entry), run_id=line.run_id, workflow=line.workflow, cursor=cursor)
        return told.model_dump_json()

    def event(self, line: Line) -> bytes:
        """An entry as a server-sent event, whose id is the cursor."""
        cursor = write_cursor(self.incarnation, line.place)
        return format_sse_event(id=cursor, event=line.kind, data_str=line.told(self.json))
