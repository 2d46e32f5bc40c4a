import pytest

from pilothouse.apps.mlops.coverage import assume, cover
from pilothouse.apps.mlops.coverage.cover import ASKED, THRESHOLD
from pilothouse.apps.mlops.coverage.needs import NEEDS
from pilothouse.apps.mlops.design import Role
from pilothouse.apps.mlops.intake import read
from pilothouse.apps.mlops.requirements import Requirements, Workload

FRAUD = "Design an MLOps system for real-time fraud detection with a budget of $5000/month"
VAGUE = "I need some AI for my company"


def test_the_demonstration_prompt_goes_on_without_questions() -> None:
    coverage = cover(read(FRAUD))
    assert coverage.score >= THRESHOLD
    assert coverage.inquiries == ()
    assert {"workload", "use_case", "budget"} <= set(coverage.known)
    assert {"cloud", "regions", "team_skill"} <= set(coverage.missing)


def test_a_vague_prompt_is_asked_the_three_most_valuable_questions() -> None:
    coverage = cover(read(VAGUE))
    assert coverage.score == 0
    assert [inquiry.key for inquiry in coverage.inquiries] == ["workload", "use_case", "budget"]
    values = [inquiry.value for inquiry in coverage.inquiries]
    assert values == sorted(values, reverse=True)
    for inquiry in coverage.inquiries:
        assert inquiry.text.endswith("?")
        assert inquiry.why
        assert inquiry.default
        assert inquiry.default_assumes
        assert len(inquiry.choices) > 1


@pytest.mark.parametrize(
    "prompt",
    [
        "$5000/month",
        f"{VAGUE}, budget $5000/month",
        f"{VAGUE}, budget $5000/month, on AWS",
        "fraud detection",
        "machine learning on AWS for 1M users, GDPR, 99.9% uptime, team of 5",
        "Build a chatbot for our customers",
    ],
)
def test_less_than_use_case_budget_and_some_more_stays_below(prompt: str) -> None:
    coverage = cover(read(prompt))
    assert coverage.score < THRESHOLD - 0.05
    assert len(coverage.inquiries) == ASKED


def test_weights_add_up_and_are_the_roles_that_hang_on_each_need() -> None:
    coverage = cover(read(VAGUE))
    assert sum(coverage.weights.values()) == pytest.approx(1)
    roles = {role.value for role in Role}
    for need in NEEDS:
        assert set(need.roles) <= roles
        assert len(set(need.roles)) == len(need.roles)
        assert set(need.fields) <= set(Requirements.model_fields)
    assert list(coverage.weights.values()) == sorted(coverage.weights.values(), reverse=True)


def test_the_score_is_the_weighted_sum_of_what_is_known() -> None:
    coverage = cover(read("real-time, $5000/month, 99.9% uptime"))
    weights = coverage.weights
    plain = weights["workload"] + weights["budget"] + weights["availability"]
    implied = 0.5 * 0.95 * weights["latency_ms"] + 0.3 * 0.95 * weights["retraining_days"]
    assert coverage.score == pytest.approx(plain + implied, abs=1e-4)


def test_inferred_counts_less_than_said() -> None:
    implied, said = cover(read("fraud detection")), cover(read("fraud detection with XGBoost"))
    assert 0 < said.score - implied.score < said.weights["model_family"]


def test_a_question_that_does_not_arise_counts_as_known() -> None:
    batch = cover(read("nightly batch scoring"))
    assert "latency_ms" in batch.known
    assert all(inquiry.key != "latency_ms" for inquiry in batch.inquiries)


def test_an_open_choice_of_cloud_counts_as_known() -> None:
    assert "cloud" in cover(read("any cloud will do")).known


def test_what_is_implied_is_the_default_of_the_question() -> None:
    inquiries = {inquiry.key: inquiry for inquiry in cover(read("a chatbot")).inquiries}
    assert inquiries["workload"].default == "answers from documents (RAG)"
    assert inquiries["workload"].default_assumes == "A useful assistant answers from the company's own texts."


def test_the_default_fits_the_way_of_predicting() -> None:
    inquiries = {
        inquiry.key: inquiry for inquiry in cover(read("some batch on AWS, 500 USD a month")).inquiries
    }
    assert inquiries["throughput_rps"].default == "1M rows per day"


def test_contradictions_are_asked_about_first_and_whatever_the_score() -> None:
    clear = cover(read(f"{FRAUD}. Use only batch processing."))
    assert [inquiry.key for inquiry in clear.inquiries] == ["contradiction:workload"]
    vague = cover(read("$5000 a month, at most $3000 a month"))
    assert vague.inquiries[0].key == "contradiction:budget"
    assert len(vague.inquiries) == ASKED
    assert all(inquiry.key != "budget" for inquiry in vague.inquiries)


def test_a_settled_question_is_not_asked_again() -> None:
    intake = read(VAGUE)
    settled = assume(intake, cover(intake))
    asked = {inquiry.key for inquiry in cover(intake).inquiries}
    assert asked.isdisjoint(inquiry.key for inquiry in cover(settled).inquiries)
    assert cover(settled).score > cover(intake).score


def test_void_needs_are_known_as_surely_as_the_way_of_predicting() -> None:
    implied = cover(read("churn"))
    assert implied.score < cover(read("churn in a nightly batch")).score
    assert Workload.BATCH in next(need.void for need in NEEDS if need.key == "latency_ms")
