"""One way to write a value as bytes: what is equal is written equally, so that it can be digested."""

from __future__ import annotations

import hashlib
import json
import math
from decimal import Decimal
from typing import Any

import orjson

DIGEST_BYTES = 16


def to_json(value: Any) -> bytes:
    """Compact JSON with sorted keys. Raises `TypeError` for what JSON cannot hold."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def from_json(data: bytes | str) -> Any:
    """Read JSON; raises `ValueError` where it is malformed."""
    return orjson.loads(data)


def rfc8785(value: Any) -> bytes:
    """JSON by RFC 8785: members sorted by the UTF-16 units of their names, numbers as ECMAScript writes them.

    Integers that a double does not hold are written in full, where the RFC has no exact form: two that differ
    must not be written alike. Raises `TypeError` for what JSON cannot hold, `ValueError` for NaN,
    infinity and text that is no UTF-8.
    """
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be", "surrogatepass"))
        return b"{%b}" % b",".join(b"%b:%b" % (_string(name), rfc8785(item)) for name, item in members)
    if isinstance(value, (list, tuple)):
        return b"[%b]" % b",".join(map(rfc8785, value))
    if isinstance(value, float):
        return _number(value).encode()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(int(value)).encode()
    if isinstance(value, str):
        return _string(value)
    if value is None or isinstance(value, bool):
        return orjson.dumps(value)
    raise TypeError(f"JSON cannot hold {type(value).__name__}.")


def exact(data: bytes | str) -> Any:
    """Read JSON without losing a digit of its integers; raises `ValueError` where it is malformed."""
    return json.loads(data, parse_constant=_no_number)


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number in JSON.")


def _string(text: str) -> bytes:
    try:
        return orjson.dumps(text)
    except orjson.JSONEncodeError:
        raise ValueError("The text is no UTF-8.") from None


def _number(value: float) -> str:
    """A double as `Number.prototype.toString` of ECMAScript writes it (ECMA-262, section 6.1.6.1.20)."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is no number in JSON.")
    if value == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text, point = "".join(map(str, digits)), len(digits) + int(exponent)
    if len(text) <= point <= 21:
        shown = text + "0" * (point - len(text))
    elif 0 < point <= 21:
        shown = f"{text[:point]}.{text[point:]}"
    elif -6 < point <= 0:
        shown = f"0.{'0' * -point}{text}"
    else:
        mantissa = text if len(text) == 1 else f"{text[0]}.{text[1:]}"
        shown = f"{mantissa}e{'+' if point > 0 else '-'}{abs(point - 1)}"
    return f"-{shown}" if sign else shown


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
