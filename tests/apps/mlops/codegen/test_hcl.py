"""HCL literals, checked by reading them back with python-hcl2."""

import hcl2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pilothouse.apps.mlops.codegen import hcl

TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\\\x7f"), max_size=40)


@given(
    st.dictionaries(st.from_regex(r"key_[a-z]{0,8}", fullmatch=True), st.integers(-9999, 9999), max_size=5)
)
def test_numbers_come_back_as_they_went(values: dict[str, int]) -> None:
    text = "".join(f"{name} = {hcl.literal(value)}\n" for name, value in values.items())

    assert hcl2.loads(text) == values


@given(TEXT)
@example("${")
@example("%{ if")
@example("$${a}")
def test_any_text_stays_one_plain_string(text: str) -> None:
    quoted = hcl.quoted(text)

    tree = hcl2.parses_to_tree(f"value = {quoted}\n")
    assert "\n" not in quoted
    assert not list(tree.find_data("interpolation"))
    assert not list(tree.find_data("template_if_start"))


def test_a_line_end_and_a_quote_are_escaped() -> None:
    assert hcl.quoted('a "b"\nc') == '"a \\"b\\"\\nc"'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (0.5, "0.5"),
        (3.0, "3"),
        ((), "[]"),
        ({}, "{}"),
        (["a", 1], '["a", 1]'),
        ({"a": "b", "c": [1]}, '{ a = "b", c = [1] }'),
    ],
)
def test_a_value_is_written_as_terraform_formats_it(value: hcl.Literal, text: str) -> None:
    assert hcl.literal(value) == text


def test_neighbours_of_one_line_are_aligned_and_long_lists_are_broken() -> None:
    long = hcl.listed([f'"{number:030d}"' for number in range(5)], 2)

    block = hcl.block('resource "a" "b"', [("x", "1"), ("longer", "2"), ("list", long), ("y", "3")])

    lines = block.splitlines()
    assert lines[1:4] == ["  x      = 1", "  longer = 2", "  list = ["]
    assert lines[-2:] == ["  y = 3", "}"]


def test_a_wide_object_is_broken_into_aligned_lines() -> None:
    text = hcl.literal({"first": "x" * 70, "b": "y" * 70})

    assert text.splitlines()[2] == f'  b     = "{"y" * 70}"'
