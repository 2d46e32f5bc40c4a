"""Text that people write: one spelling for what looks alike (NFC), and no character that hides or deceives.

`Name` is for what things and people are called, `Line` for labels and other single lines, `Text` for what
may have several. Inputs of workflows are none of these: what they may hold is the workflow's own business.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

LONGEST_LINE = 500
"""Characters of one line: a name, a label."""

LONGEST_NAME = 100
"""Characters of what something is called, where nothing else is said."""

LONGEST_TEXT = 10_000
"""Characters of what a person writes."""

_JOINERS = frozenset("\u200c\u200d")  # within Persian, Indic scripts and emoji they change what is shown
_DIRECTIONS = frozenset(
    "\u061c\u200e\u200f"
)  # marks of right-to-left text: weak, and closed by the next letter
_SIGNS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2"
)  # visible, though `Cf`
_BREAKS = frozenset("\n\t")


def line(value: str) -> str:
    """`value` in NFC, if it is one line of visible characters; raises `ValueError` that names what is not."""
    return _checked(value, frozenset(), LONGEST_LINE)


def text(value: str) -> str:
    """As `line`, with line breaks and tabs; CR LF and CR become LF."""
    if len(value) > LONGEST_TEXT:  # before any work is done on it
        raise ValueError(_too_long(LONGEST_TEXT))
    return _checked(value.replace("\r\n", "\n").replace("\r", "\n"), _BREAKS | _DIRECTIONS, LONGEST_TEXT)


def name(value: str, most: int = LONGEST_NAME) -> str:
    """As `line`, at most `most` characters and at least one, without spaces around it."""
    if len(value) > most:
        raise ValueError(_too_long(most))
    named = line(value).strip()
    if not named:
        message = "is empty"
        raise ValueError(message)
    if len(named) > most:
        raise ValueError(_too_long(most))
    return named


def name_schema(most: int = LONGEST_NAME) -> WithJsonSchema:
    """What the OpenAPI document says of a `name` of at most `most` characters."""
    return WithJsonSchema({"type": "string", "format": "name", "minLength": 1, "maxLength": most})


def safe_line(value: str, most: int = LONGEST_LINE) -> str:
    """`value` made into one line that may be shown: what `line` would refuse is replaced by `?`."""
    value = unicodedata.normalize("NFC", value[:most])
    if value.isprintable():
        return value
    return "".join(character if _why_not(value, at) is None else "?" for at, character in enumerate(value))


Line = Annotated[
    str,
    AfterValidator(line),
    WithJsonSchema({"type": "string", "format": "line", "maxLength": LONGEST_LINE}),
]
"""One line that a person writes, in NFC. The JSON Schema format `line` stands for what is refused."""

Text = Annotated[
    str,
    AfterValidator(text),
    WithJsonSchema({"type": "string", "format": "text", "maxLength": LONGEST_TEXT}),
]
"""Lines that a person writes, in NFC, at most `LONGEST_TEXT` characters; the JSON Schema format is `text`."""

Name = Annotated[str, AfterValidator(name), name_schema()]
"""What something is called: a `Line` of 1 to `LONGEST_NAME` characters; the JSON Schema format is `name`."""

Named = Annotated[
    str,
    AfterValidator(line),
    Field(min_length=1),
    WithJsonSchema({"type": "string", "format": "line", "minLength": 1, "maxLength": LONGEST_LINE}),
]
"""A `Line` with at least one character."""


def _checked(value: str, also: frozenset[str], longest: int) -> str:
    if len(value) > longest:
        raise ValueError(_too_long(longest))
    if not value.isprintable():
        for at, character in enumerate(value):
            reason = None if character in also else _why_not(value, at)
            if reason is not None:
                message = f"has {reason} (U+{ord(character):04X}) at position {at}"
                raise ValueError(message)
    if not unicodedata.is_normalized("NFC", value):
        value = unicodedata.normalize("NFC", value)
        if len(value) > longest:  # a few characters are written as several in NFC
            raise ValueError(_too_long(longest))
    return value


def _why_not(value: str, at: int) -> str | None:
    """What is wrong with the character at a position; None for one that may stand there."""
    character = value[at]
    category = unicodedata.category(character)
    if category == "Zs" or category[0] not in "CZ" or character in _SIGNS:
        return None
    if character in _JOINERS:
        joined = 0 < at < len(value) - 1 and not value[at - 1].isascii() and not value[at + 1].isascii()
        return None if joined else "a joiner that joins nothing"
    return {
        "Cc": "a control character",
        "Cf": "an invisible character",
        "Cs": "half of a surrogate pair",
        "Co": "a private character",
        "Cn": "a character that Unicode does not know",
    }.get(category, "a line break")


def _too_long(longest: int) -> str:
    return f"has more than {longest:,} characters"
