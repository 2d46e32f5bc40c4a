import pytest

from apps.mlops.intake.expectations import cases
from pilothouse.apps.mlops.intake import read

CLASHES = [str(case["say"]) for case in cases("phrases.yaml") if case.get("clash")]


@pytest.mark.parametrize("prompt", CLASHES)
def test_a_contradiction_shows_both_statements_and_asks_a_question_with_choices(prompt: str) -> None:
    found = read(prompt).contradictions
    assert len(found) == 1
    assert len(found[0].spans) == 2
    assert found[0].spans[0] != found[0].spans[1]
    assert found[0].question.endswith("?")
    assert len(set(found[0].choices)) == 2


def test_the_earlier_of_two_clashing_budgets_stands_for_the_time_being() -> None:
    intake = read("Budget $5,000 per month, hard cap $2,000 a month")
    assert intake.requirements.budget is not None
    assert intake.requirements.budget.value.monthly == 5000
    assert intake.contradictions[0].choices == ("5000 USD per month", "2000 USD per month")
    assert [span.text for span in intake.contradictions[0].spans] == ["$5,000 per month", "$2,000 a month"]


@pytest.mark.parametrize(
    "prompt",
    [
        "real-time scoring, retrained in a nightly batch",
        "on-premises Kubernetes",
        "hosted in Frankfurt (eu-central-1), data stays in Germany",
        "GDPR, regions eu-west-1 and us-east-1",
        "offline devices, results later shown in Grafana",
        "no GPU, GPT-4 over its API",
        "no Spark, but Kafka",
        "open source only: Kafka, PostgreSQL",
        "batch scoring within 2 hours",
        "API answers in 100 ms, dashboards in 5 seconds",
        "churn prediction within 50 ms",
        "GDPR, deployed in us-east-1",
        "on-premises, with HIPAA data, hosted in Germany",
        "ideally $3000 a month, budget $5000 a month",
        "today we pay $8000 a month, the budget is $5000 a month",
    ],
)
def test_what_can_hold_together_is_no_contradiction(prompt: str) -> None:
    assert read(prompt).contradictions == ()
