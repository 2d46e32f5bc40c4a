"""Reads Terraform attributes and usage values, which arrive as plain JSON, into numbers and blocks."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from pydantic import JsonValue

HOURS = Decimal(730)
"""Hours in a month: 8,760 hours a year divided by 12, the convention of the providers' calculators."""

Block = Mapping[str, JsonValue]


def number(values: Block, key: str) -> Decimal | None:
    """The number at a dotted `key`, or None where it is absent or not a number.

    Raises ValueError for a negative number: neither a size nor a usage can be one.
    """
    value: JsonValue = None
    for part in key.split("."):
        value = values.get(part)
        if isinstance(value, Mapping):
            values = value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    if not found.is_finite():
        return None
    if found < 0:
        raise ValueError(f"{key} is {found}, but a size or usage cannot be negative.")
    return found


def amount(values: Block, key: str, default: int | str) -> Decimal:
    """The number at `key`, or `default`."""
    found = number(values, key)
    return Decimal(default) if found is None else found


def text(values: Block, key: str, default: str = "") -> str:
    """The text at `key`, or `default` where it is absent or not text."""
    value = values.get(key)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else default


def flag(values: Block, key: str) -> bool:
    """Whether `key` is true, also where Terraform gives the word instead of the value."""
    value = values.get(key)
    return value is True or (isinstance(value, str) and value.lower() == "true")


def blocks(values: Block, key: str) -> tuple[Block, ...]:
    """The blocks at `key`, whether one was given as an object or several as a list."""
    value = values.get(key)
    if isinstance(value, Mapping):
        return (value,)
    if isinstance(value, list):
        return tuple(item for item in value if isinstance(item, Mapping))
    return ()


def block(values: Block, key: str) -> Block:
    """The first block at `key`, or an empty one."""
    found = blocks(values, key)
    return found[0] if found else {}
