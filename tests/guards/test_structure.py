from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter

from pilothouse.errors import InvalidInput
from pilothouse.guards.findings import Finding
from pilothouse.guards.structure import Limits, StructureGuard

ORDER = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "next": {"$ref": "#/$defs/step"}},
    "required": ["id"],
    "$defs": {"step": {"enum": ["pay", "ship"]}},
}


class Order(BaseModel):
    id: int


def types(found: list[Finding]) -> list[str]:
    return [one.type for one in found]


def test_ordinary_text_has_no_findings() -> None:
    text = (
        "Dear Ms Öz, your order is on its way.\n\n| a | b |\n|"
        + "-" * 90
        + "|\n"
        + "\u041f\u0440\u0438\u0432\u0435\u0442"
    )
    assert StructureGuard().scan(text) == []


def test_what_is_longer_than_allowed_is_found_and_the_rest_is_not_looked_at() -> None:
    found = StructureGuard(Limits(characters=10), json_expected=True).scan("0123456789\x00")
    assert [(one.type, one.start, one.end) for one in found] == [("too_long", 10, 11)]


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        ("so " + "a" * 80, "repetition", (3, 83)),
        ("buy now " * 30, "repetition", (0, 240)),
        ("ab\x07c", "control_characters", (2, 3)),
        ("ab\ud800c", "invalid_surrogate", (2, 3)),
        ("see p\u0430ypal now", "mixed_scripts", (4, 10)),
    ],
)
def test_each_trick_is_found_at_its_place(text: str, kind: str, place: tuple[int, int]) -> None:
    (found,) = StructureGuard().scan(text)
    assert (found.type, (found.start, found.end)) == (kind, place)


def test_long_text_that_does_not_repeat_itself_passes() -> None:
    assert StructureGuard().scan(" ".join(f"word{number}" for number in range(200))) == []


@pytest.mark.parametrize("text", ["{", "", "[1,]", "NaN", '{"a": Infinity}', '"open', "9" * 5000])
def test_what_is_no_json_is_found(text: str) -> None:
    assert "json_invalid" in types(StructureGuard(json_expected=True).scan(text))


def test_depth_is_bounded_before_anything_is_parsed() -> None:
    guard = StructureGuard(Limits(depth=3), json_expected=True)
    assert guard.scan("[[[1]]]") == []
    (found,) = guard.scan("[[[[1]]]]")
    assert (found.type, found.start) == ("json_too_deep", 3)
    assert "json_too_deep" in types(StructureGuard(json_expected=True).scan("[" * 90_000))


def test_brackets_and_colons_within_strings_do_not_count() -> None:
    guard = StructureGuard(Limits(depth=1, keys=1), json_expected=True)
    assert guard.scan(json.dumps({"a": '[[{"x": 1, "y": 2}]] \\" ['})) == []


def test_keys_of_all_objects_are_counted_together() -> None:
    guard = StructureGuard(Limits(keys=3), json_expected=True)
    assert guard.scan('[{"a": 1}, {"a": 1, "b": 2}]') == []
    assert types(guard.scan('[{"a": 1, "b": 1}, {"a": 1, "b": 2}]')) == ["json_too_many_keys"]


@pytest.mark.parametrize("schema", [ORDER, Order, TypeAdapter(Order)])
def test_a_schema_decides_what_fits(schema: object) -> None:
    guard = StructureGuard(schema=schema)  # type: ignore[arg-type]  # one of each kind
    assert guard.scan('{"id": 1}') == []
    assert types(guard.scan('{"id": "one"}')) == ["schema"]
    assert types(guard.scan("[]")) == ["schema"]


def test_references_within_a_schema_are_followed() -> None:
    guard = StructureGuard(schema=ORDER)
    assert guard.scan('{"id": 1, "next": "pay"}') == []
    assert types(guard.scan('{"id": 1, "next": "steal"}')) == ["schema"]


@pytest.mark.parametrize(
    "schema",
    [{"type": "nothing"}, {"$ref": "http://example.com/a.json"}, {"allOf": [{"$ref": "#/$defs/none"}]}],
)
def test_a_schema_that_is_none_or_refers_elsewhere_is_refused_at_once(schema: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        StructureGuard(schema=schema)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(), max_size=300))
def test_no_text_makes_it_raise_and_places_are_within_the_text(text: str) -> None:
    for found in StructureGuard(Limits(characters=200), schema=ORDER).scan(text):
        assert 0 <= found.start <= found.end <= len(text)


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=12,
    )
)
def test_whatever_json_writes_is_read(value: object) -> None:
    kinds = types(StructureGuard(json_expected=True).scan(json.dumps(value)))
    assert not any(kind.startswith("json") for kind in kinds)


@pytest.mark.timed
@pytest.mark.parametrize("piece", ['"', '\\"', "[", "a ", "p\u0430 ", '"\\', "::"])
def test_hostile_text_takes_linear_time(piece: str) -> None:
    guard = StructureGuard(Limits(characters=10**7), json_expected=True)
    started = time.perf_counter()
    guard.scan(piece * 100_000)
    assert time.perf_counter() - started < 2
