# ruff: noqa: E501 - hostile texts are listed as they are
from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.kit.html import LONGEST, LONGEST_MARKDOWN, MOST_LINES, clean, from_markdown

ATTACKS = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>x</a>",
    "<a href='jav&#x09;ascript:alert(1)'>x</a>", "<svg onload=alert(1)>", "<iframe src=//evil.example>",
    "<p style='background:url(//evil.example)'>x</p>", "<form action=//evil.example><input name=a></form>",
    "<base href=//evil.example>", "<meta http-equiv=refresh content=0>", "<object data=x></object>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", "<noscript><p title='</noscript><img onerror=x>'>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>", "<p onclick=alert(1)>x</p>", "<!--<img onerror=x>-->",
    "<template><script>x</script></template>", "<a id=x class=y name=z>x</a>", "<link rel=stylesheet href=//evil.example>",
)  # fmt: skip


@pytest.mark.parametrize("html", ATTACKS)
def test_nothing_acts_and_nothing_loads(html: str) -> None:
    found = clean(html).lower()
    for mark in (
        "script",
        "onerror",
        "onload",
        "onclick",
        "style=",
        "evil.example",
        "data:",
        "<img",
        "id=",
        "class=",
    ):
        assert mark not in found


def test_rich_text_stays() -> None:
    html = '<h2>T</h2><p>a <strong>b</strong> <code>c</code></p><ul><li>d</li></ul><table><tbody><tr><td colspan="2">e</td></tr></tbody></table>'
    assert clean(html) == html


def test_links_tell_nobody_where_they_were_followed_from() -> None:
    assert clean('<a href="https://example.com/" target="_top">x</a>') == (
        '<a href="https://example.com/" rel="noopener noreferrer nofollow">x</a>'
    )


@given(st.text(alphabet="<>/='\" &;apscrit:xon!-", max_size=200))
def test_cleaning_again_changes_nothing(html: str) -> None:
    assert clean(clean(html)) == clean(html)


@pytest.mark.timed
def test_what_is_too_long_or_deep_takes_no_time() -> None:
    with pytest.raises(ValueError, match="more than"):
        clean("x" * (LONGEST + 1))
    began = time.perf_counter()
    for html in ("<b>" * 5_000, "<" * 100_000, "&" * 100_000, "<a " * 20_000):
        clean(html)
    assert time.perf_counter() - began < 3


@pytest.mark.parametrize("html", ATTACKS)
def test_html_within_markdown_is_cleaned(html: str) -> None:
    for text in (html, f"a {html} b", f"> {html}", f"| a |\n|---|\n| {html} |", f"[x](<{html}>)"):
        found = re.sub(r"&lt;.*?(?:&gt;|$)", "", from_markdown(text).lower())  # what is shown as text
        for mark in (
            "<script",
            "onerror=",
            "onload=",
            "onclick=",
            "style=",
            "<img",
            "<svg",
            "<iframe",
            "<form",
        ):
            assert mark not in found


@pytest.mark.parametrize(
    "place", ["javascript:alert(1)", "JaVaScript&colon;alert(1)", "data:text/html,x", "vbscript:x"]
)
def test_a_link_of_markdown_leads_to_the_web_only(place: str) -> None:
    for text in (
        f"[x]({place})",
        f"<{place}>",
        f"[x]: {place}\n\n[x]",
        f"![x]({place})",
        f"<a href='{place}'>x</a>",
    ):
        assert "href" not in from_markdown(text)


def test_markdown_becomes_rich_text() -> None:
    text = "# T\n\na **b** `c` ~~d~~\n\n- e\n\n| f |\n|---|\n| [g](https://example.com) |"
    found = from_markdown(text)
    for part in (
        "<h1>T</h1>",
        "<strong>b</strong>",
        "<code>c</code>",
        "<s>d</s>",
        "<li>e</li>",
        "<th>f</th>",
    ):
        assert part in found
    assert '<a href="https://example.com" rel="noopener noreferrer nofollow">g</a>' in found


@given(st.text(alphabet="<>/='\" &;[]()!*_`#|~-\n\\scrit:x", max_size=120))
def test_nothing_acts_whatever_the_markdown_is(text: str) -> None:
    assert clean(from_markdown(text)) == from_markdown(text)


@pytest.mark.timed
def test_markdown_is_bounded_and_the_worst_of_it_takes_seconds_at_most() -> None:
    for text in ("x" * (LONGEST_MARKDOWN + 1), "\n" * (MOST_LINES + 1)):
        with pytest.raises(ValueError, match="more than"):
            from_markdown(text)
    began = time.thread_time()
    for piece in ("[", "![", "[a](", "*a_ ", "<a ", "`", "[[]", "> "):
        from_markdown(piece * (8_000 // len(piece)))
    from_markdown(">" * 20 + "a\n" + "b\n" * 2_000)
    assert time.thread_time() - began < 5  # what is not linear takes hours
