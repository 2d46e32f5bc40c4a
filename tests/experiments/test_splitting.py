"""Who is in which arm: stable, as large as the weights, and moved only where a weight says so."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.experiments.splitting import (
    CONTROL,
    EVERYTHING,
    PLACES,
    Range,
    arm_at,
    divided,
    place_of,
    places_of,
)

WEIGHTS = st.fixed_dictionaries({name: st.integers(0, 33) for name in ("a", "b", "c")})


def arms(ranges: list[Range]) -> list[str]:
    return [arm_at(ranges, place) for place in range(0, PLACES, 50)]


@given(st.lists(WEIGHTS, min_size=2, max_size=4))
@settings(max_examples=15)
def test_a_subject_moves_only_where_its_arm_lost_or_the_control_gave(history: list[dict[str, int]]) -> None:
    ranges, before = list(EVERYTHING), dict.fromkeys(("a", "b", "c"), 0)
    for weights in history:
        moved = divided(ranges, {name: weight * 100 for name, weight in weights.items()})
        for one, other in zip(arms(ranges), arms(moved), strict=True):
            if one != other:
                lost = one == CONTROL or weights[one] < before[one]
                gained = other == CONTROL or weights[other] > before[other]
                assert lost
                assert gained
        ranges, before = moved, weights
    sizes = {name: sum(part.end - part.start for part in ranges if part.arm == name) for name in before}
    assert sizes == {name: weight * 100 for name, weight in before.items()}


def test_a_rollout_only_adds_subjects() -> None:
    ranges, had = list(EVERYTHING), set[int]()
    for stage in (1, 10, 50, 100):
        ranges = divided(ranges, {"candidate": stage * 100})
        has = {place for place in range(PLACES) if arm_at(ranges, place) == "candidate"}
        assert has >= had
        assert len(has) == stage * 100
        had = has
    assert ranges == [Range(0, PLACES, "candidate")]


def test_what_is_taken_back_and_given_again_goes_to_the_same_subjects() -> None:
    half = divided(EVERYTHING, {"a": 5_000})
    assert divided(divided(half, {"a": 0}), {"a": 5_000}) == half
    assert divided(half, {}) == list(EVERYTHING)
    assert divided(half, {"a": 1_000}) == divided(EVERYTHING, {"a": 1_000})


def test_subjects_are_split_by_their_hash_and_differently_in_each_experiment() -> None:
    ranges = divided(EVERYTHING, {"a": places_of(Decimal("12.5"))})
    chosen = {
        name: {n for n in range(4_000) if arm_at(ranges, place_of(name, str(n))) == "a"} for name in "xy"
    }
    assert all(430 < len(those) < 570 for those in chosen.values())
    assert len(chosen["x"] & chosen["y"]) < 110
    assert place_of("x", "ada") == place_of("x", "ada") < PLACES


def test_more_than_everything_is_refused() -> None:
    with pytest.raises(ValueError, match="100 %"):
        divided(EVERYTHING, {"a": 6_000, "b": 5_000})
