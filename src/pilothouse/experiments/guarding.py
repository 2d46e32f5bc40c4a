"""When an arm is stopped by itself, and when a rollout goes on: decided from what was counted.

That an arm is worse than the control by more than a margin has to be shown: the interval that holds at all
times lies beyond the margin. All such guards of all arms share the experiment's alpha (Bonferroni), so that
the chance that any of them ever stops an arm that keeps its margins is at most alpha. A bound is a fuse: it
looks at the plain figure of at least `MINIMUM` calls, and no statistics hold it back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pilothouse.experiments.measuring import Tally, percentile, total
from pilothouse.experiments.results import MEASURES, Tallies, compared
from pilothouse.experiments.schemas import Guard, Metric, Rollout

MINIMUM = 20
"""Calls, or ratings, of an arm before a bound looks at it."""


class Tripped(NamedTuple):
    """An arm that is to be stopped, why, and the figures by which that was decided."""

    arm: str
    metric: Metric
    why: str
    figures: Mapping[str, float]


def tripped(tallies: Tallies, arms: Sequence[str], guards: Sequence[Guard], alpha: float) -> list[Tripped]:
    """Those of `arms` that a guard stops, each once; `alpha` is the part of the error that one arm has."""
    each = alpha / max(sum(guard.worse_by is not None for guard in guards), 1)
    found: list[Tripped] = []
    for arm in arms:
        own = total(tally for (name, _), tally in tallies.items() if name == arm)
        reasons = (_bounded(own, arm, guard) or _worse(tallies, arm, guard, each) for guard in guards)
        first = next((reason for reason in reasons if reason is not None), None)
        if first is not None:
            found.append(first)
    return found


def _worse(tallies: Tallies, arm: str, guard: Guard, alpha: float) -> Tripped | None:
    if guard.worse_by is None:
        return None
    found = compared(tallies, arm, guard.metric, alpha)
    if found is None:
        return None
    measure = MEASURES[guard.metric]
    sign = -1 if measure.more_is_better else 1
    least_worse = min(sign * found.low, sign * found.high)
    if least_worse <= guard.worse_by:
        return None
    why = (
        f"{guard.metric.value} is worse than the control's by {sign * found.estimate:.2f} {measure.unit}, at "
        f"least by {least_worse:.2f}; the guard allows {guard.worse_by:g}"
    )
    figures = {"estimate": found.estimate, "low": found.low, "high": found.high, "allowed": guard.worse_by}
    return Tripped(arm, guard.metric, why, figures)


def _bounded(tally: Tally, arm: str, guard: Guard) -> Tripped | None:
    if guard.bound is None:
        return None
    seen = tally.rated if guard.metric is Metric.FEEDBACK else tally.calls
    figure = _figure(tally, guard.metric)
    if seen < MINIMUM or figure is None:
        return None
    more = MEASURES[guard.metric].more_is_better
    if (figure >= guard.bound) if more else (figure <= guard.bound):
        return None
    beyond = "under" if more else "over"
    why = f"{guard.metric.value} is {figure:.4g} after {seen:,} calls, {beyond} the bound {guard.bound:g}"
    return Tripped(arm, guard.metric, why, {"figure": figure, "bound": guard.bound, "calls": seen})


def _figure(tally: Tally, metric: Metric) -> float | None:
    """What a bound looks at; None where nothing was seen."""
    if metric is Metric.LATENCY:
        return percentile(tally.latencies, 0.95)
    if metric is Metric.FEEDBACK:
        return tally.ratings.mean if tally.rated else None
    if not tally.calls:
        return None
    return {
        Metric.VALIDITY: 100 * tally.valid / tally.calls,
        Metric.ERRORS: 100 * tally.errors / tally.calls,
        Metric.COST: float(tally.cost) / tally.calls,
    }[metric]


def is_due(rollout: Rollout, stage: int, since: dt.datetime, calls: int, now: dt.datetime) -> bool:
    """Whether a rollout goes on to its next stage; `calls` are those of the candidate in this one."""
    if stage + 1 >= len(rollout.stages):
        return False
    waited = (now - since).total_seconds() >= rollout.minimum_seconds
    return waited and calls >= rollout.minimum_calls
