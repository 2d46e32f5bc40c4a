"""How versions did, and where they differ."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pilothouse.evaluations.comparing import difference, faults, in_words, standing
from pilothouse.evaluations.schemas import OVER, Mark, Reply, Sheet, Trial


def sheet(version: str, *passed: str) -> Sheet:
    """A sheet whose cases have the repeats that a word tells: `++-` is passed twice of three times."""
    trials = [
        Trial(
            str(case),
            repeat,
            Reply(1, tokens=10, cost=Decimal("0.01"), latency_ms=float(repeat)),
            (Mark("equals", float(sign == "+")),),
        )
        for case, word in enumerate(passed)
        for repeat, sign in enumerate(word, start=1)
    ]
    return Sheet(version, "m", trials)


def test_how_a_version_did() -> None:
    told = standing(sheet("3", "+++", "++-", "---"))
    assert (told.cases, told.repeats, told.failures) == (3, 3, 0)
    assert told.passed.value == pytest.approx(5 / 9)
    assert told.passed.low < 5 / 9 < told.passed.high
    assert told.agreement == pytest.approx(7 / 9)
    assert told.checks == {"equals": pytest.approx(5 / 9)}
    assert (told.tokens, told.cost, told.latency_p50_ms, told.latency_p95_ms) == (
        90,
        Decimal("0.09"),
        2.0,
        3.0,
    )


def test_a_case_counts_as_passed_where_most_of_its_repeats_are() -> None:
    told = difference(sheet("4", *["++-"] * 8, "---"), sheet("3", *["+--"] * 8, "+++"))
    assert (told.only_this, told.only_other) == (8, 1)
    assert (told.verdict, told.p_value < 0.05) == ("better", True)


def test_a_small_difference_is_none() -> None:
    told = difference(sheet("4", "+", "+", "-"), sheet("3", "+", "-", "-"))
    assert (told.verdict, told.p_value) == ("no difference shown", 1.0)


def test_what_does_worse_is_said_to_do_so() -> None:
    assert difference(sheet("4", *["-"] * 8), sheet("3", *["+"] * 8)).verdict == "worse"


def test_the_baseline_has_to_pass_what_is_required_only_where_it_is_alone() -> None:
    poor, good = sheet("3", "-", "+"), sheet("4", "+", "+")
    standings = [standing(poor), standing(good)]
    assert faults(standings, [difference(good, poor)], 0.9, "3") == []
    assert faults(standings[:1], [], 0.9, "3") == ["3 with m passes 50.0%, less than the required 90.0%."]


def test_what_was_not_asked_counts_nowhere() -> None:
    trials = [*sheet("4", "+").trials, Trial("9", 1, Reply(None, OVER))]
    told = standing(Sheet("4", "m", trials))
    assert (told.cases, told.left_out, told.passed.value, told.failures) == (1, 1, 1.0, 0)
    assert difference(Sheet("4", "m", trials), sheet("3", "-")).cases == 1
    assert len(faults([told], [], None, "4")) == 1


def test_a_difference_is_told_in_words() -> None:
    told = in_words(difference(sheet("4", "+", "+"), sheet("3", "+", "-")))
    assert told.startswith("4 with m: no difference shown to 3 with m. Of 2 cases it alone passes 1, ")
