"""One way to write a value as bytes: what is equal is written equally, so that it can be digested."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import orjson

from pilothouse.errors import InvalidInput

DIGEST_BYTES = 16

MAX_DEPTH = 10
"""How deep arrays and objects from outside may be nested."""


def to_json(value: Any) -> bytes:
    """Compact JSON with sorted keys. Raises `TypeError` for what JSON cannot hold."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def from_json(data: bytes | str) -> Any:
    """Read JSON; raises `ValueError` where it is malformed."""
    return orjson.loads(data)


def unordered(data: bytes) -> bytes:
    """JSON with every list sorted: the same for two values that differ only in the order of their lists.

    For sets, which are lists in JSON, in an order that differs from process to process.
    """
    return to_json(_sorted(from_json(data)))


def _sorted(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(map(_sorted, value), key=to_json)
    if isinstance(value, dict):
        return {key: _sorted(item) for key, item in value.items()}
    return value


def digest(data: bytes) -> bytes:
    """128 bits of BLAKE2b: tells arguments apart; it is no proof of origin."""
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).digest()


def read_bounded(data: bytes | str, what: str) -> Any:
    """Read JSON that came from outside; raises `InvalidInput` that names `what` it was.

    Arrays and objects may be nested `MAX_DEPTH` deep.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"{what} is no valid JSON: {error}.") from None
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        level = [child for item in level for child in _inside(item) if isinstance(child, dict | list)]
    if level:
        raise InvalidInput(f"{what} is nested deeper than {MAX_DEPTH} levels.", hint="Send it flatter.")
    return value


def _inside(container: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return container.values() if isinstance(container, dict) else container
