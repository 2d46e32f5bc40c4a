"""Facts: names, targets and values by environment."""

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.mlops.designs import design_of
from pilothouse.apps.mlops.codegen import generate
from pilothouse.apps.mlops.codegen.facts import facts_of
from pilothouse.apps.mlops.design import Role
from pilothouse.apps.mlops.requirements import Cloud, Constraint, ModelFamily, Requirements, Workload

DESIGN = design_of(Workload.ONLINE, Cloud.AWS)


@given(st.text(min_size=1, max_size=60).filter(lambda text: any(c.isascii() and c.isalnum() for c in text)))
def test_any_name_gives_a_slug_and_a_package_that_tools_accept(project: str) -> None:
    facts = facts_of(DESIGN, (), project)

    assert facts.package.isidentifier()
    assert not keyword.iskeyword(facts.package)
    assert len(facts.slug) <= 16
    assert facts.slug == facts.slug.lower().strip("-")
    assert facts.slug[0].isalpha()


@pytest.mark.parametrize("project", ["", "---", "日本"])
def test_a_name_without_a_letter_is_refused(project: str) -> None:
    with pytest.raises(ValueError, match="fraud-detection"):
        facts_of(DESIGN, (), project)


@pytest.mark.parametrize("project", ["tests", "IF", "logging"])
def test_a_package_is_no_keyword_and_hides_no_other_module(project: str) -> None:
    assert facts_of(DESIGN, (), project).package == f"{project.lower()}_service"


def test_production_follows_the_requirements_and_staging_is_small() -> None:
    facts = facts_of(DESIGN, (), "fraud")
    production, staging = facts.of("production"), facts.of("staging")

    assert production["retention_days"] == 180
    assert production["log_retention_days"] == 365  # SOC 2 asks for a year
    assert production["high_availability"] is True
    assert production["latency_slo_ms"] == 200
    assert production["monthly_budget_usd"] == 5000
    assert production["data_classification"] == "personal"
    assert staging["high_availability"] is False
    assert staging["deletion_protection"] is False
    assert facts.scaled("serving_replicas", 5, "staging") == 1
    assert facts.scaled("serving_max_replicas", 9, "staging") == 2
    assert facts.scaled("serving_cpu", 4, "staging") == 4
    assert facts.scaled("serving_replicas", 5, "production") == 5


def test_what_nobody_said_has_a_default() -> None:
    bare = DESIGN.model_copy(
        update={
            "requirements": Requirements(prompt="something"),
            "bill": DESIGN.bill.model_copy(update={"budget_usd": None}),
            "demand": DESIGN.demand.model_copy(update={"latency_ms": None, "availability": 0.99}),
        }
    )
    facts = facts_of(bare, (), "x1")

    assert facts.retention_days == 365
    assert facts.retraining_days == 7
    assert facts.log_retention_days == 90
    assert facts.latency_ms == 1000
    assert facts.monthly_budget_usd == 0
    assert facts.family is ModelFamily.GRADIENT_BOOSTING
    assert not facts.personal_data
    assert not facts.highly_available
    assert facts.compliance == ()
    assert facts.title.startswith("X1 on AWS")
    assert facts.component(Role.LLM) == ""


def test_the_plan_says_how_long_logs_are_kept() -> None:
    choices = tuple(
        choice.model_copy(update={"parameters": {"retention_days": 200}})
        if choice.role is Role.MONITORING
        else choice
        for choice in DESIGN.choices
    )
    stated = DESIGN.requirements.model_copy(update={"personal_data": Constraint(value=True)})
    facts = facts_of(DESIGN.model_copy(update={"choices": choices, "requirements": stated}), (), "fraud")

    assert facts.log_retention_days == 365
    assert facts.personal_data


def test_the_order_in_which_a_mapping_was_filled_does_not_count() -> None:
    turned = DESIGN.model_copy(
        update={
            "choices": tuple(
                choice.model_copy(update={"parameters": dict(reversed(choice.parameters.items()))})
                for choice in DESIGN.choices
            ),
            "score": DESIGN.score.model_copy(
                update={"criteria": dict(reversed(DESIGN.score.criteria.items()))}
            ),
        }
    )

    assert generate(turned, (), "fraud") == generate(DESIGN, (), "fraud")
