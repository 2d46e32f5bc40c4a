"""What a result says in words, and how differences are told."""

from __future__ import annotations

import math

import pytest

from pilothouse.experiments.measuring import Tally
from pilothouse.experiments.results import compared, result_of, told
from pilothouse.experiments.schemas import Comparison, Metric


def tally(calls: int, valid: int, log: float = 6.0) -> Tally:
    return Tally(
        calls=calls,
        valid=valid,
        latency_log=log * calls,
        latency_squares=(log**2 + 0.01) * calls,
        cost_log=-6.0 * calls,
        cost_squares=36.01 * calls,
    )


def test_latencies_are_told_as_a_ratio_of_geometric_means() -> None:
    tallies = {("control", 1): tally(500, 450), ("candidate", 1): tally(500, 450, 6.0 + math.log(1.2))}
    found = compared(tallies, "candidate", Metric.LATENCY, 0.05)
    assert found is not None
    assert found.estimate == pytest.approx(20)
    assert 0 < found.low < 20 < found.high


def test_words_say_what_is_better_what_is_not_shown_and_what_is_unknown() -> None:
    tallies = {("control", 1): tally(2_000, 1_700), ("candidate", 1): tally(2_000, 1_900)}
    result = result_of(tallies, ["control", "candidate"], 0.05)
    by_metric = {item.metric: item for item in result.differences}
    assert by_metric[Metric.VALIDITY].verdict is Comparison.BETTER
    assert by_metric[Metric.COST].verdict is Comparison.NONE_SHOWN
    assert by_metric[Metric.FEEDBACK].verdict is Comparison.TOO_FEW
    assert told(by_metric[Metric.VALIDITY]).startswith("10.0 points (")
    assert told(by_metric[Metric.FEEDBACK]) == "-"
    figures = told(by_metric[Metric.VALIDITY])
    (words,) = result.words
    assert words == (
        f"candidate is better on validity by {figures}; no difference shown in errors, cost, latency; "
        "too few calls to tell of feedback"
    )


def test_calls_of_an_epoch_without_a_control_are_shown_and_not_compared() -> None:
    both = {("control", 1): tally(500, 450), ("candidate", 1): tally(500, 450)}
    alone = both | {("candidate", 2): tally(9_000, 0)}
    assert compared(both, "candidate", Metric.VALIDITY, 0.05) == compared(
        alone, "candidate", Metric.VALIDITY, 0.05
    )
    assert result_of(alone, ["control", "candidate"], 0.05).arms[1].calls == 9_500
    assert compared({("candidate", 1): tally(50, 5)}, "candidate", Metric.VALIDITY, 0.05) is None
