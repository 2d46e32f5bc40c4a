# ruff: noqa: RUF001 - hostile texts are listed as they are
from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from pilothouse.kit.text import (
    LONGEST_LINE,
    LONGEST_NAME,
    LONGEST_TEXT,
    Line,
    Name,
    Named,
    Text,
    line,
    name,
    safe_line,
    text,
)

GOOD = (
    "Zoë", "日本語", "naïve café", "a\u00a0b", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "می\u200cخواهم",
    "हिन्दी", "قيمة \u0600١٢", "−5 °C", "",
)  # fmt: skip
BAD = (
    "a\0b", "\x1b[31mred", "a\x7f", "a\x85b", "\u202egnp.exe", "\u2066x", "a\u200bb", "\ufeffx", "a\u00adb",
    "pass\u200dword", "\u200dx", "x\u200c", "\ud800", "\ue000", "\uffff", "\ufdd0", "\U000e0041", "a\u2028b",
    "a\u2060b", "\u0378",
)  # fmt: skip


@pytest.mark.parametrize("value", GOOD)
def test_what_people_write_is_taken(value: str) -> None:
    assert line(value) == unicodedata.normalize("NFC", value)
    assert text(value + "\n\tmore") == unicodedata.normalize("NFC", value) + "\n\tmore"


@pytest.mark.parametrize("value", BAD)
def test_what_hides_or_deceives_is_refused_with_its_place(value: str) -> None:
    for check in (line, text):
        with pytest.raises(ValueError, match=r"U\+[0-9A-F]{4,6}\) at position \d"):
            check(value)


def test_a_line_is_one_line_and_a_text_has_plain_line_breaks() -> None:
    for value in ("a\nb", "a\tb", "a\r"):
        with pytest.raises(ValueError, match="control character"):
            line(value)
    assert text("a\r\nb\rc\n\td") == "a\nb\nc\n\td"


def test_marks_of_right_to_left_text_are_for_texts() -> None:
    assert text("שלום\u200f!") == "שלום\u200f!"
    with pytest.raises(ValueError, match="invisible"):
        line("שלום\u200f!")


def test_the_same_letters_are_spelt_the_same() -> None:
    assert line("e\u0301") == line("\u00e9") == "\u00e9"


def test_lengths_are_bounded_before_and_after_normalising() -> None:
    assert len(text("x" * LONGEST_TEXT)) == LONGEST_TEXT
    for check, longest in ((line, LONGEST_LINE), (text, LONGEST_TEXT)):
        with pytest.raises(ValueError, match="more than"):
            check("x" * (longest + 1))
        with pytest.raises(ValueError, match="more than"):
            check("\U0001d15e" * longest)  # NFC writes it as two


def test_the_types_validate_and_tell_what_they_are() -> None:
    assert TypeAdapter(Line).json_schema() == {"type": "string", "format": "line", "maxLength": LONGEST_LINE}
    assert TypeAdapter(Text).json_schema()["format"] == "text"
    assert TypeAdapter(Line).validate_python("e\u0301") == "\u00e9"
    for kind, value in ((Line, "a\nb"), (Text, "\0"), (Named, "")):
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(value)


@given(st.text(max_size=200))
def test_whatever_comes_out_is_taken_again_and_stays(value: str) -> None:
    try:
        taken = line(value)
    except ValueError:
        return
    assert line(taken) == taken
    assert "\n" not in taken
    assert taken.isprintable() or all(
        unicodedata.category(one) in {"Zs", "Cf"} or one.isprintable() for one in taken
    )


@given(st.text(max_size=200))
def test_any_text_can_be_made_a_line_that_may_be_shown(value: str) -> None:
    shown = safe_line(value)
    assert not any(unicodedata.category(one) in {"Cc", "Cs", "Cn", "Co", "Zl", "Zp"} for one in shown)


@pytest.mark.timed
def test_pathological_texts_take_no_time() -> None:
    began = time.perf_counter()
    for value in ("\u0301\u0323" * 5_000, "\u1100" * 10_000, "\u0390" * 10_000, "a\u200d" * 5_000):
        try:
            text(value)
        except ValueError:
            continue
    assert time.perf_counter() - began < 1


def test_a_name_is_a_line_of_its_length_without_spaces_around_it() -> None:
    assert name(" Zoe\u0308 \u00a0") == "Zo\u00eb"
    assert name("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645")
    assert name("x" * LONGEST_NAME) == "x" * LONGEST_NAME
    assert name("x" * 200, most=200) == "x" * 200
    for value in ("", " ", "\u00a0", "x" * (LONGEST_NAME + 1), "\u0958" * LONGEST_NAME, *BAD):
        with pytest.raises(ValueError, match=r"empty|more than|U\+"):
            name(value)
    with pytest.raises(ValidationError):
        TypeAdapter(Name).validate_python("\u202egnp.exe")
    assert TypeAdapter(Name).json_schema() == {
        "type": "string", "format": "name", "minLength": 1, "maxLength": LONGEST_NAME
    }  # fmt: skip
