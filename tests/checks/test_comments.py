"""Comments that switch a checker off say why, and none puts work off."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from checks.comments import suppressions_without_reason, unfinished

Found = Callable[..., list[tuple[str, int]]]  # see conftest.py


@pytest.mark.parametrize(
    "comment", ["# noqa: S603", "# noqa: S603, S607", "# type: ignore[misc]", "# noqa", "# noqa: S603 -"]
)
def test_a_suppression_without_a_reason_is_found(found: Found, comment: str) -> None:
    assert found(suppressions_without_reason, {"src/a.py": f"\nx = 1  {comment}\n"}) == [("src/a.py", 2)]


@pytest.mark.parametrize(
    "text",
    [
        "x = 1  # noqa: S603 - the command is our own\n",
        "x = 1  # noqa: S603, S607  fixed command\n",
        "x = 1  # type: ignore[misc]  # untyped upstream\n",
        "# the command is our own\nx = 1  # noqa: S603\n",
        "x = '# noqa: S603'\n",
        "# nothing to suppress\n",
    ],
)
def test_a_suppression_with_its_reason_behind_or_above_is_fine(found: Found, text: str) -> None:
    assert found(suppressions_without_reason, {"src/a.py": text}) == []


@pytest.mark.parametrize(
    "text", ["x = 1  # TO" + "DO later\n", "# FIX" + "ME\n", "x = 1  # pragma: no" + " cover\n"]
)
def test_comments_that_put_work_off_are_found_in_src_alone(found: Found, text: str) -> None:
    assert found(unfinished, {"src/a.py": text, "tests/a.py": text}) == [("src/a.py", 1)]


def test_what_is_not_implemented_is_found_and_a_text_about_it_is_not(found: Found) -> None:
    files = {
        "src/a.py": "def f():\n    raise NotImplementedError\n",
        "src/b.py": "def f():\n    raise NotImplementedError('later')\n",
        "src/c.py": "WORDS = ('TODO', 'NotImplementedError')\n",
    }
    assert found(unfinished, files) == [("src/a.py", 2), ("src/b.py", 2)]


def test_a_file_that_does_not_parse_is_left_to_the_linter(found: Found) -> None:
    files = {"src/a.py": "def (:\n  # noqa\n", "src/b.py": "x = '''\n"}
    assert found(unfinished, files) == []
    assert found(suppressions_without_reason, files) == []
