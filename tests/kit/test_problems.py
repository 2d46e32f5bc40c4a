from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from pilothouse.errors import Conflict, DatabaseUnavailable, InvalidInput, LimitExceeded, PilothouseError
from pilothouse.kit.problems import (
    MEDIA_TYPE,
    Fault,
    InvalidFields,
    documented,
    faults_of,
    headers_of,
    pointer,
    problem_of,
)


def test_an_error_is_told_with_what_happened_and_what_to_do() -> None:
    error = Conflict("Run 7 is already cancelled.", hint="Submit it anew.")
    problem = problem_of(error, instance="/api/v1/runs/7/cancel", request_id="r-1")
    assert problem.model_dump() == {
        "type": "urn:pilothouse:error:conflict",
        "title": "The state of the thing does not allow this.",
        "status": 409,
        "detail": "Run 7 is already cancelled. Submit it anew.",
        "instance": "/api/v1/runs/7/cancel",
        "code": "conflict",
        "request_id": "r-1",
        "retryable": False,
        "errors": (),
    }


def test_the_reason_why_a_part_does_not_answer_stays_in_the_log() -> None:
    error = DatabaseUnavailable("connection to socket /run/secret failed", hint="Ask doctor.")
    problem = problem_of(error, instance="/", request_id="r")
    assert problem.detail == "The database does not answer. Ask doctor."
    assert problem.retryable
    assert "secret" not in problem.model_dump_json()


def test_each_fault_of_an_input_is_named() -> None:
    fault = Fault(where="body", name="/input/text", detail="is empty")
    error = InvalidFields("The input is not valid.", [fault])
    assert isinstance(error, InvalidInput)
    assert problem_of(error, instance="/", request_id="r").errors == (fault,)


@given(st.lists(st.text(max_size=5) | st.integers(0, 9), max_size=4))
def test_a_pointer_can_be_read_back(parts: list[str | int]) -> None:
    read = [part.replace("~1", "/").replace("~0", "~") for part in pointer(*parts).split("/")[1:]]
    assert read == [str(part) for part in parts]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (InvalidInput(), {}),
        (LimitExceeded(), {"retry-after": "2"}),
        (DatabaseUnavailable(), {"retry-after": "2"}),
        (PilothouseError(), {}),
    ],
)
def test_a_client_is_told_when_to_try_again(error: PilothouseError, expected: dict[str, str]) -> None:
    assert headers_of(error) == expected


def test_an_errors_own_headers_are_sent() -> None:
    error = LimitExceeded()
    error.headers = {"retry-after": "60"}
    assert headers_of(error) == {"retry-after": "60"}


def test_documented_problems_refer_to_the_one_schema() -> None:
    content = documented(404, 409)[404]["content"]
    assert content == {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def test_each_place_that_a_validation_finds_wrong_is_a_fault() -> None:
    class Wanted(BaseModel):
        count: int
        names: list[str]

    with pytest.raises(ValidationError) as caught:
        Wanted.model_validate({"count": "many", "names": ["a", 1]})
    assert [fault.name for fault in faults_of(caught.value, "input")] == ["/input/count", "/input/names/1"]
    assert faults_of(caught.value)[0].where == "body"
