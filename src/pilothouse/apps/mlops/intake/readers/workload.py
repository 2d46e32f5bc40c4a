"""How predictions are made: the leading one of the ways that the text names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pilothouse.apps.mlops.intake.lexicon.match import Hit
from pilothouse.apps.mlops.intake.quantities import Measure
from pilothouse.apps.mlops.intake.reading import FAR, Candidate, Reading
from pilothouse.apps.mlops.requirements import Workload

PRECEDENCE = (
    Workload.EDGE,
    Workload.RAG,
    Workload.STREAMING,
    Workload.ONLINE,
    Workload.BATCH,
    Workload.TRAINING,
)
"""Of several that are stated, the first here shapes the system; the others are noted."""
STATED = 0.85
"""From this confidence on, a word states a way of predicting rather than hinting at it."""


@dataclass(frozen=True, slots=True)
class Ways:
    """The surest hit of each way of predicting, and those that the text calls the only one."""

    best: dict[Workload, Hit]
    only: frozenset[Workload]


def ways(reading: Reading) -> Ways:
    """The ways of predicting that are named and not denied; a "nightly" beside "retrain" is not one."""
    best: dict[Workload, Hit] = {}
    only: set[Workload] = set()
    for hit in reading.of("workload"):
        way = hit.value
        if not isinstance(way, Workload) or hit.negated:
            continue
        if way is Workload.BATCH and _about_training(reading, hit):
            continue
        if way not in best or hit.confidence > best[way].confidence:
            best[way] = hit
        if reading.near("only", hit.first, hit.last, back=4, ahead=2) < FAR:
            only.add(way)
    return Ways(best, frozenset(only))


def _about_training(reading: Reading, hit: Hit) -> bool:
    return reading.near("retraining", hit.first, hit.last, back=4, ahead=3) < FAR


def read_workload(reading: Reading) -> Iterator[Candidate]:
    """The leading way of predicting; batch where real time is only denied."""
    found = ways(reading)
    stated = [way for way in PRECEDENCE if way in found.best and found.best[way].confidence >= STATED]
    hinted = sorted(found.best, key=lambda way: (-found.best[way].confidence, PRECEDENCE.index(way)))
    if leading := (stated or hinted):
        hit = found.best[leading[0]]
        others = ", ".join(way.value for way in stated[1:])
        note = f"also named: {others}" if others else ""
        yield Candidate("workload", leading[0], hit.confidence, hit.first, hit.last, note=note)
        return
    if scheduled := _scheduled(reading):
        yield scheduled
        return
    for hit in reading.of("workload"):
        if hit.negated and hit.value in {Workload.ONLINE, Workload.STREAMING} and hit.confidence >= STATED:
            note = "real time is said not to be needed"
            yield Candidate("workload", Workload.BATCH, 0.7, hit.first, hit.last, note=note)
            return


def _scheduled(reading: Reading) -> Candidate | None:
    """A batch where predictions are made "every week" or "every 15 minutes"."""
    spots = [(hit.first, hit.last) for hit in reading.of("frequency") if not hit.negated]
    spots += [
        (quantity.first - 1, quantity.last)
        for quantity in reading.quantities
        if quantity.measure is Measure.DURATION
        and quantity.unit not in {"ms", "second"}
        and quantity.first
        and "every" in reading.cues[quantity.first - 1]
    ]
    for first, last in spots:
        scored = reading.near("scoring", first, last, back=8, ahead=4)
        if scored < reading.near("retraining", first, last, back=6, ahead=4):
            return Candidate("workload", Workload.BATCH, 0.75, first, last, note="predictions on a schedule")
    return None
