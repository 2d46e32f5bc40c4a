"""Names of fields, and values in words that the readers understand again."""

from __future__ import annotations

from collections.abc import Mapping

from pilothouse.apps.mlops.intake.lexicon.places import provider
from pilothouse.apps.mlops.requirements import Budget, Cloud, Requirements, Workload

_SPECIAL_NAMES: Mapping[str, str] = {
    "latency_ms": "latency",
    "latency_percentile": "percentile of the latency",
    "throughput_rps": "throughput",
    "users": "number of users",
    "data_volume_gb": "volume of data",
    "data_growth_gb_per_month": "growth of the data",
    "retraining_days": "time between trainings",
    "deadline_weeks": "deadline",
    "retention_days": "retention",
    "gpu": "use of GPUs",
    "devices": "number of devices",
    "context_documents": "number of documents",
}
FIELD_NAMES: Mapping[str, str] = {
    name: _SPECIAL_NAMES.get(name, name.replace("_", " ")) for name in Requirements.model_fields
}
"""Field -> what a reader of a question calls it."""

_CLOUDS: Mapping[Cloud, str] = {
    Cloud.AWS: "AWS",
    Cloud.GCP: "Google Cloud",
    Cloud.AZURE: "Azure",
    Cloud.KUBERNETES: "Kubernetes",
}
_WORKLOADS: Mapping[Workload, str] = {
    Workload.ONLINE: "real-time predictions",
    Workload.BATCH: "scheduled batch",
    Workload.STREAMING: "stream processing",
    Workload.EDGE: "on edge devices",
    Workload.RAG: "answers from documents (RAG)",
    Workload.TRAINING: "a training platform",
}
_UNITS: Mapping[str, str] = {
    "latency_ms": "{:g} ms",
    "latency_percentile": "p{:g}",
    "throughput_rps": "{:g} requests per second",
    "users": "{:,} users",
    "data_volume_gb": "{:g} GB",
    "data_growth_gb_per_month": "{:g} GB per month",
    "retraining_days": "every {:g} days",
    "deadline_weeks": "in {:g} weeks",
    "retention_days": "keep for {:g} days",
    "team_size": "a team of {:g}",
    "devices": "{:,} devices",
    "context_documents": "{:,} documents",
    "peak_factor": "{:g}x at peak",
}


def say(field: str, value: object) -> str:
    """`value` of `field` in words; read again as an answer about `field`, they give `value`."""
    if isinstance(value, tuple):
        names = [place_name(str(item)) if field == "regions" else _plain(item) for item in value]
        return ", ".join(names) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field == "availability" and isinstance(value, float):
        return f"{round(value * 100, 6):g} %"
    if field in _UNITS and isinstance(value, int | float):
        return _UNITS[field].format(value)
    return _plain(value)


def place_name(place: str) -> str:
    """A value of `regions` in words: "EU", "Germany", "eu-central-1"."""
    if place in {"eu", "us", "uk", "uae", "apac"}:
        return place.upper()
    if provider(place):
        return place
    return place.replace("-", " ").title()


def _plain(value: object) -> str:
    if isinstance(value, Budget):
        return f"{value.monthly:f} {value.currency} per month"
    if isinstance(value, Cloud):
        return _CLOUDS[value]
    if isinstance(value, Workload):
        return _WORKLOADS[value]
    return str(getattr(value, "value", value)).replace("_", " ")
