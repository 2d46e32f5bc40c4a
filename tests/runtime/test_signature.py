"""Type hints as the schema."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import pytest
from pydantic import BaseModel
from pydantic.functional_validators import PlainValidator

from pilothouse.errors import InvalidInput
from pilothouse.runtime.errors import WrongType
from pilothouse.runtime.signature import Answer, Signature, checked_name


class Ticket(BaseModel):
    text: str
    at: dt.datetime | None = None


class Odd:
    """A type without a JSON schema."""


async def handle(ctx: Any, ticket: Ticket) -> list[Ticket]:
    return [ticket]


def with_default(ctx: Any, number: int = 3) -> float:
    return number


def without_hints(ctx, value):  # noqa: ANN001, ANN201 - that is what it is about
    return value


def without_value(ctx: Any) -> None: ...


def odd(ctx: Any, value: Annotated[Odd, PlainValidator(lambda value: value)]) -> None: ...


def sets(ctx: Any, value: dict[str, list[set[int]]]) -> None: ...


HANDLE = Signature(handle)


def test_hints_are_the_types() -> None:
    assert (HANDLE.input_type, HANDLE.output_type) == (Ticket, list[Ticket])
    assert (HANDLE.is_async, HANDLE.takes_value) == (True, True)
    assert (Signature(without_hints).input_type, Signature(without_hints).output_type) == (Any, Any)
    assert Signature(without_value).input_type is type(None)
    assert Signature(without_value).arguments("x") == ()
    assert HANDLE.arguments("x") == ("x",)


def test_an_input_is_read_as_its_type_and_written_as_json() -> None:
    value, written = HANDLE.read_input({"text": "a"})
    assert value == Ticket(text="a")
    assert written == b'{"text":"a","at":null}'
    ticket = Ticket(text="b")
    assert HANDLE.read_input(ticket)[0] is ticket


def test_every_wrong_field_is_named_up_to_five() -> None:
    with pytest.raises(WrongType, match="text: Field required; at: Input should be"):
        HANDLE.parse_input(b'{"at": "noon"}')
    with pytest.raises(WrongType, match="list does not fit the input of handle"):
        HANDLE.read_input([])

    def many(ctx: Any, value: list[int]) -> None: ...

    with pytest.raises(WrongType, match="and 2 more"):
        Signature(many).parse_input(b'["a","b","c","d","e","f","g"]')


def test_a_default_is_taken_for_nothing() -> None:
    signature = Signature(with_default)
    assert [signature.parse_input(data) for data in (b"", b"null", b"5")] == [3, 3, 5]
    with pytest.raises(WrongType):
        HANDLE.parse_input(b"null")


def test_a_result_survives_the_journal_or_is_refused() -> None:
    given = Answer(value=[{"text": "a"}], produced_by="model", failed=(("cache", "empty"),))
    written, read = HANDLE.round_trip(given)
    assert read == HANDLE.parse_answer(written)
    assert read.value == [Ticket(text="a")]
    assert (read.produced_by, read.failed) == ("model", (("cache", "empty"),))
    with pytest.raises(WrongType, match=r"handle returned str, declared is list"):
        HANDLE.round_trip(Answer(value="text"))
    with pytest.raises(WrongType, match="NaN"):
        Signature(with_default).round_trip(Answer(value=float("nan")))
    with pytest.raises(WrongType, match="cannot be written as JSON"):
        Signature(without_hints).round_trip(Answer(value=object()))


def test_an_output_is_checked_in_both_directions() -> None:
    signature = Signature(with_default)
    assert signature.dump_output(2) == b"2.0"
    assert signature.parse_output(b"2") == 2.0
    with pytest.raises(WrongType, match="returned str, declared is float"):
        signature.dump_output("many")
    with pytest.raises(WrongType, match="no result of with_default"):
        signature.parse_output(b'"many"')
    with pytest.raises(WrongType, match="the result of without_hints"):
        Signature(without_hints).dump_output(object())


def test_the_order_of_a_set_makes_no_difference_and_that_of_a_list_does() -> None:
    signature = Signature(sets)
    assert signature.comparable(b'{"a":[[1,2]]}') == signature.comparable(b'{"a":[[2,1]]}')
    assert signature.comparable(b'{"a":[[1,2]]}') != signature.comparable(b'{"a":[[1,3]]}')
    lists = Signature(handle)
    assert lists.comparable(b'{"text":[2,1]}') == b'{"text":[2,1]}'


def test_a_type_without_a_schema_can_be_an_input() -> None:
    assert Signature(odd).comparable(b"[2,1]") == b"[2,1]"


@pytest.mark.parametrize("function", [lambda: 1, lambda _a, _b, _c: 1])
def test_a_function_takes_a_context_and_at_most_one_value(function: Any) -> None:
    with pytest.raises(InvalidInput, match="parameters"):
        Signature(function)


@pytest.mark.parametrize("name", ["a", "_a", "a.b-c_9", "A" * 100])
def test_a_name_is_accepted(name: str) -> None:
    assert checked_name(name, "agent") == name


@pytest.mark.parametrize("name", ["", "9a", "a b", "a/b", "a#b", "a:b", "A" * 101, "ä", "a\n"])
def test_a_name_that_would_be_no_step_key_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="cannot name an agent"):
        checked_name(name, "agent")
