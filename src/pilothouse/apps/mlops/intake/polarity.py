"""What a negation reaches: "not AWS, Azure", "without GPUs or Spark", "AWS is not allowed"."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.apps.mlops.intake.lexicon.grammar import BARRIERS
from pilothouse.apps.mlops.intake.lexicon.match import Hit
from pilothouse.apps.mlops.intake.tokens import Kind, Token

REACH = 6
"""The most words between a negation and what it denies."""
SILENT = frozenset({"cue", "polarity", "ignored", "correction"})
"""Fields of hits that state nothing."""
_JOINTS = frozenset(
    {"or", "nor", "and", "oder", "und", "noch", "ou", "et", "ni", "o", "u", "y", "e", "and/or"}
)
_ALTERNATIVES = frozenset({"or", "nor", "oder", "noch", "ou", "ni", "o", "u"})
_PLURALS = frozenset({"are", "sind", "sont", "son", "both", "beide"})


def negate(tokens: Sequence[Token], hits: Sequence[Hit], language: str) -> list[Hit]:
    """The `hits` that say something, with `negated` set on those that a negation reaches.

    Looks at a bounded number of tokens around each negation, so it takes linear time. In Portuguese, "no"
    means "in the".
    """
    said = [hit for hit in hits if hit.field not in SILENT]
    starts: dict[int, list[int]] = {}
    ends: dict[int, list[int]] = {}
    covered: set[int] = set()  # by phrases that hold their own negation, as "no internet"
    for number, hit in enumerate(said):
        starts.setdefault(hit.first, []).append(number)
        ends.setdefault(hit.last, []).append(number)
        covered.update(range(hit.first, hit.last))
    denied: dict[int, Hit] = {}
    for cue in hits:
        if cue.field != "polarity" or cue.value == "neutral" or cue.first in covered:
            continue
        if language == "pt" and tokens[cue.first].text == "no":
            continue
        to = cue.last < len(tokens) and tokens[cue.last].text == "to"
        if cue.value == "after" and not to:
            denied.update(dict.fromkeys(_behind(tokens, said, ends, cue), cue))
        elif not takes_back(tokens, cue):
            denied.update(dict.fromkeys(_ahead(tokens, said, starts, cue), cue))
    return [_turned(hit, denied.get(number)) for number, hit in enumerate(said)]


def _turned(hit: Hit, cue: Hit | None) -> Hit:
    """`hit`, negated and with its negation where there is one."""
    if cue is None:
        return hit
    first, last = min(hit.first, cue.first), max(hit.last, cue.last)
    if last - first > REACH + 2:
        first, last = hit.first, hit.last
    return hit._replace(negated=True, first=first, last=last)


def takes_back(tokens: Sequence[Token], cue: Hit) -> bool:
    """Whether a "no" stands alone ("AWS. No, Azure") and so takes back what was said before it."""
    end = cue.last >= len(tokens) or tokens[cue.last].kind in {Kind.COMMA, Kind.STOP}
    return cue.value == "bare" and end


def _ahead(tokens: Sequence[Token], said: Sequence[Hit], starts: dict[int, list[int]], cue: Hit) -> set[int]:
    """The hits after a negation: the nearest one, and those listed with it."""
    at, reached = cue.last, min(cue.last + REACH, len(tokens))
    while at < reached and at not in starts:
        if tokens[at].kind is not Kind.WORD or (tokens[at].text in BARRIERS and at > cue.last):
            return set()
        at += 1
    items: list[list[int]] = []
    denied = 1
    while at in starts and len(items) < REACH:
        items.append(starts[at])
        joint, at = _joint(tokens, max(said[number].last for number in starts[at]), wide=cue.value != "bare")
        if joint == "joint":
            denied = len(items) + 1  # a list is denied as far as an "or" closes it
        elif joint == "end":
            break
    return {number for item in items[:denied] for number in item}


def _joint(tokens: Sequence[Token], at: int, *, wide: bool) -> tuple[str, int]:
    """How a list goes on at token `at` ("joint", "comma" or "end"), and where its next item begins."""
    if at >= len(tokens):
        return "end", at
    comma = tokens[at].kind is Kind.COMMA
    if comma:
        at += 1
    word = tokens[at].text if at < len(tokens) else ""
    if word in _JOINTS and (wide or word in _ALTERNATIVES):
        return "joint", at + 1
    return ("comma", at) if comma else ("end", at)


def _behind(tokens: Sequence[Token], said: Sequence[Hit], ends: dict[int, list[int]], cue: Hit) -> set[int]:
    """The hits before "is not allowed": the nearest one, and its list where the verb is a plural."""
    at, plural = cue.first, False
    floor = max(0, cue.first - REACH)
    while at > floor and at not in ends:
        at -= 1
        if tokens[at].kind > Kind.REGION:
            return set()
        plural = plural or tokens[at].text in _PLURALS
    denied: set[int] = set()
    for _ in range(REACH):
        if at not in ends:
            break
        denied.update(ends[at])
        first = min(said[number].first for number in ends[at])
        at = first
        while plural and at > 0 and (tokens[at - 1].kind is Kind.COMMA or tokens[at - 1].text in _JOINTS):
            at -= 1
        if at == first:
            break
    return denied
