"""Calls of experiments that have not been made: what came of them, as a process would count it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np

from pilothouse.experiments.live import Experiments
from pilothouse.experiments.schemas import Observation

AT = dt.datetime(2026, 1, 31, 12, 20, tzinfo=dt.UTC)


def seen(of: Any, arm: str = "candidate", **said: Any) -> Observation:
    """What came of one call."""
    given: dict[str, Any] = {
        "tenant_id": "default",
        "experiment": str(of.id),
        "arm": arm,
        "at": AT,
        "valid": True,
        "error": False,
        "repairs": 0,
        "tokens": 100,
        "cost": Decimal("0.002"),
        "latency_ms": 800.0,
    }
    return Observation(**given | said)


async def called(
    process: Experiments,
    experiment: Any,
    arm: str,
    count: int,
    *,
    valid: float = 1.0,
    latency: float = 800.0,
    seed: int = 1,
) -> None:
    """Count calls of an arm: so many valid ones in all, latencies spread around one by a third."""
    random = np.random.default_rng([seed, len(arm)])
    latencies = latency * random.lognormal(0, 0.3, count)
    for number in range(count):
        is_valid = number >= round(count * (1 - valid))
        process.observe(seen(experiment, arm, valid=is_valid, latency_ms=float(latencies[number])))
    await process.flush()
