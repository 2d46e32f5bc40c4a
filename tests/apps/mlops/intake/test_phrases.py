import pytest

from apps.mlops.intake.expectations import Case, assert_case, cases
from pilothouse.apps.mlops.intake import read


@pytest.mark.parametrize("case", cases("phrases.yaml"), ids=lambda case: case["say"])
def test_phrase_gives_what_it_says(case: Case) -> None:
    assert_case(read(case["say"]), case)
