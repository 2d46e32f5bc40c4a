from __future__ import annotations

from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apps.mlops.publish import markdown
from pilothouse.kit.html import from_markdown


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("# title", "\\# title"),
        ("1. one", "1\\. one"),
        ("1.5 of 2", "1.5 of 2"),
        ("- item", "\\- item"),
        ("well-known", "well-known"),
        ("_a_ snake_case", "\\_a\\_ snake_case"),
        ("a | b", "a \\| b"),
        ("<b> & c", "&lt;b&gt; &amp; c"),
        ("[x](y)", "\\[x\\](y)"),
        ("two\nlines", "two lines"),
    ],
)
def test_text_is_no_markup(words: str, written: str) -> None:
    assert markdown.text(words) == written


@given(st.text(max_size=80))
def test_no_text_breaks_a_table_or_becomes_html(words: str) -> None:
    table = markdown.table(("a", "b"), [(words, "x")])
    assert len(table.splitlines()) == 3
    assert table.splitlines()[2].replace("\\\\", "").replace("\\|", "").count("|") == 3
    assert "<" not in table


@given(st.text(alphabet="<>/='\" &;[]()!*_`#|~-+.0\\\tscript:x@", max_size=80))
def test_a_reader_of_markdown_finds_text_only(words: str) -> None:
    for before, after in (("before ", " after"), ("", " after"), ("", "")):
        shown = from_markdown(f"{before}{markdown.text(words)}{after}")
        plain = unescape(shown).removeprefix("<p>").removesuffix("</p>\n")
        assert plain.split() == f"{before}{words}{after}".split()
        assert shown.count("<") == 2 * bool(plain)  # the paragraph's own element


def test_a_quotation_keeps_its_lines() -> None:
    assert markdown.quote("a\n\n# b") == "> a\n>\n> \\# b"
    assert markdown.quote("") == ">"
    assert markdown.bullets(["a", "* b"]) == "- a\n- \\* b"
