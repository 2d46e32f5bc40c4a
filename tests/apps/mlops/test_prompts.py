"""Prompts of every kind, and what has to come out of each: what is read, asked, planned and relaxed."""

# The prompts stand as people write them, in one line and with their own commas.
# ruff: noqa: E501, RUF001

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from pilothouse.apps.mlops.catalogue import load_catalogue
from pilothouse.apps.mlops.coverage import assume, cover
from pilothouse.apps.mlops.critics import review_cost, review_technically
from pilothouse.apps.mlops.design import Design, Role
from pilothouse.apps.mlops.intake import read
from pilothouse.apps.mlops.planner import plan
from pilothouse.apps.mlops.policies import check_policies
from pilothouse.apps.mlops.pricing import load_book
from pilothouse.apps.mlops.requirements import Coverage, Intake, Origin

ENOUGH = 0.7
FRAUD = "Design an MLOps system for real-time fraud detection with a budget of $5000/month"


@dataclass(frozen=True)
class Outcome:
    """What a prompt leads to: `asks` None means enough is known; `relaxes` are fields, empty means feasible."""

    prompt: str
    stated: Mapping[str, Any] = field(default_factory=dict)
    asks: bool | None = None
    workload: str = ""
    cloud: str = ""
    relaxes: frozenset[str] = frozenset()
    within: bool | None = None
    has: frozenset[str] = frozenset()
    lacks: frozenset[str] = frozenset()
    contradicts: frozenset[str] = frozenset()


OUTCOMES = (
    Outcome(FRAUD, {"use_case": "fraud_detection", "workload": "online"}, False, "online", within=True),
    Outcome(
        "Nightly demand forecasting for 300 stores on GCP, 2TB of history growing 50GB a month, $3k/mo",
        {"cloud": "gcp", "data_volume_gb": 2000, "data_growth_gb_per_month": 50},
        False, "batch", "gcp", within=True, has=frozenset({"gcp-gcs", "gcp-vertex-batch"}),
    ),
    Outcome(
        "RAG chatbot over 20k internal PDFs on Azure, GDPR, data must stay in the EU, answers under 3 s, 4 000 € a month",
        {"context_documents": 20_000, "latency_ms": 3000, "compliance": ("gdpr",), "regions": ("eu",)},
        False, "rag", "azure", has=frozenset({"azure-openai", "azure-postgres-pgvector"}),
    ),
    Outcome(
        "Defect detection with cameras at the edge in 40 factories, unstable network, no cloud for images",
        {"devices": 40, "offline": True}, True, "edge", "kubernetes", has=frozenset({"oss-edge-runtime", "oss-mqtt"}),
    ),
    Outcome(
        "We want open source only on our own Kubernetes, on-premises, credit scoring API, 99.9% availability, "
        "p99 below 150 ms, 300 rps, team of 4 experts",
        {"open_source_only": True, "on_premises": True, "availability": 0.999, "throughput_rps": 300},
        None, "online", "kubernetes", within=None, has=frozenset({"oss-fastapi"}),
    ),
    Outcome("I need some AI for my company", {}, True),
    Outcome("Help us with machine learning, our budget is $2000 a month", {"budget": 2000}, True),
    Outcome(
        "not AWS, Azure. churn prediction weekly, 500k customers, budget 24k USD per year",
        {"cloud": "azure", "excluded_clouds": ("aws",), "budget": 2000}, False, "batch", "azure", within=True,
    ),
    Outcome(
        "Streaming anomaly detection from Kafka, 10M events a day, alerts within 1 second, AWS, no Kubernetes",
        {"latency_ms": 1000, "excluded_technologies": ("kubernetes",)},
        True, "streaming", "aws", lacks=frozenset({"aws-eks", "oss-kafka"}), has=frozenset({"aws-msk"}),
    ),
    Outcome(
        "We need 1 ms p99 latency worldwide with 99.999% availability for $50 a month",
        {"latency_ms": 1, "availability": 0.99999, "budget": 50},
        True, "online", relaxes=frozenset({"latency_ms", "budget"}), within=False,
    ),
    Outcome(
        "Echtzeit-Betrugserkennung auf AWS in Frankfurt, DSGVO, Budget 5.000 € pro Monat, unter 200 ms",
        {"budget": 5000, "latency_ms": 200, "compliance": ("gdpr",)}, False, "online", "aws", within=True,
    ),
    Outcome(
        "Système de recommandation en temps réel sur GCP, 2000 requêtes par seconde, budget 12 000 € par mois",
        {"throughput_rps": 2000, "budget": 12_000}, False, "online", "gcp", within=True,
    ),
    Outcome(
        "Detección de fraude en tiempo real en Azure con presupuesto de 6000 dólares al mes",
        {"budget": 6000, "cloud": "azure"}, False, "online", "azure", within=True,
    ),
    Outcome(
        "real-time scoring but it must run as a nightly batch only, budget $2000 a month on AWS",
        {"cloud": "aws"}, True, cloud="aws", contradicts=frozenset({"workload"}),
    ),
    Outcome(
        "HIPAA compliant medical imaging inference with GPUs on AWS us-east-1, 50 requests per minute, $8k per month",
        {"compliance": ("hipaa",), "gpu": True, "regions": ("us-east-1",)}, False, "online", "aws", within=True,
    ),
    Outcome(
        "fine-tune and retrain a large language model every week on GCP with GPUs, $20k a month",
        {"retraining_days": 7, "gpu": True}, True, "training", "gcp", within=True,
    ),
    Outcome(
        "please make me ML system for predict machine is broken, we have sensor 500, data come every second, "
        "cloud azure, money 2000 euro month",
        {"cloud": "azure", "budget": 2000}, True, cloud="azure",
    ),
    Outcome(
        "Self-hosted LLM chat for 200 employees, on-prem, no cloud, 2 GPUs available, documents 50k",
        {"on_premises": True, "gpu": True}, True, "rag", "kubernetes", has=frozenset({"oss-vllm"}),
    ),
    Outcome(
        "batch document classification of 1M documents a month, Azure, small team without ops experience, 1500 EUR monthly",
        {"budget": 1500, "team_skill": "novice"}, False, "batch", "azure",
    ),
    Outcome(
        "Speech to text for call center on Google Cloud, GDPR, Belgium",
        {"regions": ("belgium",), "compliance": ("gdpr",)}, True, cloud="gcp",
    ),
    Outcome("asdf qwer zxcv", {}, True),
    Outcome("欺诈检测系统，预算每月5000美元", {}, True),
    Outcome("Система рекомендаций для магазина", {}, True),
)  # fmt: skip


@cache
def designed(prompt: str) -> tuple[Intake, Coverage, Design]:
    """The design after its rounds, as the workflow makes it when every question gets its default."""
    understood = read(prompt)
    coverage = cover(understood)
    requirements = assume(understood, coverage).requirements
    catalogue, book = load_catalogue(), load_book()
    objections: tuple[Any, ...] = ()
    for number in (1, 2, 3):
        design = plan(requirements, catalogue, book, objections=objections, round=number)
        reviews = (
            review_technically(design, catalogue),
            review_cost(design),
            check_policies(design, catalogue),
        )
        raised = tuple(item for review in reviews for item in review.objections)
        if not raised:
            break
        objections += raised
    return understood, coverage, design


def plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    if hasattr(value, "monthly"):
        return float(value.monthly)
    return value


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: outcome.prompt[:40])
def test_what_comes_out_of_a_prompt(outcome: Outcome) -> None:
    understood, coverage, design = designed(outcome.prompt)
    for name, expected in outcome.stated.items():
        constraint = getattr(understood.requirements, name)
        assert constraint is not None, name
        assert plain(constraint.value) == expected, name
        if constraint.span is not None:
            found = outcome.prompt[constraint.span.start : constraint.span.end]
            assert found == constraint.span.text
    if outcome.asks is not None:
        assert (coverage.score < ENOUGH) is outcome.asks
        assert bool(coverage.inquiries) is outcome.asks
    assert len(coverage.inquiries) <= 3
    assert outcome.contradicts <= {name for item in understood.contradictions for name in item.fields}
    assert design.workload.value == outcome.workload or not outcome.workload
    assert design.cloud.value == outcome.cloud or not outcome.cloud
    assert outcome.relaxes <= {item.field for item in design.relaxations}
    if not outcome.relaxes:
        assert not design.relaxations
    if outcome.within is not None:
        assert design.bill.within_budget is outcome.within
    components = {choice.component for choice in design.choices}
    assert outcome.has <= components
    assert not outcome.lacks & components


def test_the_fraud_prompt_is_covered_and_within_its_budget() -> None:
    _, coverage, design = designed(FRAUD)
    assert coverage.score >= ENOUGH
    assert design.bill.expected <= 5000
    assert design.bill.budget_usd == 5000
    assert {Role.SERVING, Role.GATEWAY, Role.MONITORING, Role.TRAINING} <= {
        item.role for item in design.choices
    }


def test_what_is_inferred_says_so_and_is_less_sure_than_what_is_stated() -> None:
    understood, _, _ = designed(FRAUD)
    requirements = understood.requirements
    assert requirements.budget is not None
    assert requirements.model_family is not None
    assert requirements.budget.origin is Origin.STATED
    assert requirements.model_family.origin is Origin.INFERRED
    assert requirements.model_family.confidence < requirements.budget.confidence


def test_an_infeasible_request_says_what_was_relaxed_and_why() -> None:
    _, _, design = designed(OUTCOMES[9].prompt)
    assert all(item.because and item.was != item.becomes for item in design.relaxations)
