"""Evaluation sets: what a line may hold, and how wrong ones are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilothouse.evaluations.errors import SetInvalid
from pilothouse.evaluations.sets import read_set


def written(folder: Path, *lines: str) -> Path:
    path = folder / "set.jsonl"
    path.write_text("\n".join(lines))
    return path


def test_each_line_is_a_case_and_empty_ones_are_none(tmp_path: Path) -> None:
    path = written(
        tmp_path, '{"id": "a", "variables": {"text": "x"}, "expected": {"n": 1}}', "", '{"tags": ["b"]}'
    )
    first, second = read_set(path)
    assert (first.id, first.variables, first.expected) == ("a", {"text": "x"}, {"n": 1})
    assert (second.id, second.tags) == ("line-3", ("b",))


def test_every_wrong_line_is_named_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "{", '{"id": "a"}', '{"id": "a"}', '{"answer": 1}', '{"variables": {"1x": 2}}')
    with pytest.raises(SetInvalid) as told:
        read_set(path)
    for part in ("line 1: Invalid JSON", "line 3: the id 'a' is that of line 2", "line 4: answer", "line 5"):
        assert part in str(told.value)


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_a_set_without_cases_is_none(tmp_path: Path, content: str) -> None:
    with pytest.raises(SetInvalid, match="holds 0 cases"):
        read_set(written(tmp_path, content))


def test_a_line_too_long_is_refused_without_being_read(tmp_path: Path) -> None:
    with pytest.raises(SetInvalid, match=r"line 1: 1,000,0\d\d bytes are more"):
        read_set(written(tmp_path, '{"id": "' + "x" * 1_000_000 + '"}'))


def test_a_file_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(SetInvalid, match="No such file"):
        read_set(tmp_path / "none.jsonl")
