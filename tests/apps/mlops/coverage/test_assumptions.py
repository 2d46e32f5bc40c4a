import pytest

from pilothouse.apps.mlops.coverage import answer, assume, cover
from pilothouse.apps.mlops.intake import read
from pilothouse.apps.mlops.requirements import Origin


def test_unanswered_questions_become_stated_assumptions() -> None:
    intake = read("I need some AI for my company")
    coverage = cover(intake)
    settled = assume(intake, coverage).requirements
    for inquiry in coverage.inquiries:
        found = getattr(settled, inquiry.key)
        assert found.origin is Origin.ASSUMED
        assert found.note == inquiry.default_assumes
        assert found.span is None
        assert found.confidence == 0.5


def test_answers_are_not_assumed_away() -> None:
    intake = read("I need some AI for my company")
    coverage = cover(intake)
    settled = assume(answer(intake, "budget", "$777 a month"), coverage).requirements
    assert settled.budget is not None
    assert settled.budget.origin is Origin.ANSWERED
    assert settled.budget.value.monthly == 777
    assert settled.workload is not None
    assert settled.workload.origin is Origin.ASSUMED


def test_an_open_contradiction_is_settled_by_its_first_statement() -> None:
    intake = read("Budget $5000 a month, at most $3000 a month.")
    settled = assume(intake, cover(intake))
    assert settled.contradictions == ()
    assert settled.requirements.budget is not None
    assert settled.requirements.budget.value.monthly == 5000
    assert settled.requirements.budget.origin is Origin.ASSUMED


def test_the_default_of_an_open_cloud_excludes_none() -> None:
    intake = read("real-time fraud detection")
    settled = assume(intake, cover(intake)).requirements
    assert settled.cloud is None
    assert settled.excluded_clouds is not None
    assert settled.excluded_clouds.value == ()


@pytest.mark.parametrize("prompt", ["fraud detection", "a chatbot", "forecasting", "AI", "$5 a month"])
def test_assuming_twice_changes_nothing(prompt: str) -> None:
    intake = read(prompt)
    coverage = cover(intake)
    settled = assume(intake, coverage)
    assert assume(settled, coverage) == settled
