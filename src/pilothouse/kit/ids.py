"""Ids: UUIDv7 (RFC 9562), so that ids sort by the time they were made."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import threading
import time
from uuid import UUID

from pilothouse.errors import InvalidInput

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62


class Ids:
    """Makes UUIDv7s that rise strictly within one process, also inside one millisecond.

    The 12 bits after the timestamp count up (RFC 9562, section 6.2, method 1) and overflow into it.
    """

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def new(self) -> UUID:
        """A new id, greater than every one before it."""
        with self._lock:
            self._last = max(self._last + 1, (time.time_ns() // 1_000_000) << 12)
            stamp, counter = self._last >> 12, self._last & 0xFFF
        tail = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
        return UUID(int=stamp << 80 | _VERSION_7 | counter << 64 | _VARIANT | tail)


def derived(moment: dt.datetime, *parts: bytes) -> UUID:
    """The UUIDv7 of `moment` (not before 1970) whose other bits are a digest of `parts`: always the same."""
    digested = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    bits = int.from_bytes(hashlib.blake2b(digested, digest_size=10).digest(), "big")
    stamp, counter, tail = int(moment.timestamp() * 1000), bits >> 62 & 0xFFF, bits & ((1 << 62) - 1)
    return UUID(int=stamp << 80 | _VERSION_7 | counter << 64 | _VARIANT | tail)


def made_at(id_: UUID) -> dt.datetime:
    """The moment a UUIDv7 was made, in UTC, to the millisecond."""
    return dt.datetime.fromtimestamp((id_.int >> 80) / 1000, dt.UTC)


def lowest_at(moment: dt.datetime) -> UUID:
    """The lowest UUIDv7 of a moment: a bound for ranges by time."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def parse(text: str, what: str = "id") -> UUID:
    """Read an id; raises `InvalidInput` that names `what` it was meant to be."""
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput(f"{text[:60]!r} is not a valid {what}: a UUID is expected.") from None
