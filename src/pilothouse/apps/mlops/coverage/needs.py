"""What a design needs to know, and how much each need weighs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from pilothouse.apps.mlops.requirements import Constraint, Requirements, Workload

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Need:
    """One thing a design needs to know.

    `roles` are the roles of a design (values of `Role`) whose component, or its size, hangs on it.
    `fields` are the fields of `Requirements` that answer it, each with how far it does so in [0, 1].
    `void` are the ways of predicting for which the question does not arise.
    """

    key: str
    roles: tuple[str, ...]
    fields: Mapping[str, float]
    void: frozenset[Workload] = frozenset()


NEEDS: tuple[Need, ...] = (
    Need(
        "workload",
        (
            *(
                "ingest",
                "feature_store",
                "vector_store",
                "orchestration",
                "serving",
                "llm",
                "gateway",
                "cache",
            ),
            *("monitoring", "drift"),
        ),
        {"workload": 1.0},
    ),
    Need(
        "use_case",
        ("ingest", "storage", "feature_store", "vector_store", "training", "serving", "llm", "drift"),
        {"use_case": 1.0},
    ),
    Need(
        "budget",
        ("ingest", "feature_store", "orchestration", "training", "serving", "llm", "gateway", "cache"),
        {"budget": 1.0},
    ),
    Need(
        "throughput_rps",
        ("ingest", "feature_store", "serving", "gateway", "cache"),
        {"throughput_rps": 1.0, "users": 0.8, "devices": 0.7, "context_documents": 0.4},
    ),
    Need(
        "latency_ms",
        ("feature_store", "serving", "gateway", "cache"),
        {"latency_ms": 1.0},
        frozenset({Workload.BATCH, Workload.TRAINING}),
    ),
    Need("model_family", ("training", "registry", "serving", "llm"), {"model_family": 1.0, "gpu": 0.3}),
    Need("data_kinds", ("ingest", "storage", "feature_store"), {"data_kinds": 1.0, "sources": 0.5}),
    Need("data_volume_gb", ("storage", "orchestration", "training"), {"data_volume_gb": 1.0}),
    Need("availability", ("serving", "gateway", "cache"), {"availability": 1.0}),
    Need("compliance", ("identity", "secrets", "monitoring"), {"compliance": 1.0}),
    Need("cloud", ("identity", "cicd"), {"cloud": 1.0, "on_premises": 0.6, "excluded_clouds": 0.5}),
    Need("regions", ("storage", "llm"), {"regions": 1.0}),
    Need("personal_data", ("storage", "identity"), {"personal_data": 1.0}),
    Need("retraining_days", ("orchestration", "training"), {"retraining_days": 1.0}),
    Need("team_skill", ("orchestration", "serving"), {"team_skill": 1.0, "team_size": 0.6}),
    Need("explainability", ("monitoring",), {"explainability": 1.0}),
)
"""Every need, the weightiest first.

A need weighs as many points as there are roles of a design (of 16) that hang on it, so that the weights
can be argued about role by role. The cloud would touch all sixteen, but not knowing it costs little: the
planner builds a candidate on each and compares them, so only what is tied to the customer's existing
accounts is left. Way of predicting, use case and budget hold 26 of the 62 points: knowing less than
these three and something about the load or the data never reaches 0.7.
"""

FULLY_KNOWN = 0.8
"""A stated constraint of at least this confidence counts in full, any other by its confidence."""


def weights() -> dict[str, float]:
    """The share of each need in the score; they add up to 1."""
    total = sum(len(need.roles) for need in NEEDS)
    return {need.key: len(need.roles) / total for need in NEEDS}


def credit(need: Need, requirements: Requirements) -> float:
    """How far `need` is met, in [0, 1]: by the best of its fields, or because it does not arise."""
    best = max(share * worth(constraint) for share, constraint in _answers(need, requirements))
    workload = requirements.workload
    if workload is not None and workload.value in need.void:
        best = max(best, worth(workload))
    return best


def _answers(need: Need, requirements: Requirements) -> list[tuple[float, Constraint[object] | None]]:
    answers = []
    for name, share in need.fields.items():
        constraint = getattr(requirements, name)
        open_choice = name == "excluded_clouds" and constraint is not None and not constraint.value
        answers.append((1.0 if open_choice else share, constraint))
    return answers


def worth(constraint: Constraint[T] | None) -> float:
    """What a constraint counts: its confidence if inferred, assumed or doubtful, 1 if plainly said."""
    if constraint is None:
        return 0.0
    plainly = constraint.origin.value in {"stated", "answered"} and constraint.confidence >= FULLY_KNOWN
    return 1.0 if plainly else constraint.confidence
