"""How work is shaped: the roles a workload needs, what a model family costs to run, what a use case brings.

Every number here is a starting point for the cases where the customer gave none; a design that uses
one says so among its assumptions.
"""

from __future__ import annotations

from pydantic import Field

from pilothouse.apps.mlops.catalogue.facts import Basis
from pilothouse.apps.mlops.design import Role
from pilothouse.apps.mlops.requirements import Fraction, Frozen, ModelFamily, UseCase, Workload


class RoleNeed(Frozen):
    """One role of a workload: the capabilities asked of who fills it, and when it is needed.

    `when` lists conditions of which one must hold (none: always), in the words of `planner.needs`.
    A role that is not `required` is left out where a platform has nothing for it.
    """

    role: Role
    capabilities: tuple[str, ...] = ()
    required: bool = True
    when: tuple[str, ...] = ()
    because: str


class WorkloadShape(Frozen):
    """The roles of a workload, the path of one request through them, and what is assumed of it."""

    id: Workload
    title: str
    roles: tuple[RoleNeed, ...]
    path: tuple[Role, ...]
    latency_meaning: str
    zones: int = Field(ge=1, le=3)
    availability: Fraction
    latency_ms: float | None = None
    latency_percentile: float = 99.0
    mean_rps: float
    peak_factor: float
    model: ModelFamily
    use_case: UseCase


class ModelProfile(Frozen):
    """What one prediction and one training of a model family take.

    `cpu_ms` and `gpu_ms` are compute time for one prediction on one core and on one accelerator,
    `edge_ms` on a small ARM board, `training_hours_per_gb` vCPU-hours (or GPU-hours where `trains_on_gpu`)
    per gigabyte of training data. Design assumptions, to be measured before relying on them.
    """

    id: ModelFamily
    cpu_ms: float
    gpu_ms: float
    edge_ms: float
    p99_factor: float
    model_mb: float
    memory_gb: float
    training_hours_per_gb: float
    trains_on_gpu: bool
    basis: Basis


class UseCaseProfile(Frozen):
    """What a use case usually brings with it, where the customer did not say."""

    id: UseCase
    workload: Workload
    model: ModelFamily
    mean_rps: float
    peak_factor: float
    payload_kb: float
    storage_gb: float
    growth_gb_per_month: float
    retraining_days: float
    fresh_features: bool  # predictions read features that events of the last minutes change
    documents: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
