"""What came of an experiment: the arms' figures, how they differ from the control's, and what that means."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pilothouse.experiments.measuring import Tally, percentile, total
from pilothouse.experiments.schemas import ArmDifference, ArmResult, Comparison, Metric, Result
from pilothouse.experiments.splitting import CONTROL
from pilothouse.experiments.statistics import (
    Interval,
    Sample,
    Stratum,
    difference_between,
    rate_difference,
)

Tallies = Mapping[tuple[str, int], Tally]
"""What was counted, by arm and epoch: an epoch is a time in which the shares stayed as they were."""


def _as_points(difference: float) -> float:
    return 100 * difference


def _as_ratio(difference: float) -> float:
    return 100 * math.expm1(min(difference, 700.0))


def _as_it_is(difference: float) -> float:
    return difference


class Measure(NamedTuple):
    """How a metric is compared: of which values, which way is better, and how a difference is told."""

    sample: Callable[[Tally], Sample]
    is_rate: bool
    more_is_better: bool
    told: Callable[[float], float]
    unit: str


MEASURES: Mapping[Metric, Measure] = {
    Metric.VALIDITY: Measure(lambda tally: tally.validity, True, True, _as_points, "points"),
    Metric.ERRORS: Measure(lambda tally: tally.failing, True, False, _as_points, "points"),
    Metric.COST: Measure(lambda tally: tally.dearness, False, False, _as_ratio, "%"),
    Metric.LATENCY: Measure(lambda tally: tally.slowness, False, False, _as_ratio, "%"),
    Metric.FEEDBACK: Measure(lambda tally: tally.ratings, False, True, _as_it_is, "of a rating"),
}


def compared(tallies: Tallies, arm: str, metric: Metric, alpha: float) -> Interval | None:
    """How an arm differs from the control in a metric, as it is told; None where too little was seen."""
    measure, nothing = MEASURES[metric], Tally()
    strata = [
        Stratum(
            measure.sample(tallies.get((CONTROL, epoch), nothing)),
            measure.sample(tallies.get((arm, epoch), nothing)),
        )
        for epoch in sorted({epoch for name, epoch in tallies if name == arm})
    ]
    both = [part for part in strata if part.control.n and part.arm.n]
    if not both:
        return None
    found = rate_difference(both, alpha) if measure.is_rate else difference_between(both, alpha)
    if found is None:
        return None
    told = measure.told
    return Interval(told(found.estimate), told(found.low), told(found.high), found.exact)


def result_of(tallies: Tallies, arms: Sequence[str], alpha: float) -> Result:
    """The result at this time, of these arms in their order."""
    each = {name: total(tally for (arm, _), tally in tallies.items() if arm == name) for name in arms}
    differences = [
        _difference(tallies, name, metric, alpha) for name in arms if name != CONTROL for metric in Metric
    ]
    return Result(
        arms=[_of_arm(name, tally) for name, tally in each.items()],
        differences=differences,
        words=list(_words(differences)),
    )


def _of_arm(name: str, tally: Tally) -> ArmResult:
    calls = tally.calls

    def mean(of: float) -> float | None:
        return of / calls if calls else None

    return ArmResult(
        arm=name,
        calls=calls,
        validity=mean(tally.valid),
        errors=mean(tally.errors),
        repairs=mean(tally.repairs),
        tokens=mean(tally.tokens),
        cost=mean(float(tally.cost)),
        total_cost=tally.cost,
        latency_p50=percentile(tally.latencies, 0.5),
        latency_p95=percentile(tally.latencies, 0.95),
        ratings=tally.rated,
        feedback=tally.ratings.mean if tally.rated else None,
    )


def _difference(tallies: Tallies, arm: str, metric: Metric, alpha: float) -> ArmDifference:
    found = compared(tallies, arm, metric, alpha)
    if found is None:
        return ArmDifference(
            arm=arm,
            metric=metric,
            estimate=None,
            low=None,
            high=None,
            exact=False,
            verdict=Comparison.TOO_FEW,
        )
    return ArmDifference(
        arm=arm,
        metric=metric,
        estimate=found.estimate,
        low=found.low,
        high=found.high,
        exact=found.exact,
        verdict=_verdict(found, more_is_better=MEASURES[metric].more_is_better),
    )


def _verdict(found: Interval, *, more_is_better: bool) -> Comparison:
    if found.low <= 0 <= found.high:
        return Comparison.NONE_SHOWN
    return Comparison.BETTER if (found.low > 0) == more_is_better else Comparison.WORSE


def _words(differences: Sequence[ArmDifference]) -> Iterator[str]:
    """A sentence for each arm: what is better or worse by how much, and of what nothing is shown."""
    for arm in dict.fromkeys(item.arm for item in differences):
        own = [item for item in differences if item.arm == arm]
        shown = [
            f"{arm} is {item.verdict.value} on {item.metric.value} by {told(item)}"
            for item in own
            if item.verdict in {Comparison.BETTER, Comparison.WORSE}
        ]
        for verdict, text in (
            (Comparison.NONE_SHOWN, "no difference shown in"),
            (Comparison.TOO_FEW, "too few calls to tell of"),
        ):
            if named := [item.metric.value for item in own if item.verdict is verdict]:
                shown.append(f"{text} {', '.join(named)}")
        sentence = "; ".join(shown)
        yield sentence if sentence.startswith(arm) else f"{arm}: {sentence}"


def told(item: ArmDifference) -> str:
    """A difference with its interval, for people: its size, which way being said elsewhere."""
    if item.estimate is None or item.low is None or item.high is None:
        return "-"
    low, high, sign = item.low, item.high, 1
    if item.estimate < 0:
        low, high, sign = -item.high, -item.low, -1
    digits = 2 if item.metric is Metric.FEEDBACK else 1
    figures = f"{sign * item.estimate:.{digits}f} {MEASURES[item.metric].unit}"
    return f"{figures} ({low:.{digits}f} to {high:.{digits}f})"
