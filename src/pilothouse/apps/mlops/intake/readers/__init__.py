"""Readers: each takes a `Reading` and yields candidates for one field, or a few, of `Requirements`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pilothouse.apps.mlops.intake.readers import (
    cloud,
    hits,
    latency,
    load,
    money,
    people,
    regions,
    schedule,
    things,
    volume,
    workload,
)
from pilothouse.apps.mlops.intake.reading import Candidate, Reading

READERS: tuple[Callable[[Reading], Iterator[Candidate]], ...] = (
    hits.read_choices,
    hits.read_sets,
    hits.read_truths,
    workload.read_workload,
    cloud.read_cloud,
    cloud.read_excluded_clouds,
    cloud.read_on_premises,
    cloud.read_technologies,
    money.read_budget,
    latency.read_latency,
    latency.read_percentile,
    load.read_throughput,
    load.read_peak_factor,
    load.read_users,
    volume.read_volume,
    volume.read_growth,
    schedule.read_retraining,
    schedule.read_deadline,
    schedule.read_retention,
    schedule.read_availability,
    regions.read_regions,
    people.read_team_size,
    people.read_team_skill,
    things.read_devices,
    things.read_documents,
)
"""Every reader; each is a pure function, and their order has no effect."""
