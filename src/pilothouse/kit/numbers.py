"""Numbers and truth values in JSON bodies as JSON has them: no text, and no 1 for `true`.

In queries everything is text, so that these are for bodies only. They stand behind the bounds of a field:
`Annotated[int, Field(ge=1), Whole]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pydantic import BeforeValidator, WithJsonSchema


def whole(value: object) -> object:
    """A whole number; 1.0 is one in JSON. Raises `ValueError` for text and truth values."""
    if isinstance(value, bool | str | bytes):
        message = "is no whole number"
        raise ValueError(message)  # noqa: TRY004 - Pydantic tells only this one as a fault
    return int(value) if isinstance(value, float) and value.is_integer() else value


def truth(value: object) -> object:
    """`true` or `false`. Raises `ValueError` for what only stands for it, such as 1 and "yes"."""
    if isinstance(value, bool):
        return value
    message = "is neither true nor false"
    raise ValueError(message)


Whole = BeforeValidator(whole)
Truth = BeforeValidator(truth)


def exactly(pattern: re.Pattern[str]) -> Callable[[object], object]:
    """What lets a decimal through as it is written: an integer, or a text that fits `pattern`.

    A float is seldom what it is written as: only one without a fraction is let through.
    """

    def check(value: object) -> object:
        is_broken = isinstance(value, bool) or (isinstance(value, float) and not value.is_integer())
        if is_broken or (isinstance(value, str) and not pattern.fullmatch(value)):
            message = 'is an integer, or a decimal as text: "12.50"'
            raise ValueError(message)
        return value

    return check


def as_written(pattern: re.Pattern[str], most: int) -> WithJsonSchema:
    """The JSON schema of what `exactly` lets through, from 0 to `most`."""
    choices = [
        {"type": "integer", "minimum": 0, "maximum": most},
        {"type": "string", "pattern": pattern.pattern},
    ]
    return WithJsonSchema({"anyOf": choices}, mode="validation")
