"""Cursors of a tenant's stream: opaque to clients, and good for one incarnation of the database only."""

from __future__ import annotations

import base64
import binascii
import struct
from uuid import UUID

from pilothouse.errors import Category, InvalidInput, PilothouseError, Severity
from pilothouse.runs.schemas import MAX_SEQ
from pilothouse.runtime.tail_feeds import Present
from pilothouse.runtime.tail_pages import Place

_FORM = struct.Struct(">B16sQ16sI")
_VERSION = 1

PATTERN = r"^[A-Za-z0-9_-]{60}$"
"""What every cursor looks like."""


class CursorGone(PilothouseError):
    """The cursor is of a stream that does not go on."""

    code = "cursor_gone"
    status = 410
    category = Category.USER
    severity = Severity.INFO


def write_cursor(incarnation: UUID, place: Place) -> str:
    """The cursor of a place in the stream of a database's incarnation."""
    packed = _FORM.pack(_VERSION, incarnation.bytes, place.xid, place.run_id.bytes, place.seq)
    return base64.urlsafe_b64encode(packed).decode()


def read_cursor(text: str, present: Present) -> Place:
    """The place that a cursor names.

    Raises `InvalidInput` for what is none, and `CursorGone` for one of another incarnation: the database
    was restored since, and its transactions are numbered anew.
    """
    try:
        version, incarnation, xid, run_id, seq = _FORM.unpack(
            base64.b64decode(text, altchars=b"-_", validate=True)
        )
    except (struct.error, binascii.Error, ValueError):
        version = incarnation = xid = run_id = seq = None
    if version != _VERSION or seq > MAX_SEQ or xid >= 1 << 63:
        raise InvalidInput("This is no cursor.", hint="Send the id of the last event that you have seen.")
    if UUID(bytes=incarnation) != present.incarnation or xid > present.ahead:
        raise CursorGone(
            "The cursor belongs to a stream that has ended: the database was restored from a backup since.",
            hint="List the runs to see where they are, and follow anew without a cursor.",
        )
    return Place(xid, UUID(bytes=run_id), seq)
