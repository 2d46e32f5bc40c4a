"""Decision records say what was decided, why, against what, and what follows, in the design's own numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pilothouse.apps.mlops.catalogue import load_catalogue
from pilothouse.apps.mlops.critics import review_cost, review_technically
from pilothouse.apps.mlops.design import Design, Review
from pilothouse.apps.mlops.planner import plan
from pilothouse.apps.mlops.policies import check_policies
from pilothouse.apps.mlops.pricing import load_book
from pilothouse.apps.mlops.rationale import rationale
from pilothouse.apps.mlops.requirements import (
    Budget,
    Cloud,
    Constraint,
    Origin,
    Regime,
    Requirements,
    Workload,
)


@pytest.fixture(scope="module")
def made() -> tuple[Design, tuple[Review, ...]]:
    catalogue = load_catalogue()
    money = Budget(monthly=Decimal(1), currency="USD", stated_amount=Decimal(12), stated_period="year")
    requirements = Requirements(
        prompt="a test",
        workload=Constraint(value=Workload.ONLINE),
        cloud=Constraint(value=Cloud.AWS, origin=Origin.ANSWERED),
        budget=Constraint(value=money),
        personal_data=Constraint(value=True),
        throughput_rps=Constraint(value=12.5),
        compliance=Constraint(value=(Regime.GDPR, Regime.SOC2)),
    )
    design = plan(requirements, catalogue, load_book())
    reviews = (review_technically(design, catalogue), review_cost(design), check_policies(design, catalogue))
    return design, reviews


def test_there_is_a_record_for_the_platform_and_for_every_choice(
    made: tuple[Design, tuple[Review, ...]],
) -> None:
    design, reviews = made
    records = rationale(design, reviews).decisions
    assert [record.id for record in records] == [
        f"{number:04d}" for number in range(1, len(design.choices) + 2)
    ]
    assert records[0].component is None
    for choice, record in zip(design.choices, records[1:], strict=True):
        assert (record.role, record.component) == (choice.role, choice.component)
        assert record.alternatives == choice.rejected
        assert record.context.endswith(".")
        assert record.context in choice.why + "."


def test_the_platform_record_names_what_was_asked_the_score_and_the_assumptions(
    made: tuple[Design, tuple[Review, ...]],
) -> None:
    design, reviews = made
    record = rationale(design, reviews).decisions[0]
    for words in (
        "budget 12 USD a year",
        "cloud aws (answered)",
        "personal data yes",
        "throughput rps 12.5",
        "gdpr, soc2",
    ):
        assert words in record.context
    assert f"{design.score.total:.3f}" in record.decision
    assert all(f"weight {weight:.2f}" in record.decision for weight in design.score.weights.values())
    assert {line.removeprefix("Assumed: ") for line in record.consequences} >= set(design.assumptions)
    assert len(record.alternatives) == len(design.alternatives)


def test_consequences_are_the_bill_and_the_reviews_with_the_worst_first(
    made: tuple[Design, tuple[Review, ...]],
) -> None:
    design, reviews = made
    records = {record.component: record for record in rationale(design, reviews).decisions}
    storage = records["aws-s3"]
    spent = sum(
        (line.monthly for line in design.bill.lines if line.component == "aws-s3" and line.monthly),
        Decimal(0),
    )
    assert storage.consequences[0] == f"Adds ${spent:,.2f} a month."
    assert records["aws-iam"].consequences[0] == "Adds nothing to the bill."
    order = ["fail:", "warn:", "pass:"]
    for record in records.values():
        told = [order.index(line.split()[0]) for line in record.consequences if line.split()[0] in order]
        assert told == sorted(told)


def test_sizes_are_part_of_the_decision(made: tuple[Design, tuple[Review, ...]]) -> None:
    design, reviews = made
    for choice, record in zip(design.choices, rationale(design, reviews).decisions[1:], strict=True):
        for name, value in choice.parameters.items():
            assert f"{name.replace('_', ' ')} {value}" in record.decision


def test_the_summary_counts_checks_and_names_relaxations(made: tuple[Design, tuple[Review, ...]]) -> None:
    design, reviews = made
    summary = rationale(design, reviews).summary
    passed = sum(check.verdict.value == "pass" for review in reviews for check in review.checks)
    assert f"{passed} checks passed" in summary
    assert "Relaxed: budget from 1 USD a month" in summary


def test_lines_without_a_price_are_counted_and_a_wish_for_nothing_is_told(
    made: tuple[Design, tuple[Review, ...]],
) -> None:
    design, _ = made
    lines = tuple(line.model_copy(update={"monthly": None}) for line in design.bill.lines)
    blind = design.model_copy(
        update={
            "bill": design.bill.model_copy(update={"lines": lines}),
            "requirements": Requirements(prompt="", on_premises=Constraint(value=False)),
        }
    )
    records = {record.component: record for record in rationale(blind, ()).decisions}
    assert "lines without a price" in records["aws-s3"].consequences[0]
    assert records[None].context == "Asked for: on premises no."
    nothing = blind.model_copy(update={"requirements": Requirements(prompt="")})
    assert rationale(nothing, ()).decisions[0].context == "Asked for: nothing but the prompt."
