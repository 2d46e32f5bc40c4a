import pytest

from pilothouse.apps.mlops.intake.inference.table import CONDITIONS, parse, rules
from pilothouse.apps.mlops.requirements import Constraint, Requirements, UseCase


def test_every_rule_gives_a_valid_value_with_a_reason() -> None:
    assert len(rules()) > 100
    for rule in rules():
        assert rule.reason.endswith("."), rule
        assert 0 < rule.confidence < 1
        assert all(field in Requirements.model_fields or field in CONDITIONS for field, _ in rule.when)
        constraint = {"value": rule.value, "confidence": rule.confidence}
        made = Requirements.model_validate({"prompt": "", rule.field: constraint})
        assert isinstance(getattr(made, rule.field), Constraint)


def test_every_use_case_but_the_general_one_implies_a_model_and_a_way_of_predicting() -> None:
    for use_case in set(UseCase) - {UseCase.GENERAL}:
        implied = {rule.field for rule in rules() if ("use_case", use_case) in rule.when}
        assert {"model_family", "workload", "data_kinds", "throughput_rps"} <= implied, use_case


@pytest.mark.parametrize(
    "line", ["use_case=juggling -> gpu = true @ 0.5 | No.", "gpu=true -> cloud = aws @ x | No."]
)
def test_a_rule_with_an_unknown_value_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"juggling|x"):
        list(parse(line))
