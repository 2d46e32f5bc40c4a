"""The cost critic holds the bill against the budget and never lets an unknown price pass in silence."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from pilothouse.apps.mlops.catalogue import Catalogue
from pilothouse.apps.mlops.critics import review_cost
from pilothouse.apps.mlops.design import Check, Design, Review, Verdict
from pilothouse.apps.mlops.planner import plan
from pilothouse.apps.mlops.pricing import PriceBook
from pilothouse.apps.mlops.requirements import Cloud, Requirements, Workload

Ask = Callable[..., Requirements]


@pytest.fixture
def design(ask: Ask, catalogue: Catalogue, book: PriceBook) -> Callable[..., Design]:
    given = {"workload": Workload.ONLINE, "cloud": Cloud.AWS}
    return lambda **more: plan(ask(**{**given, **more}), catalogue, book)


def check(review: Review, name: str) -> Check:
    return next(found for found in review.checks if found.id == name)


def billed(design: Design, **update: object) -> Design:
    return design.model_copy(update={"bill": design.bill.model_copy(update=update)})


def test_within_the_budget_passes_with_what_is_left(design: Callable[..., Design]) -> None:
    review = review_cost(design(budget=5000))
    budget = check(review, "budget")
    assert budget.verdict is Verdict.PASS
    assert "to spare" in budget.detail
    assert budget.limit is not None
    assert budget.limit.value == 5000
    assert check(review, "high-end").verdict is Verdict.PASS
    assert review.passed


def test_over_the_budget_goes_back_to_the_planner(design: Callable[..., Design]) -> None:
    over = billed(design(budget=5000), expected=Decimal(6000), high=Decimal(7000))
    review = review_cost(over)
    assert check(review, "budget").verdict is Verdict.FAIL
    assert "$1,000.00 too much" in check(review, "budget").detail
    assert [objection.directive for objection in review.objections] == ["reduce_cost"]
    assert check(review, "high-end").verdict is Verdict.WARN


def test_a_relaxed_budget_warns_and_is_no_objection(design: Callable[..., Design]) -> None:
    review = review_cost(design(budget=10, throughput_rps=500.0))
    assert check(review, "budget").verdict is Verdict.WARN
    assert "relaxed from 10 USD a month" in check(review, "budget").detail
    assert not review.objections


def test_without_a_budget_the_cost_is_told(design: Callable[..., Design]) -> None:
    review = review_cost(design())
    assert "no budget was given" in check(review, "budget").detail
    assert not any(found.id == "high-end" for found in review.checks)


def test_unknown_prices_are_told_per_component(design: Callable[..., Design]) -> None:
    made = design()
    assert check(review_cost(made), "unknown").verdict is Verdict.PASS
    line = made.bill.lines[0].model_copy(update={"monthly": None, "assumption": "no price for it"})
    review = review_cost(billed(made, unknown=(line,)))
    found = check(review, f"unknown:{line.component}")
    assert found.verdict is Verdict.WARN
    assert found.component == line.component
    assert "no price for it" in found.detail


def test_a_metered_line_without_an_assumption_fails(design: Callable[..., Design]) -> None:
    made = design()
    assert check(review_cost(made), "usage-assumptions").verdict is Verdict.PASS
    lines = tuple(
        line.model_copy(update={"resource": "elsewhere", "assumption": ""}) if line.usage_priced else line
        for line in made.bill.lines
    )
    assert check(review_cost(billed(made, lines=lines)), "usage-assumptions").verdict is Verdict.FAIL


def test_the_largest_part_and_the_unit_cost_follow_from_the_bill(design: Callable[..., Design]) -> None:
    made = design()
    review = review_cost(made)
    sums: dict[str, Decimal] = {}
    for line in made.bill.lines:
        sums[line.component] = sums.get(line.component, Decimal(0)) + (line.monthly or 0)
    largest = check(review, "largest")
    assert largest.component == max(sums, key=lambda name: sums[name])
    unit = check(review, "unit-cost").measured
    assert unit is not None
    assert unit.value == pytest.approx(float(made.bill.expected) / made.demand.requests_per_month * 1000)


def test_a_bill_of_nothing_known_has_no_largest_part(ask: Ask, catalogue: Catalogue, book: PriceBook) -> None:
    review = review_cost(plan(ask(workload=Workload.TRAINING, on_premises=True), catalogue, book))
    assert not any(found.id == "largest" for found in review.checks)
    assert any(found.verdict is Verdict.WARN and found.id.startswith("unknown:") for found in review.checks)


def test_no_requests_have_no_unit_cost(design: Callable[..., Design]) -> None:
    made = design()
    idle = made.model_copy(update={"demand": made.demand.model_copy(update={"requests_per_month": 0.0})})
    assert not any(found.id == "unit-cost" for found in review_cost(idle).checks)
