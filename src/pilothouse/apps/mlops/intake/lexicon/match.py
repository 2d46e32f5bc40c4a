"""Finds the phrases of the lexicon in a text: longest first, each field on its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

from pilothouse.apps.mlops.intake.lexicon.load import Lexicon
from pilothouse.apps.mlops.intake.tokens import Kind, Token

SKIPPED = 3
"""The most words that "~" stands for."""


class Hit(NamedTuple):
    """Tokens `first` to `last` (exclusive) say that `field` is `value`, or is not if `negated`.

    `gapped` says that the phrase skips words in between. A negated hit begins or ends with its negation.
    """

    field: str
    value: object
    confidence: float
    first: int
    last: int
    negated: bool = False
    gapped: bool = False


def scan(tokens: Sequence[Token], lexicon: Lexicon) -> list[Hit]:
    """The hits in `tokens` by position; of overlapping hits of one field the first and longest stays.

    Whatever is only a part of a phrase of the field "ignored" is dropped. Linear in the number of tokens:
    phrases have at most eight words, and a word begins a bounded number of them.
    """
    found = list(_candidates(tokens, lexicon))
    found.sort(key=lambda hit: (hit.first, -hit.last, -hit.confidence))
    taken: dict[str, int] = {}
    ignored = (0, 0)
    kept: list[Hit] = []
    for hit in found:
        if hit.field == "ignored":
            ignored = max(ignored, (hit.first, hit.last), key=itemgetter(1))
        elif _inside(hit, ignored) and hit.field not in {"cue", "polarity"}:
            continue
        key = f"cue {hit.value}" if hit.field == "cue" else hit.field
        if hit.first >= taken.get(key, 0):
            taken[key] = hit.last
            kept.append(hit)
    return kept


def _inside(hit: Hit, phrase: tuple[int, int]) -> bool:
    """Whether `hit` is a part of the tokens `phrase`, and not the whole."""
    return hit.last <= phrase[1] and (hit.first, hit.last) != phrase


def _candidates(tokens: Sequence[Token], lexicon: Lexicon) -> Iterator[Hit]:
    last = len(tokens) - 1
    for index, token in enumerate(tokens):
        if token.kind > Kind.SYMBOL:
            continue
        following = tokens[index + 1].text if index < last else ""
        for entry in lexicon.starting(token.text, following):
            end = _match(tokens, index, entry.words)
            if end:
                yield Hit(entry.field, entry.value, entry.confidence, index, end, gapped="~" in entry.words)


def _match(tokens: Sequence[Token], first: int, words: Sequence[str]) -> int:
    """The token after the phrase `words` if it begins at `first`, else 0."""
    at = first
    for position, word in enumerate(words):
        if word == "~":
            return _match_after_gap(tokens, at, words[position + 1 :])
        if at >= len(tokens) or not _same(tokens[at], word):
            return 0
        at += 1
    return at


def _match_after_gap(tokens: Sequence[Token], at: int, words: Sequence[str]) -> int:
    for skipped in range(SKIPPED + 1):
        if skipped and (at + skipped > len(tokens) or tokens[at + skipped - 1].kind > Kind.SYMBOL):
            return 0
        end = _match(tokens, at + skipped, words)
        if end:
            return end
    return 0


def _same(token: Token, word: str) -> bool:
    if token.kind > Kind.SYMBOL:
        return False
    if word[-1] == "*":
        return token.text.startswith(word[:-1])
    if word[0] == "*":
        return token.text.endswith(word[1:])
    return token.text == word
