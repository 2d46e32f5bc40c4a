import pytest

from apps.mlops.intake.expectations import Case, assert_case, cases
from pilothouse.apps.mlops.coverage import cover
from pilothouse.apps.mlops.intake import read


@pytest.mark.parametrize("case", cases("prompts.yaml"), ids=lambda case: case["kind"])
def test_prompt_gives_its_constraints_language_and_coverage(case: Case) -> None:
    intake = read(case["say"])
    assert_case(intake, case)
    if "lang" in case:
        assert intake.language == case["lang"]
    if "score" in case:
        least, most = case["score"]
        assert least <= cover(intake).score <= most
