"""One pass over a prompt: its tokens, what its words say, its quantities, and where corrections stand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pilothouse.apps.mlops.intake.language import UNKNOWN, language
from pilothouse.apps.mlops.intake.lexicon.load import lexicon
from pilothouse.apps.mlops.intake.lexicon.match import Hit, scan
from pilothouse.apps.mlops.intake.polarity import SILENT, negate, takes_back
from pilothouse.apps.mlops.intake.quantities import Quantity, quantities
from pilothouse.apps.mlops.intake.text import Text, fold
from pilothouse.apps.mlops.intake.tokens import Kind, Token, tokenize
from pilothouse.apps.mlops.requirements import Span

FAR = 99
"""The distance to a cue that is not there."""
CORRECTION_REACH = 14
"""The most tokens between a correction and what it corrects to."""
_BOUNDS = ("max", "min", "about")
_DETOURS = {Kind.COMMA: 2, Kind.NUMBER: 2}
"""What a comma or another number adds to the distance."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One reading of one field: tokens `first` to `last` (exclusive) say it, with `confidence` in [0, 1]."""

    field: str
    value: object
    confidence: float
    first: int
    last: int
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A prompt as readers see it. `hits` are by field, `cues[i]` names the cues that cover token `i`.

    `named` are all cues that occur, `corrections` the tokens at which a correction begins.
    """

    text: Text
    tokens: Sequence[Token]
    hits: Mapping[str, Sequence[Hit]]
    quantities: Sequence[Quantity]
    cues: Sequence[frozenset[str]]
    named: frozenset[str]
    corrections: Sequence[int]
    language: str

    def span(self, first: int, last: int) -> Span:
        """The words of the prompt behind tokens `first` to `last` (exclusive)."""
        return self.text.span(self.tokens[first].start, self.tokens[last - 1].end)

    def of(self, field: str) -> Sequence[Hit]:
        """The hits of `field`, by position."""
        return self.hits.get(field, ())

    def near(self, cue: str, first: int, last: int, *, back: int = 6, ahead: int = 4) -> int:
        """How many tokens lie between tokens `first` to `last` (exclusive) and the nearest `cue`, or `FAR`.

        Looks at most `back` tokens back and `ahead` tokens ahead, within the sentence; a comma or
        another number counts as three.
        """
        if cue not in self.named:
            return FAR
        if any(cue in self.cues[index] for index in range(first, last)):
            return 0
        return min(self._distance(cue, first - 1, -1, back), self._distance(cue, last, 1, ahead))

    def _distance(self, cue: str, at: int, step: int, reach: int) -> int:
        distance = 1
        while 0 <= at < len(self.tokens) and distance <= reach:
            if cue in self.cues[at]:
                return distance
            kind = self.tokens[at].kind
            if kind is Kind.STOP:
                break
            distance += 1 + _DETOURS.get(kind, 0)
            at += step
        return FAR

    def word(self, at: int) -> str:
        """The word at token `at`, or "" where there is none."""
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def corrected_between(self, earlier: int, later: int) -> bool:
        """Whether a correction ("sorry", "no, …", "actually") leads from token `earlier` to `later`."""
        place = bisect_right(self.corrections, later) - 1
        return place >= 0 and self.corrections[place] >= max(earlier, later - CORRECTION_REACH)


def look(prompt: str) -> Reading:
    """The reading of `prompt`, in time linear in its length."""
    text = fold(prompt)
    tokens = tokenize(text)
    found = scan(tokens, lexicon())
    cues = _cues(tokens, found)
    code = language(tokens, known=any(hit.field not in SILENT for hit in found))
    hits: dict[str, list[Hit]] = {}
    for said in negate(tokens, found, code):
        hits.setdefault(said.field, []).append(said)
    names = {at for hit in found if _names_number(hit) for at in range(hit.first, hit.last)}
    amounts = [
        _bounded(quantity, tokens, cues)
        for quantity in quantities(text, tokens, code)
        if _number(quantity, tokens) not in names
    ]
    corrections = [
        hit.first
        for hit in found
        if hit.field == "correction" or (hit.field == "polarity" and takes_back(tokens, hit))
    ]
    if code == UNKNOWN and any(quantity.unit for quantity in amounts):
        code = "en"
    present = frozenset(str(hit.value) for hit in found if hit.field == "cue")
    return Reading(text, tokens, hits, amounts, cues, present, corrections, code)


def _names_number(hit: Hit) -> bool:
    """Whether a number inside `hit` is part of a name ("SOC 2", "three nines") and measures nothing."""
    if hit.gapped or hit.field == "polarity":
        return False
    return hit.field != "cue" or hit.last - hit.first > 1


def _number(quantity: Quantity, tokens: Sequence[Token]) -> int:
    """The token of the figure itself, behind a currency."""
    return next(
        (at for at in range(quantity.first, quantity.last) if tokens[at].kind is Kind.NUMBER), quantity.first
    )


def _cues(tokens: Sequence[Token], hits: Sequence[Hit]) -> list[frozenset[str]]:
    cues: list[frozenset[str]] = [frozenset()] * len(tokens)
    for hit in hits:
        if hit.field == "cue":
            for at in range(hit.first, hit.last):
                cues[at] |= {str(hit.value)}
    return cues


def _bounded(quantity: Quantity, tokens: Sequence[Token], cues: Sequence[frozenset[str]]) -> Quantity:
    """`quantity` with the comparison that stands before it ("under", "<", "at least") or right behind it."""
    for at in range(quantity.first - 1, max(quantity.first - 4, -1), -1):
        token = tokens[at]
        if token.kind is Kind.SYMBOL and token.text in "<>~":
            return replace(quantity, bound={"<": "max", ">": "min", "~": "about"}[token.text])
        bound = next((name for name in _BOUNDS if name in cues[at]), "")
        if bound:
            return replace(quantity, bound=bound)
        if token.kind > Kind.SYMBOL or token.kind is Kind.NUMBER:
            break
    behind = cues[quantity.last] if quantity.last < len(tokens) else frozenset[str]()
    if "max" in behind and tokens[quantity.last].text.startswith(("max", "hochst")):
        return replace(quantity, bound="max")
    return quantity
