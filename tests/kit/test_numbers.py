from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from pilothouse.kit.numbers import Truth, Whole

NUMBERS = TypeAdapter(Annotated[int, Field(ge=1, le=10), Whole])
TRUTHS = TypeAdapter(Annotated[bool, Truth])


@pytest.mark.parametrize(("value", "read"), [(1, 1), (10, 10), (2.0, 2)])
def test_a_whole_number_is_one_however_json_writes_it(value: object, read: int) -> None:
    found = NUMBERS.validate_python(value)
    assert (found, type(found)) == (read, int)


@pytest.mark.parametrize("value", [True, False, "1", b"1", 1.5, 0, 11, None, float("nan"), float("inf"), [1]])
def test_text_truth_and_what_is_out_of_bounds_is_none(value: object) -> None:
    with pytest.raises(ValidationError):
        NUMBERS.validate_python(value)


def test_the_bounds_stand_in_the_schema() -> None:
    assert NUMBERS.json_schema() == {"type": "integer", "minimum": 1, "maximum": 10}


@pytest.mark.parametrize("value", [0, 1, "true", "yes", "on", None, 1.0])
def test_what_only_stands_for_a_truth_value_is_none(value: object) -> None:
    assert TRUTHS.validate_python(True) is True
    with pytest.raises(ValidationError):
        TRUTHS.validate_python(value)
