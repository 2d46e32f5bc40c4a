"""How much a text reads like an attack on a model, and where. A weak signal by nature."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pilothouse.guards.findings import Act, Finding, Severity
from pilothouse.guards.injection.code import code
from pilothouse.guards.injection.markup import carriers
from pilothouse.guards.injection.model import Model, logit, probability, trained_model
from pilothouse.guards.injection.normalising import Found, Normalised, normalise
from pilothouse.guards.injection.reading import features, word_classes

TOP = 3
"""Passages that are looked at when a text is judged as a whole, and in which its type is read."""
_STEEPEST = 8.0  # log odds of a passage count no further than this
_STRONG = 1.5  # log odds from which a passage counts as one of an attack
_CARRIED_OUT = frozenset({"!send>secret", "!send>link", "!secret>link"})
_IMAGE, _LINK = 0.8, 0.6  # judgement: an image is fetched without a click


class Scored(NamedTuple):
    """A passage with its features and its log odds of being part of an attack."""

    found: Found
    features: Sequence[str]
    rules: Sequence[str]
    log_odds: float


def score(normalised: Normalised, model: Model) -> list[Scored]:
    """Every passage of a text with its log odds."""
    classes = word_classes()
    scored = []
    for one in normalised.found:
        read, held = features(one.passage.words, classes)
        scored.append(Scored(one, read, held, logit(model.attack, model.attack_bias, read, held)))
    return scored


def whole_features(scored: Sequence[Scored], tricks: Mapping[str, int]) -> dict[str, float]:
    """What the last linear model sees of a text: its strongest passages, their number, its tricks."""
    odds = sorted((max(-_STEEPEST, min(_STEEPEST, one.log_odds)) for one in scored), reverse=True)
    strong = [value for value in odds if value > _STRONG]
    seen = {
        "bias": 1.0,
        "first": odds[0] if odds else -_STEEPEST,
        "second": max(0.0, odds[1]) if len(odds) > 1 else 0.0,
        "third": max(0.0, odds[2]) if len(odds) > 2 else 0.0,
        "strong": math.log1p(len(strong)),
        "share": len(strong) / max(1, len(odds)),
        "length": math.log1p(len(odds)),
        "hidden_warm": float(any(one.found.hidden and one.log_odds > -1 for one in scored)),
        "decoded_warm": float(any(one.found.original and one.log_odds > -1 for one in scored)),
    }
    for name in ("zero_width", "bidirectional", "tagged", "look_alike", "leetspeak", "decoded"):
        if name in tricks:
            seen[name] = math.log1p(min(tricks[name], 20))
    return seen


class InjectionGuard:
    """Looks for attacks on models and for harmful code. Holds no state but its weights; safe between threads.

    `threshold` is the confidence in [0, 1] from which anything is reported; by default the model's own for
    attacks, and none for code and addresses that carry data out, whose confidences are fixed.
    """

    def __init__(
        self, model: Model | None = None, *, threshold: float | None = None, action: Act = Act.FLAG
    ) -> None:
        self._model = model
        self._threshold = threshold
        self._action = action

    def scan(self, text: str, *, outside: bool = False) -> list[Finding]:
        """The findings in a text, strongest first, at most one attack and each place of code once.

        `outside` says that the text is data (a tool result, a mail, a file), so that an attack in it is an
        indirect one. Types: `direct_injection`, `indirect_injection`, `jailbreak`, `exfiltration`, `script`,
        `shell`. Time is linear in the text's length; no text makes it raise.
        """
        normalised = normalise(text)
        least = 0.0 if self._threshold is None else self._threshold
        places = [(one.type, one.start, one.end, one.confidence) for one in code(text)]
        places += [
            ("exfiltration", span.start, span.end, _IMAGE if span.kind == "image" else _LINK)
            for span in carriers(text)
        ]
        found = [self._finding(*place) for place in places if place[3] >= least]
        attack = self._attack(normalised, outside=outside)
        if attack is not None:
            found.append(attack)
        return sorted(found, key=lambda one: -one.confidence)

    def confidence(self, text: str) -> float:
        """How much a text reads like an attack, in [0, 1], whatever the threshold; code is left out."""
        model = self._model or trained_model()
        normalised = normalise(text)
        return _confidence(score(normalised, model), normalised.tricks, model)

    def _attack(self, normalised: Normalised, *, outside: bool) -> Finding | None:
        model = self._model or trained_model()
        scored = score(normalised, model)
        confidence = _confidence(scored, normalised.tricks, model)
        if not scored or confidence < (model.threshold if self._threshold is None else self._threshold):
            return None
        strongest = heapq.nlargest(TOP, scored, key=lambda one: one.log_odds)
        start, end = strongest[0].found.start, strongest[0].found.end
        if not strongest[0].found.original:
            start, end = normalised.folded.origin(start, end)
        return self._finding(_type(strongest, scored, model, outside=outside), start, end, confidence)

    def _finding(self, kind: str, start: int, end: int, confidence: float) -> Finding:
        severity = Severity.HIGH if confidence >= 0.8 else Severity.MEDIUM
        return Finding(kind, start, end, round(confidence, 4), severity, self._action)


def _confidence(scored: Sequence[Scored], tricks: Mapping[str, int], model: Model) -> float:
    seen = whole_features(scored, tricks)
    return probability(sum(value * model.whole.get(name, 0.0) for name, value in seen.items()))


def _type(strongest: Sequence[Scored], scored: Sequence[Scored], model: Model, *, outside: bool) -> str:
    first = strongest[0]
    if _CARRIED_OUT.intersection(first.rules):
        return "exfiltration"
    warm = [one for one in strongest if one.log_odds > 0] or [first]
    odds = [logit(model.jailbreak, model.jailbreak_bias, one.features, one.rules) for one in warm]
    if sum(odds) / len(odds) > 0 and not outside:
        return "jailbreak"
    among = sum(one.log_odds > 0 for one in scored) * 3 < len(scored) and first is not scored[0]
    return "indirect_injection" if outside or first.found.hidden or among else "direct_injection"
