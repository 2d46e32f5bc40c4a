"""Policies: each rule fails where it is broken, names the component, and holds for what the planner makes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pilothouse.apps.mlops.catalogue import Catalogue
from pilothouse.apps.mlops.design import Check, Design, Review, Role, Verdict
from pilothouse.apps.mlops.planner import plan
from pilothouse.apps.mlops.policies import RuleError, check_policies, load_rules
from pilothouse.apps.mlops.pricing import PriceBook
from pilothouse.apps.mlops.requirements import Cloud, Constraint, Regime, Requirements, UseCase, Workload

Ask = Callable[..., Requirements]


@pytest.fixture
def design(ask: Ask, catalogue: Catalogue, book: PriceBook) -> Callable[..., Design]:
    given = {"workload": Workload.ONLINE, "cloud": Cloud.AWS}
    return lambda **more: plan(ask(**{**given, **more}), catalogue, book)


def found(review: Review, rule: str) -> list[Check]:
    return [check for check in review.checks if check.id == rule or check.id.startswith(f"{rule}:")]


def worst(review: Review, rule: str) -> Verdict:
    order = [Verdict.PASS, Verdict.WARN, Verdict.FAIL]
    return max((check.verdict for check in found(review, rule)), key=order.index)


def with_facts(catalogue: Catalogue, component: str, **facts: object) -> Catalogue:
    """The catalogue with other compliance facts for one component."""
    changed = tuple(
        c.model_copy(update={"compliance": c.compliance.model_copy(update=facts)}) if c.id == component else c
        for c in catalogue.components
    )
    return catalogue.model_copy(update={"components": changed})


def attributed(design: Design, role: Role, **attributes: object) -> Design:
    """The design with other attributes on the resources of one role; None takes one away."""
    choices = []
    for choice in design.choices:
        if choice.role is role:
            resources = []
            for planned in choice.resources:
                merged = {**planned.resource.attributes, **attributes}
                kept = {key: value for key, value in merged.items() if value is not None}
                resources.append(
                    planned.model_copy(
                        update={"resource": planned.resource.model_copy(update={"attributes": kept})}
                    )
                )
            choice = choice.model_copy(update={"resources": tuple(resources)})  # noqa: PLW2901 - the changed copy
        choices.append(choice)
    return design.model_copy(update={"choices": tuple(choices)})


def asking(design: Design, **values: object) -> Design:
    stated = {name: Constraint(value=value) for name, value in values.items()}
    return design.model_copy(update={"requirements": design.requirements.model_copy(update=stated)})


@pytest.mark.parametrize("cloud", [Cloud.AWS, Cloud.GCP, Cloud.AZURE, Cloud.KUBERNETES])
@pytest.mark.parametrize("workload", list(Workload))
def test_what_the_planner_makes_breaks_no_rule(
    cloud: Cloud, workload: Workload, ask: Ask, catalogue: Catalogue, book: PriceBook
) -> None:
    regimes = (Regime.GDPR, Regime.SOC2, Regime.ISO_27001)
    made = plan(ask(workload=workload, cloud=cloud, compliance=regimes, personal_data=True), catalogue, book)
    review = check_policies(made, catalogue)
    assert review.passed, [check for check in review.checks if check.verdict is Verdict.FAIL]


def test_every_check_carries_the_text_and_source_of_its_rule(
    design: Callable[..., Design], catalogue: Catalogue
) -> None:
    rules = {rule.id: rule for rule in load_rules()}
    for check in check_policies(design(compliance=tuple(Regime)), catalogue).checks:
        rule = rules[check.id.split(":")[0]]
        assert rule.text in check.rule
        assert rule.source in check.rule


@pytest.mark.parametrize(
    ("fact", "rule", "verdict"),
    [
        ("encryption_at_rest", "encryption-at-rest", Verdict.FAIL),
        ("encryption_in_transit", "encryption-in-transit", Verdict.FAIL),
        ("private_network", "private-network", Verdict.WARN),
        ("audit_log", "audit-log", Verdict.WARN),
        ("customer_keys", "customer-keys", Verdict.WARN),
    ],
)
def test_a_missing_protection_is_found_at_its_component(
    fact: str, rule: str, verdict: Verdict, design: Callable[..., Design], catalogue: Catalogue
) -> None:
    made = design(personal_data=True)
    review = check_policies(made, with_facts(catalogue, "aws-dynamodb", **{fact: False}))
    [check] = found(review, rule)
    assert check.verdict is verdict
    assert check.component == "aws-dynamodb"
    sent_back = [objection.directive for objection in review.objections]
    assert sent_back == (["exclude:aws-dynamodb"] if verdict is Verdict.FAIL else [])


def test_customer_keys_matter_for_personal_data_only(
    design: Callable[..., Design], catalogue: Catalogue
) -> None:
    changed = with_facts(catalogue, "aws-dynamodb", customer_keys=False)
    assert found(check_policies(design(), changed), "customer-keys") == []


@pytest.mark.parametrize(
    ("regime", "rule"),
    [
        (Regime.HIPAA, "hipaa-eligible"),
        (Regime.PCI_DSS, "pci-attested"),
        (Regime.SOC2, "soc2-attested"),
        (Regime.ISO_27001, "iso-27001-attested"),
        (Regime.GDPR, "gdpr-processor"),
        (Regime.FEDRAMP, "fedramp-authorised"),
        (Regime.CCPA, "ccpa-provider"),
    ],
)
def test_a_service_that_is_not_attested_fails_and_an_own_one_warns(
    regime: Regime, rule: str, design: Callable[..., Design], ask: Ask, catalogue: Catalogue, book: PriceBook
) -> None:
    made = design(compliance=(regime,))
    review = check_policies(made, with_facts(catalogue, "aws-s3", attests=()))
    assert "aws-s3" in {check.component for check in found(review, rule) if check.verdict is Verdict.FAIL}
    assert "exclude:aws-s3" in {objection.directive for objection in review.objections}
    own = plan(ask(workload=Workload.ONLINE, on_premises=True, compliance=(regime,)), catalogue, book)
    assert worst(check_policies(own, catalogue), rule) is Verdict.WARN


def test_a_resource_outside_the_geography_asked_for_is_found(
    design: Callable[..., Design], catalogue: Catalogue
) -> None:
    made = design()
    assert worst(check_policies(made, catalogue), "residency") is Verdict.PASS
    review = check_policies(asking(made, regions=("eu",)), catalogue)
    assert worst(review, "residency") is Verdict.FAIL
    assert "us-east-1, asked for was eu" in found(review, "residency")[0].detail
    assert worst(check_policies(design(regions=("eu",)), catalogue), "residency") is Verdict.PASS


def test_a_service_that_moves_data_out_of_its_region_is_replaced(
    design: Callable[..., Design], ask: Ask, catalogue: Catalogue, book: PriceBook
) -> None:
    roaming = with_facts(catalogue, "aws-bedrock", in_region=False)
    given = {"workload": Workload.RAG, "cloud": Cloud.AWS, "regions": ("us",)}
    first = plan(ask(**given), roaming, book)
    llm = first.choice(Role.LLM)
    assert llm is not None
    assert llm.component == "aws-bedrock"
    review = check_policies(first, roaming)
    second = plan(ask(**given), roaming, book, review.objections, round=2)
    llm = second.choice(Role.LLM)
    assert llm is not None
    assert llm.component == "oss-vllm"
    assert check_policies(second, roaming).passed


def test_gdpr_outside_the_union_warns_and_fedramp_outside_the_states_fails(
    design: Callable[..., Design], catalogue: Catalogue
) -> None:
    american = asking(design(), compliance=(Regime.GDPR,))
    assert worst(check_policies(american, catalogue), "transfer") is Verdict.WARN
    european = asking(design(regions=("eu",)), compliance=(Regime.FEDRAMP,))
    assert worst(check_policies(european, catalogue), "fedramp-region") is Verdict.FAIL


def test_where_own_machines_stand_is_not_known(ask: Ask, catalogue: Catalogue, book: PriceBook) -> None:
    own = plan(ask(workload=Workload.BATCH, on_premises=True, compliance=(Regime.GDPR,)), catalogue, book)
    assert worst(check_policies(own, catalogue), "transfer") is Verdict.WARN


@pytest.mark.parametrize(
    ("regime", "days", "rule", "verdict"),
    [
        (Regime.PCI_DSS, 90, "retention-pci", Verdict.FAIL),
        (Regime.PCI_DSS, 365, "retention-pci", Verdict.PASS),
        (Regime.EU_AI_ACT, 100, "retention-ai-act", Verdict.FAIL),
        (Regime.EU_AI_ACT, 200, "retention-ai-act", Verdict.PASS),
        (Regime.HIPAA, 365, "retention-hipaa", Verdict.WARN),
        (Regime.HIPAA, 3000, "retention-hipaa", Verdict.PASS),
    ],
)
def test_regimes_ask_for_retention(
    regime: Regime,
    days: int,
    rule: str,
    verdict: Verdict,
    design: Callable[..., Design],
    catalogue: Catalogue,
) -> None:
    made = design(compliance=(regime,), retention_days=days)
    assert worst(check_policies(made, catalogue), rule) is verdict


def test_retention_fails_where_neither_store_keeps_enough(
    design: Callable[..., Design], catalogue: Catalogue
) -> None:
    made = design(retention_days=4000)
    assert worst(check_policies(made, catalogue), "retention") is Verdict.PASS
    s3 = catalogue.component("aws-s3")
    plain = s3.model_copy(update={"capabilities": s3.capabilities - {"lifecycle"}})
    other = catalogue.model_copy(
        update={"components": tuple(plain if c.id == "aws-s3" else c for c in catalogue.components)}
    )
    review = check_policies(made, other)
    assert "keeps 365 days, 4000 are asked for" in found(review, "retention")[0].detail
    assert worst(review, "backup") is Verdict.FAIL
    without = made.model_copy(
        update={"choices": tuple(c for c in made.choices if c.role is not Role.MONITORING)}
    )
    assert "nothing keeps 0 days" in found(check_policies(without, other), "retention")[0].detail


def test_resources_without_tags_are_listed(design: Callable[..., Design], catalogue: Catalogue) -> None:
    bare = attributed(design(), Role.STORAGE, tags=None)
    [check] = found(check_policies(bare, catalogue), "tagging")
    assert check.verdict is Verdict.FAIL
    assert check.component == "aws-s3"
    assert "aws_s3_bucket.data" in check.detail


def test_a_public_database_fails_and_a_public_entry_warns(
    design: Callable[..., Design], catalogue: Catalogue
) -> None:
    rag = design(workload=Workload.RAG, excluded_technologies=("opensearch", "kubernetes"))
    review = check_policies(attributed(rag, Role.VECTOR_STORE, publicly_accessible=True), catalogue)
    assert worst(review, "public-exposure") is Verdict.FAIL
    entry = attributed(design(), Role.GATEWAY, internal=False)
    assert worst(check_policies(entry, catalogue), "public-exposure") is Verdict.WARN
    assert worst(check_policies(design(), catalogue), "public-exposure") is Verdict.PASS
    gateway = design(excluded_technologies=("alb",))
    assert worst(check_policies(gateway, catalogue), "public-exposure") is Verdict.WARN
    assert worst(check_policies(gateway, catalogue), "private-network") is Verdict.WARN


def test_decisions_about_people_ask_for_review_and_explanations(
    design: Callable[..., Design], catalogue: Catalogue
) -> None:
    given = {"use_case": UseCase.CREDIT_SCORING, "compliance": (Regime.EU_AI_ACT,)}
    silent = check_policies(design(**given), catalogue)
    assert worst(silent, "ai-act-oversight") is Verdict.WARN
    assert worst(silent, "gdpr-automated-decisions") is Verdict.WARN
    both = check_policies(design(**given, human_review=True, explainability=True), catalogue)
    assert worst(both, "ai-act-oversight") is Verdict.PASS
    general = check_policies(design(compliance=(Regime.GDPR,)), catalogue)
    assert found(general, "gdpr-automated-decisions") == []


def test_a_role_that_nobody_fills_and_a_weak_identity_fail(
    design: Callable[..., Design], catalogue: Catalogue
) -> None:
    made = design()
    without = made.model_copy(
        update={"choices": tuple(c for c in made.choices if c.role is not Role.REGISTRY)}
    )
    assert worst(check_policies(without, catalogue), "model-versions") is Verdict.FAIL
    iam = catalogue.component("aws-iam")
    weak = iam.model_copy(update={"capabilities": frozenset({"roles"})})
    other = catalogue.model_copy(
        update={"components": tuple(weak if c.id == "aws-iam" else c for c in catalogue.components)}
    )
    assert worst(check_policies(made, other), "workload-identity") is Verdict.FAIL


def test_rules_are_read_from_data_and_wrong_ones_are_named(tmp_path: Path) -> None:
    assert len({rule.id for rule in load_rules()}) == len(load_rules()) >= 25
    path = tmp_path / "rules.toml"
    path.write_text('[[rule]]\nid = "x"\ntitle = "X"\ntext = "t"\nsource = "https://x"\ntest = "magic"\n')
    with pytest.raises(RuleError, match=r"rules\.toml: rule\.0\.test"):
        load_rules(path)
    path.write_text("[[rule]")
    with pytest.raises(RuleError, match="not valid TOML"):
        load_rules(path)


def test_other_rules_can_be_given(design: Callable[..., Design], catalogue: Catalogue) -> None:
    rules = tuple(rule for rule in load_rules() if rule.id == "tagging")
    assert [check.id for check in check_policies(design(), catalogue, rules).checks] == ["tagging"]
