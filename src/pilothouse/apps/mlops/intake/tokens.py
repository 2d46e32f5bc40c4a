"""Cuts folded text into words, numbers, symbols and breaks, in one linear pass."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import cache
from typing import NamedTuple

from pilothouse.apps.mlops.intake.lexicon.load import vocabulary
from pilothouse.apps.mlops.intake.text import Text

_DIRECTIONS = r"(?:north|south|east|west|central|northeast|northwest|southeast|southwest)"
_AREAS = (
    r"(?:us|eu|ap|sa|ca|me|af|il|mx|europe|asia|australia|africa|northamerica|southamerica)(?:-gov|-iso)?"
)


class Kind(IntEnum):
    """What a token is."""

    WORD = 0
    NUMBER = 1
    SYMBOL = 2  # a currency sign, %, a comparison
    PERCENTILE = 3  # p99
    REGION = 4  # eu-central-1, europe-west1
    DATE = 5
    OTHER = 6  # letters of another script
    COMMA = 7
    PAUSE = 8  # colon, brackets
    STOP = 9  # the end of a sentence or line


class Token(NamedTuple):
    """One token: `text` is lower case, `start` and `end` count characters of the folded text."""

    kind: Kind
    text: str
    start: int
    end: int


@cache
def _pattern() -> re.Pattern[str]:
    # Every alternative consumes what it looked at, or looks ahead a fixed distance: linear time.
    return re.compile(
        rf"""
        (?P<REGION>\b{_AREAS}-{_DIRECTIONS}-?\d{{1,2}}(?![\w-]))
      | (?P<DATE>\b(?:\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}[./]\d{{1,2}}[./]\d{{4}})(?![\w.]\d))
      | (?P<PERCENTILE>\bp\d{{2,4}}(?:[.,]\d{{1,2}})?(?![a-z0-9]))
      | (?P<AROUND>\b24\ ?[/x]\ ?7\b)
      | (?P<NUMBER>\d{{1,3}}(?:[\ ']\d{{3}})+(?![\d])(?:[.,]\d+)?|\d+(?:[.,_]\d+)*|(?<![\w.])[.]\d+)
      | (?P<WORD>[a-z][a-z0-9]*(?:'[a-z]+)?)
      | (?P<OTHER>[^\W\d_a-z]+)
      | (?P<SYMBOL>[$€£¥₹₽₩₺₪%<>~=+])
      | (?P<COMMA>,)
      | (?P<STOP>[.!?](?=\s|$)|;)
      | (?P<LINE>\n\s*)
      | (?P<PAUSE>[:()\[\]{{}}|])
        """,
        re.VERBOSE | re.IGNORECASE,
    )


def tokenize(text: Text) -> list[Token]:
    """The tokens of `text` in order. Hyphens, slashes, apostrophes and quotes only separate words.

    A line break ends a sentence unless the next line goes on in lower case or with a digit.
    """
    plain = text.plain
    tokens: list[Token] = []
    for match in _pattern().finditer(plain):
        group = match.lastgroup or ""
        start, end = match.span()
        value = match.group().lower()
        if group == "WORD":
            _add_word(tokens, value, start, end)
        elif group == "STOP":
            if not (value == "." and tokens and tokens[-1].text in vocabulary("abbreviation")):
                tokens.append(Token(Kind.STOP, value, start, end))
        elif group == "LINE":
            if (
                value.count("\n") > 1
                or end >= len(plain)
                or not (plain[end].islower() or plain[end].isdigit())
            ):
                tokens.append(Token(Kind.STOP, "\n", start, start + 1))
        elif group == "AROUND":
            tokens.append(Token(Kind.WORD, "24/7", start, end))
        else:
            tokens.append(Token(Kind[group], value, start, end))
    return tokens


def _add_word(tokens: list[Token], value: str, start: int, end: int) -> None:
    """A word; "don't" stays whole, "we're" and "l'UE" are two."""
    mark = value.find("'")
    if mark < 0 or value.endswith("n't"):
        tokens.append(Token(Kind.WORD, value, start, end))
        return
    tokens.append(Token(Kind.WORD, value[:mark], start, start + mark))
    tokens.append(Token(Kind.WORD, value[mark + 1 :], start + mark + 1, end))
