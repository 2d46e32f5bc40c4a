"""What holds for plans of any requirements: same in, same out; more money never hurts; numbers add up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilothouse.apps.mlops.catalogue import Catalogue
from pilothouse.apps.mlops.critics import review_cost, review_technically
from pilothouse.apps.mlops.design import Verdict
from pilothouse.apps.mlops.planner import plan
from pilothouse.apps.mlops.planner.reading import read
from pilothouse.apps.mlops.policies import check_policies
from pilothouse.apps.mlops.pricing import PriceBook
from pilothouse.apps.mlops.requirements import (
    Cloud,
    ModelFamily,
    Regime,
    Requirements,
    Skill,
    UseCase,
    Workload,
)

Ask = Callable[..., Requirements]

few = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

wishes = st.fixed_dictionaries(
    {},
    optional={
        "workload": st.sampled_from(Workload),
        "use_case": st.sampled_from(UseCase),
        "model_family": st.sampled_from(ModelFamily),
        "cloud": st.sampled_from(Cloud),
        "throughput_rps": st.floats(0.1, 5000),
        "latency_ms": st.floats(1, 5000),
        "availability": st.sampled_from([0.99, 0.999, 0.9995, 0.9999]),
        "data_volume_gb": st.floats(1, 50_000),
        "regions": st.sampled_from([("us",), ("eu",), ("us", "eu"), ("germany",)]),
        "budget": st.integers(50, 50_000),
        "compliance": st.sampled_from([(Regime.GDPR,), (Regime.HIPAA, Regime.SOC2), (Regime.PCI_DSS,)]),
        "team_skill": st.sampled_from(Skill),
        "team_size": st.integers(1, 10),
        "existing_stack": st.sampled_from([("kafka",), ("postgresql", "airflow"), ("sagemaker",)]),
        "excluded_technologies": st.sampled_from([("kubernetes",), ("serverless",), ("kafka", "lambda")]),
        "open_source_only": st.booleans(),
        "on_premises": st.booleans(),
        "gpu": st.booleans(),
        "offline": st.booleans(),
    },
)


@few
@given(wish=wishes)
def test_every_plan_is_deterministic_complete_and_consistent_with_its_reviews(
    wish: dict[str, Any], ask: Ask, catalogue: Catalogue, book: PriceBook
) -> None:
    requirements = ask(**wish)
    design = plan(requirements, catalogue, book)
    assert design == plan(requirements, catalogue, book)
    required = {
        need.role for need in catalogue.workload(design.workload).roles if need.required and not need.when
    }
    assert required <= {choice.role for choice in design.choices}
    assert all(entry.reason for choice in design.choices for entry in choice.rejected)
    assert all(alternative.reason for alternative in design.alternatives)

    technical = review_technically(design, catalogue)
    checks = {check.id: check for check in technical.checks}
    stages = [check for name, check in checks.items() if name.startswith("latency:")]
    if "latency" in checks:
        total = checks["latency"].measured
        assert total is not None
        assert total.value == pytest.approx(sum(c.measured.value for c in stages if c.measured))
        assert total.value == pytest.approx(read(design, catalogue).latency_ms)
    for review in (technical, review_cost(design), check_policies(design, catalogue)):
        assert all(check.detail and check.rule for check in review.checks)
        failed = {check.id for check in review.checks if check.verdict is Verdict.FAIL}
        assert {objection.check for objection in review.objections} <= failed
        plan(requirements, catalogue, book, review.objections, round=2)


@few
@given(wish=wishes, more=st.floats(1.0, 20.0))
def test_more_money_never_makes_a_feasible_plan_infeasible(
    wish: dict[str, Any], more: float, ask: Ask, catalogue: Catalogue, book: PriceBook
) -> None:
    wish = {"budget": 700, **wish}
    tight = plan(ask(**wish), catalogue, book)
    wide = plan(ask(**{**wish, "budget": wish["budget"] * more}), catalogue, book)
    if not tight.relaxations:
        assert not wide.relaxations
    assert len(wide.relaxations) <= len(tight.relaxations)


@few
@given(wish=wishes)
def test_a_design_without_relaxations_keeps_every_hard_number(
    wish: dict[str, Any], ask: Ask, catalogue: Catalogue, book: PriceBook
) -> None:
    design = plan(ask(**wish), catalogue, book)
    if design.relaxations:
        return
    reading = read(design, catalogue)
    if "budget" in wish:
        assert design.bill.expected <= wish["budget"]
    if reading.path and "latency_ms" in wish:
        assert reading.latency_ms <= wish["latency_ms"] + 1e-6
    if reading.path and "availability" in wish:
        assert reading.availability >= wish["availability"] - 1e-9
