"""Arguments as policies see them: each kind of Pydantic type has one of Cedar, or is given as text."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, RootModel, TypeAdapter

from pilothouse.kit.money import Money
from pilothouse.policies.actions.arguments import arguments_type
from pilothouse.policies.actions.circumstances import context_of
from pilothouse.policies.actions.kinds import BOOL, JSON_TEXT, LONG, STRING, Record, SetOf, Unfit, cents
from support.governed import FACTS, Everything, Line, Speed, action, known

LONG_RANGE = {"min_value": -(2**63), "max_value": 2**63 - 1}
AMOUNTS = st.decimals(-10_000_000, 10_000_000, allow_nan=False, places=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(**LONG_RANGE) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def things() -> st.SearchStrategy[Everything]:
    return st.builds(
        Everything,
        count=st.integers(**LONG_RANGE),
        ratio=st.floats(-1e9, 1e9),
        price=AMOUNTS,
        tax=AMOUNTS,
        paid=st.booleans(),
        speed=st.sampled_from(Speed),
        when=st.datetimes(timezones=st.just(dt.UTC)),
        lines=st.lists(st.builds(Line, sku=st.text(max_size=5), price=AMOUNTS), max_size=3),
        tags=st.sets(st.text(max_size=5), max_size=3),
        pair=st.tuples(st.integers(), st.text(max_size=3)),
        prices=st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
        anything=VALUES,
        either=st.integers() | st.text(max_size=5),
        fee=st.none() | st.builds(Money, AMOUNTS, st.sampled_from(["EUR", "USD"])),
        inner=st.none(),
    )


@settings(max_examples=60, deadline=None)
@given(things())
def test_what_fits_the_tool_fits_the_schema_of_cedar(thing: Everything) -> None:
    vocabulary = known().vocabulary
    tool = vocabulary.tools["everything"]
    one = action("everything", thing.model_dump_json().encode())
    request = {
        "principal": {"type": "Person", "id": "anna"},
        "action": {"type": "Action", "id": "everything"},
        "resource": {"type": "Tool", "id": "everything"},
        "context": context_of(one, FACTS, tool.context),
    }
    entities = cedarpy.Entities.from_json_str(tool.entities(), vocabulary.schema)
    policy = cedarpy.PolicySet.from_str("permit (principal, action, resource);")
    answer = cedarpy.is_authorized(request, policy, entities, vocabulary.schema)
    assert answer.diagnostics.errors == []
    assert answer.allowed


def test_each_kind_has_its_type() -> None:
    shown = known().vocabulary.tools["everything"].arguments
    assert {name: member.type.cedar() for name, member in shown.members.items()} == {
        "count": "Long", "ratio": "decimal", "price": "decimal", "tax": "Long", "paid": "Bool",
        "speed": "String", "when": "String", "lines": 'Set<{"sku": String, "price": decimal}>',
        "tags": "Set<String>", "pair": "String", "prices": "String", "anything": "String",
        "either": "String", "fee": '{"amount_cents": Long, "currency": String}', "inner": "String",
    }  # fmt: skip
    assert {name for name, member in shown.members.items() if not member.required} == {"fee", "inner"}


def test_what_is_not_seen_as_it_is_is_said() -> None:
    notes = known().vocabulary.notes()
    assert "everything: arguments.ratio: rounded half up to four places" in notes
    assert "everything: arguments.tax: in hundredths, rounded half up" in notes
    assert "everything: arguments.lines[].price: rounded half up to four places" in notes
    assert any(note.startswith("everything: arguments.pair: as its JSON text") for note in notes)
    assert not any("arguments.count" in note for note in notes)


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (int, LONG), (bool, BOOL), (str, STRING), (list[int], SetOf(LONG)), (dict[str, int], JSON_TEXT),
        (Any, JSON_TEXT), (list[Any], SetOf(JSON_TEXT)), (list, SetOf(JSON_TEXT)),
        (list[int | None], JSON_TEXT),
        (type(lambda: 0), JSON_TEXT),
    ],
)  # fmt: skip
def test_a_tool_that_takes_a_single_value_has_it_as_value(hint: Any, expected: Any) -> None:
    adapter = TypeAdapter(hint, config={"arbitrary_types_allowed": True})
    found = arguments_type(adapter, takes_value=True)
    assert (set(found.members), found.members["value"].type) == ({"value"}, expected)


def test_money_as_the_single_value_and_nothing_at_all() -> None:
    found = arguments_type(TypeAdapter(Money), takes_value=True)
    assert found.members["value"].type.cedar() == '{"amount_cents": Long, "currency": String}'
    tool_value = found.read({"value": {"amount": "12.345", "currency": "EUR"}})
    assert tool_value == {"value": {"amount_cents": 1_235, "currency": "EUR"}}
    optional = arguments_type(TypeAdapter(Money | None), takes_value=True)
    assert optional.read({"value": None}) == {}
    assert arguments_type(TypeAdapter(int), takes_value=False) == Record({})


class Loose(BaseModel, extra="allow"):
    name: str


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


class Word(RootModel[str | int]):
    """A union with a name."""


class Perhaps(RootModel[int | None]):
    """A number that may be missing, with a name."""


class Mixed(Enum):
    ONE = 1
    TWO = "two"


class Shape(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    words: list[Word]
    mixed: Mixed
    perhaps: Perhaps
    nested: list[list[int] | list[str]]
    loose: Loose
    maybe: Line | None
    either: Line | Loose


def test_records_of_open_shape_are_given_as_text() -> None:
    found = arguments_type(TypeAdapter(Shape), takes_value=True)
    for name in ("pet", "mixed", "perhaps", "loose"):
        assert found.members[name].type == JSON_TEXT, name
    assert found.members["words"].type == SetOf(JSON_TEXT)
    assert found.members["nested"].type == SetOf(JSON_TEXT)
    assert found.members["maybe"].type.cedar() == '{"sku": String, "price": decimal}'
    assert found.members["either"].type == JSON_TEXT
    read = found.members["loose"].type.read({"name": "n", "b": 1})
    assert json.loads(read) == {"name": "n", "b": 1}


@pytest.mark.parametrize(
    ("kind", "value", "fault"),
    [
        ("count", 2**63, "beyond 64 bits"), ("count", True, "no integer"), ("count", "1", "no integer"),
        ("paid", 1, "no boolean"), ("speed", 3, "no text"), ("tags", "a", "no list"),
        ("ratio", None, "missing"), ("ratio", 1e18, "beyond"), ("tax", 1e30, "beyond"),
        ("price", "Infinity", "finite"), ("price", "x", "no number"), ("price", [], "no number"),
        ("fee", 3, "no money"), ("fee", {"amount": "1"}, "no text"), ("lines", [3], "no object"),
        ("lines", [{"sku": 3, "price": "1"}], "sku is no text"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(kind: str, value: Any, fault: str) -> None:
    arguments = known().vocabulary.tools["everything"].arguments
    whole = Record({kind: arguments.members[kind]})
    with pytest.raises(Unfit, match=fault):
        whole.read({kind: value})


@given(st.integers(-(10**15), 10**15))
def test_whole_cents_stay_what_they_are(amount: int) -> None:
    assert cents(str(Decimal(amount) / 100)) == amount


def test_narrowing_keeps_what_is_wanted() -> None:
    arguments = known().vocabulary.tools["everything"].arguments
    narrow = arguments.narrowed({"fee": {"amount_cents": None}, "tags": None, "absent": None})
    assert narrow.cedar() == '{"tags": Set<String>, "fee"?: {"amount_cents": Long}}'
    read = narrow.read({"fee": {"amount": "1"}, "tags": [], "count": "unread"})
    assert read == {"fee": {"amount_cents": 100}, "tags": []}
    only = arguments.narrowed({"fee": {"currency": None}})
    assert only.read({"fee": {"currency": "EUR"}}) == {"fee": {"currency": "EUR"}}
    assert arguments.narrowed({"fee": None}).cedar() == '{"fee"?: {"amount_cents": Long, "currency": String}}'


def test_what_is_left_out_of_a_test_is_what_the_model_takes_for_it() -> None:
    class Parcel(BaseModel):
        weight: int
        fragile: bool = True
        note: str | None = None

    found = arguments_type(TypeAdapter(Parcel), takes_value=True)
    assert found.read({"weight": 3}) == {"weight": 3, "fragile": True}
    assert found.read({"weight": 3, "fragile": False, "note": "x"}) == {
        "weight": 3,
        "fragile": False,
        "note": "x",
    }
    with pytest.raises(Unfit, match="weight is missing"):
        found.read({"fragile": True})
