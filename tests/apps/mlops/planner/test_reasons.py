"""The reasons a plan gives are numbers that hold."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from pilothouse.apps.mlops.catalogue import Catalogue
from pilothouse.apps.mlops.design import Role
from pilothouse.apps.mlops.planner import PlanError, plan
from pilothouse.apps.mlops.planner.explore import explore
from pilothouse.apps.mlops.planner.menu import Means
from pilothouse.apps.mlops.pricing import PriceBook
from pilothouse.apps.mlops.requirements import Cloud, ModelFamily, Regime, Requirements, UseCase, Workload

Ask = Callable[..., Requirements]


def test_an_alternative_lost_by_the_difference_of_the_scores(
    ask: Ask, catalogue: Catalogue, book: PriceBook
) -> None:
    design = plan(ask(workload=Workload.ONLINE), catalogue, book)
    for alternative in design.alternatives:
        gap = re.match(r"lost by ([\d.]+): (.+)", alternative.reason)
        assert gap, alternative.reason
        assert float(gap[1]) == pytest.approx(design.score.total - alternative.score, abs=2e-3)
        assert alternative.score <= design.score.total


def test_a_cost_ratio_in_a_reason_is_the_ratio_of_the_costs(
    ask: Ask, catalogue: Catalogue, book: PriceBook
) -> None:
    design = plan(ask(workload=Workload.ONLINE), catalogue, book)
    told = [a for a in design.alternatives if "times the monthly cost" in a.reason]
    assert told
    for alternative in told:
        ratio = re.search(r"([\d.]+) times the monthly cost", alternative.reason)
        assert ratio
        assert alternative.expected_monthly_usd is not None
        cost = float(design.bill.expected)
        assert float(ratio[1]) == pytest.approx(alternative.expected_monthly_usd / cost, abs=0.06)


def test_every_other_component_of_the_platform_is_rejected_with_a_reason(
    ask: Ask, catalogue: Catalogue, book: PriceBook
) -> None:
    design = plan(ask(workload=Workload.ONLINE, cloud=Cloud.AWS), catalogue, book)
    for choice in design.choices:
        others = {component.id for component in catalogue.offers(Cloud.AWS, choice.role)} - {choice.component}
        assert {entry.component for entry in choice.rejected} == others
        scores = [entry.score for entry in choice.rejected if entry.score is not None]
        assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, (Role.SERVING, "aws-sagemaker-batch-transform", "does not offer online")),
        ({"excluded_technologies": ("lambda",)}, (Role.SERVING, "aws-lambda", "lambda, which was excluded")),
        (
            {"model_family": ModelFamily.TRANSFORMER, "gpu": True},
            (Role.SERVING, "aws-ecs-fargate", "no accelerators"),
        ),
        ({"throughput_rps": 9000.0}, (Role.GATEWAY, "aws-api-gateway", "carries 10,000 requests a second")),
        ({"workload": Workload.BATCH}, (Role.SERVING, "aws-lambda", "does not offer batch")),
        (
            {"use_case": UseCase.MEDICAL_IMAGING, "latency_ms": 5000.0, "gpu": False, "cloud": Cloud.GCP},
            (Role.SERVING, "gcp-vertex-endpoint", "takes at most 1,536 kB a request, 2,000 kB are needed"),
        ),
        ({"workload": Workload.RAG}, (Role.LLM, "oss-vllm", "times the monthly cost")),
        ({"workload": Workload.RAG, "gpu": False}, (Role.LLM, "oss-vllm", "none are to be used")),
        (
            {"workload": Workload.RAG, "excluded_technologies": ("eks",)},
            (Role.LLM, "oss-vllm", "needs a cluster beside it"),
        ),
        (
            {"workload": Workload.BATCH, "cloud": Cloud.KUBERNETES, "model_family": ModelFamily.TRANSFORMER},
            (Role.SERVING, "oss-kserve", "does not offer batch"),
        ),
    ],
)
def test_hard_reasons_are_told(
    given: dict[str, object], told: tuple[Role, str, str], ask: Ask, catalogue: Catalogue, book: PriceBook
) -> None:
    role, component, words = told
    design = plan(ask(**{"workload": Workload.ONLINE, "cloud": Cloud.AWS, **given}), catalogue, book)
    choice = design.choice(role)
    assert choice is not None
    assert words in {entry.component: entry.reason for entry in choice.rejected}[component]


def test_a_platform_that_cannot_fill_a_role_says_which_and_why(
    ask: Ask, catalogue: Catalogue, book: PriceBook
) -> None:
    design = plan(ask(workload=Workload.STREAMING, throughput_rps=30_000.0), catalogue, book)
    empty = {alternative.name: alternative for alternative in design.alternatives if alternative.score == 0}
    assert "nothing is left for ingest" in empty["Azure"].reason
    assert "its limit is 40" in empty["Azure"].reason
    assert empty["Azure"].cloud is Cloud.AZURE
    assert empty["Azure"].expected_monthly_usd is None


def test_an_alternative_that_breaks_a_limit_says_which(
    ask: Ask, catalogue: Catalogue, book: PriceBook
) -> None:
    given = {"workload": Workload.ONLINE, "budget": 150, "latency_ms": 100.0, "deadline_weeks": 2.2}
    reasons = " ".join(a.reason for a in plan(ask(**given), catalogue, book).alternatives)
    assert "breaks the budget" in reasons
    assert "the deadline" in reasons


def test_compliance_a_provider_does_not_attest_rules_a_component_out(ask: Ask, catalogue: Catalogue) -> None:
    bedrock = catalogue.component("aws-bedrock")
    facts = bedrock.compliance.model_copy(update={"attests": (Regime.SOC2,)})
    changed = bedrock.model_copy(update={"compliance": facts})
    components = tuple(changed if c.id == bedrock.id else c for c in catalogue.components)
    from pilothouse.apps.mlops.pricing import load_book

    given = ask(workload=Workload.RAG, cloud=Cloud.AWS, compliance=(Regime.HIPAA,))
    design = plan(given, catalogue.model_copy(update={"components": components}), load_book())
    choice = design.choice(Role.LLM)
    assert choice is not None
    assert choice.component == "oss-vllm"
    assert {entry.component: entry.reason for entry in choice.rejected}["aws-bedrock"] == (
        "is not attested for hipaa by its provider"
    )


def without(catalogue: Catalogue, capability: str) -> Catalogue:
    """The catalogue with `capability` taken from every component."""
    components = tuple(
        component.model_copy(update={"capabilities": component.capabilities - {capability}})
        for component in catalogue.components
    )
    return catalogue.model_copy(update={"components": components})


@pytest.mark.parametrize(
    ("capability", "given", "field"),
    [
        ("gpu", {"workload": Workload.TRAINING, "gpu": True, "model_family": ModelFamily.LINEAR}, "gpu"),
        ("offline", {"workload": Workload.EDGE, "offline": True}, "offline"),
    ],
)
def test_what_no_component_can_do_is_relaxed(
    capability: str, given: dict[str, object], field: str, ask: Ask, catalogue: Catalogue, book: PriceBook
) -> None:
    design = plan(ask(**given), without(catalogue, capability), book)
    [relaxation] = design.relaxations
    assert relaxation.field == field
    assert relaxation.was == field


def test_prices_that_are_not_known_do_not_win(ask: Ask, catalogue: Catalogue, book: PriceBook) -> None:
    wish = ask(workload=Workload.TRAINING, data_volume_gb=1_000_000.0, gpu=True)
    design = plan(wish, catalogue, book)
    found = explore(wish, Means(catalogue, book))
    doubtful = [v.found.best for v in found.visits if v.found.best is not None and v.found.best.unknown]
    for candidate in doubtful:
        assert candidate.cost > 0.5 * float(design.bill.expected)


def test_without_any_component_there_is_no_plan_and_the_reason_is_told(
    ask: Ask, catalogue: Catalogue, book: PriceBook
) -> None:
    kept = tuple(c for c in catalogue.components if Role.STORAGE not in c.roles)
    empty = catalogue.model_copy(update={"components": kept})
    with pytest.raises(PlanError, match="nothing is left for storage"):
        plan(ask(workload=Workload.BATCH, throughput_rps=1.0, gpu=True, cloud=Cloud.AWS), empty, book)
