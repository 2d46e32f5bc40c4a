"""A design: demand in numbers, a component per role, how it was judged, and what it costs."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from pilothouse.apps.mlops.pricing.model import Bill, PlannedResource
from pilothouse.apps.mlops.requirements import Cloud, Constraint, Fraction, Frozen, Requirements, Workload


class Role(StrEnum):
    """What a component does in the system."""

    INGEST = "ingest"
    STORAGE = "storage"
    FEATURE_STORE = "feature_store"
    VECTOR_STORE = "vector_store"
    ORCHESTRATION = "orchestration"
    TRAINING = "training"
    REGISTRY = "registry"
    SERVING = "serving"
    LLM = "llm"
    GATEWAY = "gateway"
    CACHE = "cache"
    MONITORING = "monitoring"
    DRIFT = "drift"
    CICD = "cicd"
    SECRETS = "secrets"
    IDENTITY = "identity"


class Demand(Frozen):
    """What the constraints mean in numbers; every one that was not given is named in `assumptions`."""

    mean_rps: float
    peak_rps: float
    requests_per_month: float
    payload_kb: float
    storage_gb: float
    growth_gb_per_month: float
    training_hours_per_month: float
    availability: float
    latency_ms: float | None
    latency_percentile: float
    gpu: bool
    devices: int = 0
    documents: int = 0
    assumptions: tuple[str, ...] = ()


class Rejected(Frozen):
    """A component that was considered for a role, and the reason it lost."""

    component: str
    name: str
    reason: str
    score: float | None = None


class Choice(Frozen):
    """The component chosen for a role, sized.

    `parameters` hold the sizing under fixed names: instance, replicas, max_replicas, cpu, memory_mb,
    gpu, storage_gb, nodes, shards, partitions, retention_hours, hours_per_month, model.
    """

    role: Role
    component: str
    name: str
    why: str
    parameters: dict[str, str | int | float | bool] = Field(default_factory=dict)
    resources: tuple[PlannedResource, ...] = ()
    rejected: tuple[Rejected, ...] = ()


class Score(Frozen):
    """An open score: each criterion in [0, 1], its weight, and the weighted total in [0, 1]."""

    criteria: dict[str, float]
    weights: dict[str, float]
    total: Fraction


class Relaxation(Frozen):
    """The smallest change to a constraint that makes an infeasible request feasible."""

    field: str
    was: str
    becomes: str
    because: str


class Alternative(Frozen):
    """Another whole candidate (say, the same on another cloud), and why it lost."""

    name: str
    cloud: Cloud
    score: float
    expected_monthly_usd: float | None
    reason: str


class Design(Frozen):
    """One candidate system: what it must do, what it is made of, and why."""

    requirements: Requirements
    workload: Workload
    cloud: Cloud
    region: str
    demand: Demand
    choices: tuple[Choice, ...]
    score: Score
    bill: Bill
    alternatives: tuple[Alternative, ...] = ()
    relaxations: tuple[Relaxation, ...] = ()
    assumptions: tuple[str, ...] = ()
    round: int = 1

    def choice(self, role: Role) -> Choice | None:
        """The choice for `role`, or None where the design needs none."""
        return next((choice for choice in self.choices if choice.role is role), None)


class Verdict(StrEnum):
    """The result of one check."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARN = "warn"
    FAIL = "fail"


class Check(Frozen):
    """One thing that was checked, in numbers where there are any, and what came out."""

    id: str
    title: str
    verdict: Verdict
    rule: str
    detail: str
    component: str | None = None
    measured: Constraint[float] | None = None
    limit: Constraint[float] | None = None


class Objection(Frozen):
    """Why a critic sends a design back, and what the planner is to change (`directive`)."""

    critic: str
    check: str
    reason: str
    directive: str
    component: str | None = None


class Review(Frozen):
    """What a critic or the policy check found."""

    critic: str
    checks: tuple[Check, ...]
    objections: tuple[Objection, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return not any(check.verdict is Verdict.FAIL for check in self.checks)
