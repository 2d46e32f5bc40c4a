"""Numbers as people write them: 5,000.50, 5.000,50, 5 000, 1'000, 10k, 2 Mio., half a million, three."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from pilothouse.apps.mlops.intake.lexicon.load import vocabulary
from pilothouse.apps.mlops.intake.tokens import Kind, Token

MAX_DIGITS = 15
"""Longer figures are identifiers, not quantities."""

_GROUPS = re.compile(r"\d{1,3}(?:[.,]\d{2,3})*[.,]\d{3}")

LETTERS = frozenset({"k", "m", "b", "mm", "mil", "cent"})
"""Scales that are also other words: they must stand right behind the digits."""
_HALF = Decimal("0.5")


class Amount(NamedTuple):
    """A number in the text: tokens `first` to `last` (exclusive).

    `grouped` is the other reading of an ambiguous one ("5.000": 5, or 5000 with grouped thousands).
    `scale` is what the figure was multiplied by; `loose` says that only a scale was said ("millions").
    """

    value: Decimal
    first: int
    last: int
    grouped: Decimal | None = None
    scale: Decimal = Decimal(1)
    loose: bool = False
    dot: bool = False


@cache
def number_words() -> frozenset[str]:
    """The words with which an amount may begin."""
    return frozenset().union(*(vocabulary(field) for field in ("number", "article", "bare_scale")))


def parse(figure: str) -> tuple[Decimal, Decimal | None] | None:
    """The value of a written figure, and its grouped reading where it is ambiguous; None if malformed."""
    plain = re.sub(r"[ '_]", "", figure)
    if sum(char.isdigit() for char in plain) > MAX_DIGITS:
        return None
    dots, commas = plain.count("."), plain.count(",")
    if dots and commas:
        mark, group = (".", ",") if plain.rindex(".") > plain.rindex(",") else (",", ".")
        whole, _, rest = plain.rpartition(mark)
        if mark in whole:
            return None
        return Decimal(f"{whole.replace(group, '')}.{rest}"), None
    separators = dots + commas
    if not separators:
        return Decimal(plain), None
    bare = plain.replace(".", "").replace(",", "")
    if separators > 1:
        return (Decimal(bare), None) if _GROUPS.fullmatch(plain) else None
    value = Decimal(plain.replace(",", "."))
    whole, _, rest = plain.replace(",", ".").partition(".")
    grouped = len(rest) == 3 and 1 <= len(whole) <= 3 and whole[0] != "0"
    return value, (Decimal(bare) if grouped else None)


def amount_at(tokens: Sequence[Token], index: int, language: str = "en") -> Amount | None:
    """The number that begins at token `index`, with its scale; None where there is none.

    `language` decides "mil": a million in English, a thousand in Spanish and Portuguese.
    """
    amount = _amount_at(tokens, index)
    if amount and language == "en" and tokens[amount.last - 1].text == "mil":
        return amount._replace(value=amount.value * 1000, scale=amount.scale * 1000)
    return amount


def _amount_at(tokens: Sequence[Token], index: int) -> Amount | None:
    token = tokens[index]
    if token.kind is Kind.NUMBER:
        figure = parse(token.text)
        if figure is None:
            return None
        dot = "." in token.text and "," not in token.text
        return _scaled(tokens, Amount(figure[0], index, index + 1, figure[1], dot=dot))
    if token.kind is not Kind.WORD:
        return None
    if token.text in vocabulary("number"):
        return _spelled(tokens, index)
    following = tokens[index + 1].text if index + 1 < len(tokens) else ""
    if token.text in vocabulary("article"):
        return _counted_by_article(tokens, index, following)
    if token.text in vocabulary("bare_scale") and following in {"of", "von", "de", "d", "di"}:
        scale = Decimal(vocabulary("scale")[token.text])
        return Amount(scale, index, index + 1, scale=scale, loose=True)
    return None


def _counted_by_article(tokens: Sequence[Token], index: int, following: str) -> Amount | None:
    """The number behind an article: "a million", "a couple"."""
    if following in vocabulary("scale") and following not in LETTERS:
        return _scaled(tokens, Amount(Decimal(1), index, index + 1))
    if following in {"few", "couple", "half", "paar"}:
        return _spelled(tokens, index + 1)._replace(first=index)
    return None


def _spelled(tokens: Sequence[Token], index: int) -> Amount:
    """A number in words: "twenty five", "half a million", "two hundred thousand"."""
    numbers = vocabulary("number")
    value, at = Decimal(numbers[tokens[index].text]), index + 1
    following = tokens[at].text if at < len(tokens) else ""
    if value == _HALF and following in vocabulary("article"):
        at += 1
    elif value >= 20 and following in numbers and 1 <= Decimal(numbers[following]) < 10:
        value, at = value + Decimal(numbers[following]), at + 1
    return _scaled(tokens, Amount(value, index, at))


def _scaled(tokens: Sequence[Token], amount: Amount) -> Amount:
    """`amount` with the scales that follow it: "10M", "5 k", "2 hundred thousand", "1e6"."""
    total, at = Decimal(1), amount.last
    for _ in range(2):
        scale = _scale(tokens, at) if at < len(tokens) else None
        if scale is None:
            break
        total, at = total * scale, at + 1
    if at == amount.last:
        return amount
    return amount._replace(value=amount.value * total, grouped=None, last=at, scale=total)


def _scale(tokens: Sequence[Token], at: int) -> Decimal | None:
    word, before = tokens[at], tokens[at - 1]
    digits, gap = before.kind is Kind.NUMBER, word.start - before.end
    if word.kind is not Kind.WORD or (digits and gap > 1):
        return None
    if digits and gap == 0 and re.fullmatch(r"e\d{1,2}", word.text):
        return Decimal(10) ** int(word.text[1:])
    scale = vocabulary("scale").get(word.text)
    if scale is None or (word.text in LETTERS and not (digits and (gap == 0 or word.text in {"k", "mil"}))):
        return None
    return Decimal(scale)
