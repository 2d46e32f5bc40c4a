import pytest

from pilothouse.apps.mlops.intake import read
from pilothouse.apps.mlops.intake.inference.infer import infer
from pilothouse.apps.mlops.requirements import Constraint, Origin, Regime, Requirements

FRAUD = "Design an MLOps system for real-time fraud detection with a budget of $5000/month"


def inferred(prompt: str, field: str) -> Constraint[object] | None:
    constraint = getattr(read(prompt).requirements, field)
    return constraint if constraint is not None and constraint.origin is Origin.INFERRED else None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model_family", "gradient_boosting"),
        ("data_kinds", ("tabular",)),
        ("latency_ms", 100),
        ("personal_data", True),
        ("compliance", ("pci_dss",)),
        ("availability", 0.999),
        ("throughput_rps", 50),
    ],
)
def test_a_use_case_implies_its_usual_constraints_with_lower_confidence_and_a_reason(
    field: str, value: object
) -> None:
    found = inferred(FRAUD, field)
    assert found is not None
    assert found.value == value
    assert found.confidence < 0.9
    assert found.note.endswith(".")
    assert found.span is not None
    assert found.span.text == "fraud detection"


def test_what_was_said_is_never_overridden() -> None:
    requirements = read(f"{FRAUD}, with a linear model on images, without personal data").requirements
    assert requirements.model_family is not None
    assert requirements.model_family.origin is Origin.STATED
    assert requirements.personal_data is not None
    assert requirements.personal_data.value is False


@pytest.mark.parametrize(
    ("prompt", "field", "value"),
    [
        ("use SageMaker", "cloud", "aws"),
        ("BigQuery is there", "cloud", "gcp"),
        ("in eu-central-1", "cloud", "aws"),
        ("in westeurope", "cloud", "azure"),
        ("on-premises", "cloud", "kubernetes"),
        ("on AWS", "on_premises", False),
        ("personal data in Germany", "compliance", (Regime.GDPR,)),
        ("HIPAA", "regions", ("us",)),
        ("must work offline", "workload", "edge"),
        ("within 100 ms", "workload", "online"),
        ("churn, answered within 50 ms", "workload", "online"),
        ("a chatbot that answers within 2 seconds", "workload", "rag"),
        ("20,000 PDF documents", "workload", "rag"),
        ("1M users", "throughput_rps", pytest.approx(115.74, rel=1e-3)),
        ("churn of 1M customers", "throughput_rps", pytest.approx(11.574, rel=1e-3)),
        ("600 sensors", "throughput_rps", 10),
        ("20,000 PDF documents", "data_volume_gb", 20),
        ("XGBoost", "gpu", False),
    ],
)
def test_one_statement_implies_another(prompt: str, field: str, value: object) -> None:
    found = inferred(prompt, field)
    assert found is not None
    assert found.value == value


def test_credit_scoring_in_the_eu_falls_under_its_ai_act_and_data_protection() -> None:
    found = inferred("credit scoring for a bank in Berlin", "compliance")
    assert found is not None
    assert isinstance(found.value, tuple)
    assert set(found.value) == {Regime.EU_AI_ACT, Regime.GDPR}


def test_a_conclusion_is_as_sure_as_its_weakest_condition() -> None:
    hinted = inferred("credit scoring for a German bank", "compliance")
    assert hinted is not None
    assert hinted.confidence == pytest.approx(0.85 * 0.55, abs=0.001)


def test_inferring_again_changes_nothing_and_follows_a_changed_statement() -> None:
    once = read(FRAUD).requirements
    assert infer(once) == once
    changed = once.model_copy(update={"use_case": None})
    again = infer(Requirements.model_validate(changed.model_dump()))
    assert again.personal_data is None


def test_a_cloud_that_is_ruled_out_does_not_follow() -> None:
    assert inferred("deploy in eu-central-1, but not on AWS", "cloud") is None


def test_nothing_follows_from_nothing() -> None:
    requirements = read("I need some AI for my company").requirements
    assert not any(getattr(requirements, name) for name in Requirements.model_fields if name != "prompt")
