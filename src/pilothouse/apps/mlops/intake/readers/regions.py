"""Regions: provider codes, countries, cities and areas, and whether data must stay there."""

from __future__ import annotations

from collections.abc import Iterator

from pilothouse.apps.mlops.intake.lexicon.load import vocabulary
from pilothouse.apps.mlops.intake.lexicon.places import ACRONYMS
from pilothouse.apps.mlops.intake.reading import FAR, Candidate, Reading
from pilothouse.apps.mlops.intake.tokens import Kind

RESIDENCY = "data must stay there"
"""The note of a region that data may not leave."""
_DENIALS = frozenset(
    {
        *("not", "no", "without", "never", "nicht", "kein", "keine", "pas", "sans", "sin", "nie", "cannot"),
        *("don't", "mustn't"),
    }
)
_ABOUT_LANGUAGE = frozenset(
    {
        "language",
        "languages",
        "speaking",
        "text",
        "texts",
        "documents",
        "version",
        "support",
        "speech",
        "translation",
    }
)


def read_regions(reading: Reading) -> Iterator[Candidate]:
    """Places by position, each a set of one; places that are denied or lie "outside" are left out."""
    laws = {at for hit in reading.of("compliance") for at in range(hit.first, hit.last)}
    for hit in reading.of("regions"):
        if hit.last - 1 in laws:
            continue  # "the EU AI Act"
        if hit.confidence < 0.6 and reading.word(hit.last) in _ABOUT_LANGUAGE:
            continue
        yield from _place(reading, str(hit.value), hit.confidence, hit.first, hit.last, denied=hit.negated)
    hits = (hit for field, found in reading.hits.items() if field != "cloud" for hit in found)
    inside = {at for hit in hits for at in range(hit.first, hit.last)}
    for at, token in enumerate(reading.tokens):
        if token.kind is Kind.REGION:
            yield from _place(reading, token.text, 0.97, at, at + 1, denied=False)
        elif token.kind is Kind.WORD and at not in inside and len(token.text) < 5:
            written = reading.text.plain[token.start : token.end]
            place = ACRONYMS.get(written) or _in_small_letters(reading, at)
            if place and not _money(reading.word(at + 1)):
                yield from _place(reading, place, 0.85, at, at + 1, denied=_denied(reading, at))


def _in_small_letters(reading: Reading, at: int) -> str:
    """The place of "eu" in English or German, and of "us" and "uk" in a list with it ("us and eu")."""
    word = reading.word(at)
    if reading.language not in {"en", "de"} or word.upper() not in ACRONYMS:
        return ""
    if word in {"eu", "uk"}:
        return word
    near = {reading.word(index) for index in (at - 2, at + 2)} & {"eu", "uk", "apac", "asia"}
    joined = {reading.word(at - 1), reading.word(at + 1)} & {"and", "or", ",", "und", "oder"}
    return word if near and joined else ""


def _money(word: str) -> bool:
    return word == "$" or word in vocabulary("currency")


def _denied(reading: Reading, at: int) -> bool:
    words = {reading.word(index) for index in range(max(0, at - 5), at)}
    return bool(words & _DENIALS)


def _place(
    reading: Reading, place: str, confidence: float, first: int, last: int, *, denied: bool
) -> Iterator[Candidate]:
    stays = reading.near("stay", first, last, back=5, ahead=4) < FAR
    only = reading.near("only", first, last, back=2, ahead=1) < FAR
    leaves = reading.near("leave", first, last, back=4, ahead=3) < FAR
    outside = reading.near("outside", first, last, back=3, ahead=0) < FAR
    if outside and not (denied or _denied(reading, first)):
        return  # users outside the EU say nothing about where data is kept
    if denied and not (leaves or outside):
        return
    bound = place != "global" and (stays or only or leaves or outside)
    note = RESIDENCY if bound else ""
    yield Candidate("regions", (place,), 0.97 if bound else confidence, first, last, note=note)
