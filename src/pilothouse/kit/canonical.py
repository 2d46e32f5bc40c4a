"""One way to write a value as bytes: what is equal is written equally, so that it can be digested."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

DIGEST_BYTES = 16


def to_json(value: Any) -> bytes:
    """Compact JSON with sorted keys. Raises `TypeError` for what JSON cannot hold."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def from_json(data: bytes | str) -> Any:
    """Read JSON; raises `ValueError` where it is malformed."""
    return orjson.loads(data)


def digest(data: bytes) -> bytes:
    """128 bits of BLAKE2b: tells arguments apart; it is no proof of origin."""
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).digest()
