"""JSON that came from outside: read once, with bounds on everything that it could have too much of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

from pilothouse.errors import InvalidInput

MAX_DEPTH = 10
"""How deep arrays and objects may be nested."""

MAX_KEYS = 50_000
"""Members of all objects together."""

MAX_VALUES = 250_000
"""Members and elements of all objects and arrays together."""

LONGEST_KEY = 1_000
"""Characters of one member's name."""

LONGEST_NUMBER = 400
"""Digits in a row; a number that a program can hold has fewer."""

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_MANY_DIGITS = re.compile(rb"[0-9]{19,}")


def read_bounded(data: bytes | str, what: str, depth: int = MAX_DEPTH) -> Any:
    """The value of JSON text; raises `InvalidInput` that names `what` it was.

    Arrays and objects may be nested `depth` deep. No object names a member twice, integers fit into 64 bits,
    numbers are finite, and no text holds NUL, which the database could not keep.
    """
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"{what} is no valid JSON: {error}.") from None
    if isinstance(value, str):
        _check_texts([value], what)
        return value
    without_texts = _STRING.sub(b"", raw)
    if _MANY_DIGITS.search(without_texts):
        _check_numbers(raw, what)
    if isinstance(value, dict | list):
        keys = _check_shape(value, what, depth, nul=b"\\u0000" in raw)
        if without_texts.count(b":") != keys:
            raise InvalidInput(f"{what} names the member {_named_twice(raw)!r} of an object more than once.")
    return value


def _check_shape(value: dict[str, Any] | list[Any], what: str, depth: int, *, nul: bool) -> int:
    """Check depth and numbers of members level by level; returns how many members all objects have."""
    level: list[dict[str, Any] | list[Any]] = [value]
    keys = values = 0
    for _ in range(depth):
        following: list[dict[str, Any] | list[Any]] = []
        for item in level:
            values += len(item)
            if isinstance(item, dict):
                keys += len(item)
                _check_keys(item, what)
            if values > MAX_VALUES or keys > MAX_KEYS:
                raise InvalidInput(
                    f"{what} has more than {MAX_KEYS:,} members or {MAX_VALUES:,} values.",
                    hint="Send less at once, or upload a file.",
                )
            inside = item.values() if isinstance(item, dict) else item
            if nul:
                _check_texts(inside, what)
            following += [child for child in inside if isinstance(child, dict | list)]
        level = following
    if level:
        raise InvalidInput(f"{what} is nested deeper than {depth} levels.", hint="Send it flatter.")
    return keys


def _check_keys(item: dict[str, Any], what: str) -> None:
    for key in item:
        if len(key) > LONGEST_KEY or "\0" in key:
            raise InvalidInput(f"{what} has a member whose name is longer than {LONGEST_KEY} or has NUL.")


def _check_texts(values: Any, what: str) -> None:
    if any(isinstance(value, str) and "\0" in value for value in values):
        raise InvalidInput(f"{what} has a text with NUL (U+0000).", hint="Leave the character out.")


def _check_numbers(raw: bytes, what: str) -> None:
    """Where long runs of digits are: refuse what is absurd, and integers that would lose digits."""

    def whole(digits: str) -> None:
        if len(digits) > LONGEST_NUMBER or not -(1 << 63) <= int(digits) < 1 << 64:
            raise InvalidInput(
                f"{what} has an integer that does not fit into 64 bits: {digits[:40]}.",
                hint="Send long numbers as text.",
            )

    def fraction(digits: str) -> None:
        if len(digits) > LONGEST_NUMBER:
            raise InvalidInput(f"{what} has a number with {len(digits):,} digits.")

    json.loads(raw, parse_int=whole, parse_float=fraction)


def _named_twice(raw: bytes) -> str:
    def pairs(found: list[tuple[str, Any]]) -> None:
        twice.extend(_repeated(key for key, _ in found))

    twice: list[str] = []
    json.loads(raw, object_pairs_hook=pairs)
    return twice[0][:80] if twice else ""


def _repeated(keys: Iterator[str]) -> Iterator[str]:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            yield key
        seen.add(key)
