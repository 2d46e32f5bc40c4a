from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.apps.support.knowledge.documents import LONGEST_CHUNK, UnreadableDocument, cut, paths, read

ARTICLE = "# Kettles\n\nAbout kettles.\n\n## Care\nDescale.\n\n### Often\nMonthly.\n## Warranty\nTwo years.\n"


def test_chunks_carry_the_path_of_headings_and_the_lines_they_stand_on() -> None:
    chunks = cut("file", ARTICLE)
    assert [(one.title, one.heading, one.first, one.last) for one in chunks] == [
        ("Kettles", "", 3, 3),
        ("Kettles", "Care", 6, 6),
        ("Kettles", "Care > Often", 9, 9),
        ("Kettles", "Warranty", 11, 11),
    ]
    lines = ARTICLE.splitlines()
    assert all("\n".join(lines[one.first - 1 : one.last]) == one.text for one in chunks)


def test_a_hash_in_a_block_of_code_is_no_heading() -> None:
    assert [one.heading for one in cut("t", "## Real\n```\n# not one\n```\n")] == ["Real"]


def test_front_matter_is_not_text() -> None:
    chunks = cut("t", "---\nauthor: nobody\n---\nBody here.\n")
    assert [(one.text, one.first) for one in chunks] == [("Body here.", 4)]


def test_front_matter_that_never_ends_is_text() -> None:
    assert "author" in cut("t", "---\nauthor: x\n")[0].text


def test_an_empty_document_is_found_by_its_title() -> None:
    assert [(one.title, one.text) for one in cut("Empty", "")] == [("Empty", "")]


def test_a_long_section_is_cut_between_paragraphs() -> None:
    paragraph = "A sentence about delivery. " * 30
    chunks = cut("t", "\n\n".join([paragraph] * 6))
    assert len(chunks) > 1
    assert all(len(one.text) < LONGEST_CHUNK + 2 * len(paragraph) for one in chunks)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["# One", "## Two", "text", "", "more text here", "```"]), max_size=25))
def test_no_line_of_text_is_lost_and_lines_point_at_it(lines: list[str]) -> None:
    text = "\n".join(lines)
    kept = text.splitlines()
    for chunk in cut("t", text):
        if chunk.text:
            assert "\n".join(kept[chunk.first - 1 : chunk.last]) == chunk.text
    found = "\n".join(chunk.text for chunk in cut("t", text))
    assert found.count("more text here") == lines.count("more text here")


def test_json_with_title_and_content_is_an_article(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"title": "Fees", "content": "## Late\\nTen euros."}')
    assert [(one.title, one.heading) for one in read(tmp_path / "a.json")] == [("Fees", "Late")]


@pytest.mark.parametrize("content", [b'{"title": "x"}', b"[1]", b"{", b"\xff\xfe"])
def test_a_file_that_is_no_article_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.json").write_bytes(content)
    with pytest.raises(UnreadableDocument, match=r"bad\.json"):
        read(tmp_path / "bad.json")


def test_markdown_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UnreadableDocument, match=r"bad\.md"):
        read(tmp_path / "bad.md")


def test_hidden_and_other_files_are_passed_over_and_names_stay_apart(tmp_path: Path) -> None:
    for name in ("a.md", "a.json", "b.txt", ".c.md", "sub/d.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert list(paths(tmp_path)) == ["a", "a.md", "sub/d"]
