"""Estimates for the brief: the kind of system, its traffic, its training, its accelerators, its spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pilothouse.apps.mlops.catalogue.model import Catalogue
from pilothouse.apps.mlops.catalogue.workloads import ModelProfile, UseCaseProfile, WorkloadShape
from pilothouse.apps.mlops.requirements import Constraint, ModelFamily, Origin, Requirements, Workload

REQUESTS_PER_USER_AND_DAY = 10.0
READINGS_PER_DEVICE_AND_MINUTE = 1.0
HEAVY = frozenset(
    {
        ModelFamily.DEEP_LEARNING,
        ModelFamily.TRANSFORMER,
        ModelFamily.COMPUTER_VISION,
        ModelFamily.RECOMMENDER,
        ModelFamily.GRAPH,
    }
)
"""Families that an accelerator serves faster."""

CORES_PER_ACCELERATOR = 12.0
"""Cores that do the training work of one accelerator (design assumption)."""


@dataclass(frozen=True, slots=True)
class Spread:
    """By what factors usage may fall below or rise above what is expected."""

    low: float
    high: float


class Notes:
    """Collects the assumptions while values are taken from the requirements."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def take(self, constraint: Constraint[Any] | None, default: float, label: str) -> float:
        """The value of `constraint`, or `default`, noted under `label`."""
        if constraint is not None:
            return float(constraint.value)
        self.lines.append(f"{label}: {default:g} (not given)")
        return default


SAID = frozenset({Origin.STATED, Origin.ANSWERED})


def is_hard(constraint: Constraint[Any] | None) -> bool:
    """Whether a design must meet it: it was said, answered or inferred, not merely assumed."""
    return constraint is not None and constraint.origin is not Origin.ASSUMED


def is_said(constraint: Constraint[Any] | None) -> bool:
    """Whether it was said or answered, and not inferred from the kind of system."""
    return constraint is not None and constraint.origin in SAID


def kind_of(
    requirements: Requirements, catalogue: Catalogue, notes: Notes
) -> tuple[WorkloadShape, UseCaseProfile, ModelProfile]:
    """The workload, the use case and the model family: what was said, else what is usual."""
    if requirements.workload is not None:
        shape = catalogue.workload(requirements.workload.value)
    elif requirements.use_case is not None:
        shape = catalogue.workload(catalogue.use_case(requirements.use_case.value).workload)
        notes.lines.append(f"Workload: {shape.id.value}, which is usual for the use case (not given)")
    else:
        shape = catalogue.workload(Workload.ONLINE)
        notes.lines.append("Workload: online (not given)")
    use_case = catalogue.use_case(requirements.use_case.value if requirements.use_case else shape.use_case)
    if requirements.model_family is not None:
        family = requirements.model_family.value
    else:
        family = use_case.model if requirements.use_case else shape.model
        notes.lines.append(f"Model family: {family.value} (not given)")
    if shape.id is Workload.RAG:  # what serves is the API around the language model, whatever retrieves
        family = ModelFamily.LLM
    return shape, use_case, catalogue.model(family)


def traffic_of(
    requirements: Requirements, shape: WorkloadShape, use_case: UseCaseProfile, notes: Notes
) -> tuple[float, float]:
    """Requests or events a second, on average and at peak: as said, from devices or users, else usual."""
    throughput = requirements.throughput_rps
    if throughput is not None:
        mean = throughput.value
    elif shape.id is Workload.EDGE and requirements.devices is not None:
        mean = requirements.devices.value * READINGS_PER_DEVICE_AND_MINUTE / 60
        notes.lines.append(f"One message from each device a minute: {mean:.4g} a second")
    elif requirements.users is not None:
        mean = requirements.users.value * REQUESTS_PER_USER_AND_DAY / 86_400
        notes.lines.append(f"{REQUESTS_PER_USER_AND_DAY:g} requests of each user a day: {mean:.4g} a second")
    else:
        mean = use_case.mean_rps if requirements.use_case else shape.mean_rps
        notes.lines.append(f"Throughput: {mean:g} a second on average (not given)")
    usual = use_case.peak_factor if requirements.use_case else shape.peak_factor
    peak = mean * max(1.0, notes.take(requirements.peak_factor, usual, "Peak over mean"))
    if throughput is not None and throughput.high is not None:
        peak = max(peak, throughput.high)
    return mean, peak


def devices_of(requirements: Requirements, shape: WorkloadShape, notes: Notes) -> int:
    """The edge devices; none for other workloads."""
    if shape.id is not Workload.EDGE:
        return 0
    return int(notes.take(requirements.devices, 100, "Devices"))


def training_gpu(requirements: Requirements, model: ModelProfile) -> bool:
    """Whether training takes an accelerator: as said, else as the model family does."""
    return requirements.gpu.value if requirements.gpu is not None else model.trains_on_gpu


def training_hours(storage: float, retraining_days: float, model: ModelProfile, gpu: bool) -> float:
    """Core-hours a month, or accelerator-hours where `gpu`."""
    hours = storage * model.training_hours_per_gb * 30.4 / max(retraining_days, 1 / 24)
    if model.trains_on_gpu and not gpu:
        return hours * CORES_PER_ACCELERATOR
    if gpu and not model.trains_on_gpu:
        return hours / CORES_PER_ACCELERATOR
    return hours


def serving_gpu(requirements: Requirements, shape: WorkloadShape, model: ModelProfile, peak: float) -> bool:
    """An accelerator serves where the family gains by it and it is asked for, or cores would not do."""
    if model.id not in HEAVY or shape.id in {Workload.EDGE, Workload.TRAINING, Workload.RAG}:
        return False
    if requirements.gpu is not None:
        return requirements.gpu.value
    if shape.id is Workload.BATCH:
        return False
    limit = requirements.latency_ms.value if requirements.latency_ms else shape.latency_ms
    too_slow = limit is not None and model.cpu_ms * model.p99_factor > 0.5 * limit
    return too_slow or peak * model.cpu_ms / 1000 > 48


def spread_of(requirements: Requirements) -> Spread:
    """A stated range as it is; else 0.8 to 1.25 of a throughput that was said and 0.5 to 2 of any other."""
    throughput = requirements.throughput_rps
    if throughput is None or not is_said(throughput):
        return Spread(low=0.5, high=2.0)
    low = throughput.low / throughput.value if throughput.low and throughput.value else 0.8
    high = throughput.high / throughput.value if throughput.high and throughput.value else 1.25
    return Spread(low=min(low, 1.0), high=max(high, 1.0))
