"""What health and metrics tell of the limits."""

from __future__ import annotations

from collections.abc import Callable

from pilothouse.health.schemas import Condition, Part
from pilothouse.throttling.service import Throttle

Gauge = Callable[..., None]
"""Shows what a function says whenever metrics are asked for."""


def part_of(throttle: Throttle) -> Part:
    """How counting is."""
    figures = {
        "counted": float(throttle.tally.asked),
        "refused": float(sum(throttle.tally.refused.values())),
        "buckets": float(len(throttle.local)),
    }
    shared = throttle.shared
    if shared is None or shared.up:
        where = "in this process" if shared is None else "in Redis"
        return Part(
            name="limits", status=Condition.WELL, detail=f"Requests are counted {where}.", figures=figures
        )
    holds = {
        "local": "this process counts",
        "open": "nothing is limited",
        "closed": "all are refused",
    }
    detail = f"Redis is away: {holds[throttle.absence.value]}."
    return Part(name="limits", status=Condition.DEGRADED, detail=detail, figures=figures)


def show(throttle: Throttle, gauge: Gauge) -> None:
    """Show the limits among the metrics."""
    gauge(
        "pilothouse_requests_limited",
        "Requests that were refused because there were too many.",
        lambda: sum(throttle.tally.refused.values()),
        only_rises=True,
    )
    gauge(
        "pilothouse_limits_shared",
        "Whether requests are counted in Redis (1) or in this process only (0).",
        lambda: float(throttle.shared is not None and throttle.shared.up),
    )
