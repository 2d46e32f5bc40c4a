"""Byte ranges (RFC 9110, section 14): which part of a content a `Range` header asks for."""

from __future__ import annotations

import re
from typing import NamedTuple

from pilothouse.errors import Category, PilothouseError, Severity

_SINGLE = re.compile(r"bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})", re.IGNORECASE)


class RangeNotSatisfiable(PilothouseError):
    """The range lies outside the content."""

    code = "range_not_satisfiable"
    status = 416
    category = Category.USER
    severity = Severity.INFO

    def __init__(self, header: str, size: int) -> None:
        """`header` asked for nothing of a content of `size` bytes."""
        super().__init__(f"The content has {size} bytes: {header!r} lies outside.")
        self.headers = {"content-range": f"bytes */{size}"}


class Span(NamedTuple):
    """The bytes from `start` to before `end`."""

    start: int
    end: int


def requested(header: str | None, size: int) -> Span | None:
    """The one span that a `Range` header asks for; None where the whole content is to be sent.

    A header that is malformed, or asks for several ranges or another unit, is ignored, as RFC 9110 allows.
    Raises `RangeNotSatisfiable` where nothing of the span is there.
    """
    found = _SINGLE.fullmatch(header.strip()) if header else None
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        span = Span(max(size - int(last), 0), size)
    elif last and int(last) < int(first):
        return None
    else:
        span = Span(int(first), min(int(last) + 1, size) if last else size)
    if span.start >= span.end:
        raise RangeNotSatisfiable(found[0], size)
    return span
