"""Chooses one value per field from its candidates, and says where two statements cannot both hold.

What is corrected gives way to the correction; otherwise the surer statement wins. Where two sure ones
differ, the earlier stands and the clash is reported, except for sizes, where the larger one stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from pilothouse.apps.mlops.intake.readers.regions import RESIDENCY
from pilothouse.apps.mlops.intake.reading import Candidate, Reading
from pilothouse.apps.mlops.intake.tokens import Kind
from pilothouse.apps.mlops.requirements import Budget

UNIONS = frozenset(
    {
        *("sources", "data_kinds", "compliance", "regions", "existing_stack", "excluded_technologies"),
        "excluded_clouds",
    }
)
"""Fields that hold a set: what is said about them adds up."""
SIZES = frozenset(
    {"throughput_rps", "users", "data_volume_gb", "devices", "context_documents", "retention_days"}
)
"""Fields of which the larger of several statements is the one to design for."""
CLASHING = frozenset(
    {
        *("budget", "latency_ms", "availability", "cloud", "gpu", "on_premises", "personal_data"),
        *("retraining_days", "deadline_weeks", "team_size"),
    }
)
"""Fields of which two different statements are worth a question."""
SURE = 0.75
"""Statements below this confidence give way without a question."""
_MARGIN = 0.1
_LIKE = 0.03
_SAME_THING = 10
"""Latencies further apart than this factor are about different things."""
_COVERED = 14
"""Words of one set within this many tokens of one sentence share a span."""


class Clash(NamedTuple):
    """Two statements about one field of which only one can hold."""

    field: str
    kept: Candidate
    other: Candidate


def resolve(reading: Reading, candidates: Iterable[Candidate]) -> tuple[dict[str, Candidate], list[Clash]]:
    """The candidate chosen for each field, and at most one clash per field."""
    by_field: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_field.setdefault(candidate.field, []).append(candidate)
    chosen: dict[str, Candidate] = {}
    clashes: list[Clash] = []
    for field, said in by_field.items():
        said.sort(key=lambda candidate: (candidate.first, -candidate.confidence))
        if field in UNIONS:
            chosen[field] = _union(reading, field, said)
            continue
        chosen[field], clash = _single(reading, field, _of_highest_percentile(field, said, by_field))
        if clash:
            clashes.append(clash)
    return chosen, clashes


def _of_highest_percentile(
    field: str, said: list[Candidate], by_field: dict[str, list[Candidate]]
) -> list[Candidate]:
    """Of "p50 under 50 ms, p99 under 200 ms", what belongs to the p99."""
    percentiles = by_field.get("latency_percentile", [])
    if len({item.value for item in percentiles}) < 2 or field not in {"latency_ms", "latency_percentile"}:
        return said
    highest = max(percentiles, key=lambda item: float(str(item.value)))
    if field == "latency_percentile":
        return [highest]
    return [min(said, key=lambda item: abs(item.first - highest.first))]


def _single(reading: Reading, field: str, said: Sequence[Candidate]) -> tuple[Candidate, Clash | None]:
    kept, clash = said[0], None
    for later in said[1:]:
        if alike(kept.value, later.value) and (field != "availability" or kept.value == later.value):
            kept = max(kept, later, key=lambda candidate: candidate.confidence)
        elif (
            reading.corrected_between(kept.last, later.first) or later.confidence > kept.confidence + _MARGIN
        ):
            kept, clash = later, None
        elif kept.confidence > later.confidence + _MARGIN:
            continue
        elif field in SIZES:
            kept = max(kept, later, key=lambda candidate: float(str(candidate.value)))
        elif clash is None and _clashes(field, kept, later):
            clash = Clash(field, kept, later)
        elif clash is None and later.confidence > kept.confidence:
            kept = later
    return kept, clash


def _clashes(field: str, one: Candidate, other: Candidate) -> bool:
    if field not in CLASHING or min(one.confidence, other.confidence) < SURE:
        return False
    if field == "latency_ms":
        values = sorted((float(str(one.value)), float(str(other.value))))
        return values[1] < values[0] * _SAME_THING
    if isinstance(one.value, Budget) and isinstance(other.value, Budget):
        return (one.value.stated_period == "project") == (other.value.stated_period == "project")
    return True


def alike(one: object, other: object) -> bool:
    """Whether two values say the same, numbers within 3 %."""
    if isinstance(one, Budget) and isinstance(other, Budget):
        same = one.currency == other.currency
        return same and alike(float(one.monthly), float(other.monthly))
    if isinstance(one, float | int) and isinstance(other, float | int) and not isinstance(one, bool):
        return abs(one - other) <= _LIKE * max(abs(one), abs(other))
    return one == other


def _union(reading: Reading, field: str, said: list[Candidate]) -> Candidate:
    if field == "regions":
        said = _narrowed(reading, said)
    filled = [candidate for candidate in said if candidate.value]
    if not filled:
        return said[0]
    values: dict[object, None] = {}
    for candidate in filled:
        if isinstance(candidate.value, tuple):
            values.update(dict.fromkeys(candidate.value))
    surest = max(filled, key=lambda candidate: candidate.confidence)
    first, last = filled[0].first, max(candidate.last for candidate in filled)
    if last - first > _COVERED or any(token.kind is Kind.STOP for token in reading.tokens[first:last]):
        first, last = surest.first, surest.last
    note = "; ".join(dict.fromkeys(candidate.note for candidate in filled if candidate.note))
    return replace(surest, value=tuple(values), first=first, last=last, note=note)


def _narrowed(reading: Reading, said: list[Candidate]) -> list[Candidate]:
    """The places that count: after a correction, of a stated residency, else the stated over the hinted."""
    for index in range(len(said) - 1, 0, -1):
        if reading.corrected_between(said[index - 1].last, said[index].first):
            said = said[index:]
            break
    bound = [place for place in said if place.note == RESIDENCY]
    if bound:
        return bound + [place for place in said if place.note != RESIDENCY and place.confidence >= 0.95]
    return [place for place in said if place.confidence >= 0.6] or said
