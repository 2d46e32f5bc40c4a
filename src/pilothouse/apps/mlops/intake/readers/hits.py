"""Fields that are said in words alone: use case, model family, GPU, kinds of data, rules, networks."""

from __future__ import annotations

from collections.abc import Iterator

from pilothouse.apps.mlops.intake.reading import Candidate, Reading

_CHOICES = ("use_case", "model_family", "latency_ms", "latency_percentile", "retraining_days", "availability")
_SETS = ("data_kinds", "compliance", "sources")
_TRUTHS = ("gpu", "personal_data", "explainability", "human_review")
_ONLY_TRUE = ("offline", "open_source_only")


def read_choices(reading: Reading) -> Iterator[Candidate]:
    """One value each; what is denied is not a choice."""
    for field in _CHOICES:
        for hit in reading.of(field):
            if not hit.negated:
                yield Candidate(field, hit.value, hit.confidence, hit.first, hit.last)


def read_sets(reading: Reading) -> Iterator[Candidate]:
    """Several values each: regimes, kinds of data, sources; "no compliance requirements" is the empty set."""
    for field in _SETS:
        for hit in reading.of(field):
            if not hit.negated:
                yield Candidate(field, (hit.value,), hit.confidence, hit.first, hit.last)
    for hit in reading.of("no_regime"):
        yield Candidate("compliance", (), hit.confidence, hit.first, hit.last, note="no regime applies")


def read_truths(reading: Reading) -> Iterator[Candidate]:
    """Yes or no; a denial turns it round ("no GPUs", "black box not acceptable")."""
    for field in _TRUTHS:
        for hit in reading.of(field):
            value = bool(hit.value) is not hit.negated
            yield Candidate(field, value, hit.confidence, hit.first, hit.last)
    for field in _ONLY_TRUE:
        for hit in reading.of(field):
            if not hit.negated or (field == "open_source_only" and hit.confidence < 0.9):
                yield Candidate(field, True, hit.confidence, hit.first, hit.last)
