"""How an experiment is shown in a terminal: its arms, and each difference with a small plot."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from pilothouse.cli import tables
from pilothouse.experiments.schemas import ArmDifference, ArmResult, Comparison, Experiment, Metric

WIDTH = 41
"""Characters of a plot; the middle one is no difference."""

ARMS = (
    *("arm", "does", "share", "calls", "valid", "errors", "repairs", "tokens", "cost"),
    *("p50", "p95", "rated"),
)
STYLES = {Comparison.BETTER: "green", Comparison.WORSE: "red"}
_UNITS = {
    Metric.VALIDITY: "points",
    Metric.ERRORS: "points",
    Metric.COST: "%",
    Metric.LATENCY: "%",
    Metric.FEEDBACK: "",
}
_VERDICTS = {
    Comparison.BETTER: "better",
    Comparison.WORSE: "worse",
    Comparison.NONE_SHOWN: "no difference shown",
    Comparison.TOO_FEW: "too few calls",
}


def show(experiment: Experiment) -> None:
    """Print an experiment with its result."""
    tables.facts(_facts(experiment))
    tables.listed(ARMS, [_arm_row(experiment, result) for result in experiment.result.arms], "")
    found = experiment.result.differences
    scales = {metric: _scale([item for item in found if item.metric is metric]) for metric in Metric}
    tables.listed(
        ("arm", "differs in", "by", "from", "to", "", "that is"),
        [_difference_row(item, scales[item.metric]) for item in found],
        "",
        styles=[STYLES.get(item.verdict) for item in found],
    )
    for sentence in experiment.result.words:
        sys.stdout.write(f"{sentence}\n")


def plot(item: ArmDifference, scale: float) -> str:
    """An interval as text: `|` is no difference, `*` the estimate, and `-` reaches from end to end.

    `scale` is the difference at both ends of the plot.
    """
    if item.estimate is None or item.low is None or item.high is None:
        return ""

    def at(value: float) -> int:
        place = round((value / scale + 1) / 2 * (WIDTH - 1)) if scale else WIDTH // 2
        return min(max(place, 0), WIDTH - 1)

    drawn = [" "] * WIDTH
    drawn[at(item.low) : at(item.high) + 1] = "-" * (at(item.high) - at(item.low) + 1)
    drawn[WIDTH // 2] = "|"
    drawn[at(item.estimate)] = "*"
    return "".join(drawn)


def _scale(items: list[ArmDifference]) -> float:
    ends = [abs(end) for item in items for end in (item.low, item.high) if end is not None]
    return max(ends, default=0.0)


def _facts(one: Experiment) -> Iterator[tuple[str, str]]:
    yield "experiment", f"{one.name} ({one.id})"
    yield "about", f"{one.about}, split by {one.key.value}"
    yield "state", one.state.value + (f": {one.why}" if one.why else "")
    if one.rollout is not None and one.stage is not None:
        shares = " -> ".join(f"{share} %" for share in one.rollout.stages)
        yield "rollout", f"stage {one.stage + 1} of {len(one.rollout.stages)} ({shares})"
    yield "winner", one.winner or ""
    yield "intervals", f"hold at all times with {100 * (1 - one.alpha):g} %"
    for arm in one.arms:
        if arm.stopped_at is not None:
            yield "stopped", f"{arm.name} by {arm.stopped_by}: {arm.why}"


def _arm_row(one: Experiment, result: ArmResult) -> tuple[str, ...]:
    arm = next(arm for arm in one.arms if arm.name == result.arm)
    named = (arm.version and f"version {arm.version}", arm.model and f"model {arm.model}")
    does = ", ".join(part for part in named if part)
    return (
        *(arm.name, does or "as now", f"{arm.weight} %", f"{result.calls:,}"),
        *(_percent(result.validity), _percent(result.errors)),
        *(_number(result.repairs, ".2f"), _number(result.tokens, ",.0f"), _number(result.cost, ".6f")),
        *(_number(result.latency_p50, ",.0f"), _number(result.latency_p95, ",.0f")),
        f"{result.feedback:+.2f} ({result.ratings})" if result.feedback is not None else "-",
    )


def _difference_row(item: ArmDifference, scale: float) -> tuple[str, ...]:
    figures = (_figure(item, value) for value in (item.estimate, item.low, item.high))
    return (item.arm, item.metric.value, *figures, plot(item, scale), _VERDICTS[item.verdict])


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _figure(item: ArmDifference, value: float | None) -> str:
    digits = 2 if item.metric is Metric.FEEDBACK else 1
    return "-" if value is None else f"{value:+.{digits}f} {_UNITS[item.metric]}".rstrip()
