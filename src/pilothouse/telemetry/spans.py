"""A span as it is recorded, and how its ids come about: from the run, so that every process finds the same.

The formats are those of W3C Trace Context (https://www.w3.org/TR/trace-context/): 32 hex digits for a trace,
16 for a span. A run without a trace of its own has its id for one: a UUIDv7 is 128 bits, 62 of them random.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

Value = str | int | float | bool

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
SAMPLED = 1


class Place(NamedTuple):
    """A place in a trace: which trace, which span, and whether the trace is kept."""

    trace_id: str
    span_id: str
    sampled: bool

    def __str__(self) -> str:
        """The place as a traceparent."""
        return f"00-{self.trace_id}-{self.span_id}-{SAMPLED if self.sampled else 0:02x}"


class Role(IntEnum):
    """The part that a span plays, by OTLP's numbers."""

    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


class SpanRecord(NamedTuple):
    """A finished span. Times are in nanoseconds since 1970; `error` is what went wrong, if something did."""

    name: str
    role: Role
    trace_id: str
    span_id: str
    parent_id: str | None
    start: int
    end: int
    attributes: Mapping[str, Value]
    error: str | None = None
    links: tuple[Place, ...] = ()


def parse_traceparent(text: str | None) -> Place | None:
    """The place that a traceparent names; None where it is malformed, as the standard demands.

    Versions after 00 may append something; version 00 may not, ff is invalid, and so are ids of zeros.
    """
    found = _TRACEPARENT.fullmatch(text or "")
    if found is None or (found[4] and text and text.startswith("00")):
        return None
    if not found[1].strip("0") or not found[2].strip("0"):
        return None
    return Place(found[1], found[2], bool(int(found[3], 16) & SAMPLED))


def new_trace_id() -> str:
    """The id of a new trace."""
    return os.urandom(16).hex()


def new_span_id() -> str:
    """The id of a new span."""
    return os.urandom(8).hex()


def submit_id(run_id: UUID) -> str:
    """The id of the span in which a run was submitted: the parent of its turns."""
    return _digest(run_id.hex)


def turn_id(run_id: UUID, seen: int) -> str:
    """The id of the span of the turn that began with `seen` entries in the journal."""
    return _digest(f"{run_id.hex}/{seen}")


def step_id(run_id: UUID, seen: int, key: str) -> str:
    """The id of the span of a step in that turn."""
    return _digest(f"{run_id.hex}/{seen}/{key}")


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
