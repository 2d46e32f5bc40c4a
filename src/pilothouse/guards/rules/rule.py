"""What a rule is: a row of a table that says how one kind of personal data or secret is recognised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

Check = Callable[[str], float]
"""How sure it is that a text that fits a rule's pattern is what it looks like: check digits, entropy, ranges.

0 and False: it is not. True: as sure as the rule says. Anything between is the confidence without context.
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """One way in which `type` is written.

    `pattern` is RE2's; what its first group holds is the finding, or all of it where it has none. Where
    `check` refuses and `shorten` is set, the text is tried again without its last groups of characters.
    `confidence` (0 to 1) holds without context. `context` are words (RE2, any case) whose nearness gives
    `raised` instead; where `required`, nothing is found without them. `loose` words only satisfy that.
    `before` and `after` say how many characters away words may stand. `whole` refuses what goes on as a word
    on either side, `apart` groups of digits that a longer row of such groups contains. `example` is an
    invented text with one finding, and `what` says how it is recognised. `hint` is a simpler part of the
    pattern, without which it never matches; the prefilter looks for that instead.
    """

    type: str
    pattern: str
    what: str
    example: str
    confidence: float = 0.9
    check: Check | None = None
    context: str = ""
    loose: str = ""
    required: bool = False
    raised: float = 0.97
    before: int = 50
    after: int = 25
    whole: bool = True
    hint: str = ""
    apart: bool = False
    shorten: bool = False


class Row(NamedTuple):
    """One form of one kind of national number; `confidence` is 0 where the words are required."""

    type: str
    pattern: str
    check: Check
    words: str
    confidence: float
    example: str
