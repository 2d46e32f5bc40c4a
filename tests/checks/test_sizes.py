"""How long files and functions may be."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from checks.sizes import file_length, function_length, median_length

Found = Callable[..., list[tuple[str, int]]]  # see conftest.py


def lines(count: int) -> str:
    return "x = 1\n" * count


@pytest.mark.parametrize(
    ("path", "most"), [("src/a.py", 500), ("dev", 500), ("console/src/a.ts", 500), ("console/src/A.tsx", 250)]
)
def test_a_file_one_line_over_its_limit_is_found_and_one_at_the_limit_is_not(
    found: Found, path: str, most: int
) -> None:
    assert found(file_length, {path: lines(most)}) == []
    assert found(file_length, {path: lines(most + 1)}) == [(path, most + 1)]


def test_generated_types_and_data_may_be_long(found: Found) -> None:
    assert found(file_length, {"console/src/api.d.ts": lines(900), "src/prices.json": lines(900)}) == []


def test_a_function_of_61_lines_is_found_where_it_begins(found: Found) -> None:
    body = "    x = 1\n"
    allowed, longer = "def f():\n" + body * 59, "async def g():\n" + body * 60
    assert found(function_length, {"src/a.py": allowed + longer}) == [("src/a.py", 61)]


def test_decorators_do_not_count_as_part_of_a_function(found: Found) -> None:
    assert found(function_length, {"src/a.py": "@x\n@y\ndef f():\n" + "    x = 1\n" * 59}) == []


def test_a_long_median_is_found_although_many_modules_hold_only_a_docstring(found: Found) -> None:
    docstrings = {f"src/p{number}/__init__.py": '"""A package."""\n' for number in range(9)}
    assert found(median_length, {**docstrings, "src/a.py": lines(120), "src/b.py": lines(120)}) == []
    assert found(median_length, {**docstrings, "src/a.py": lines(120), "src/b.py": lines(122)}) == [
        ("src", 1)
    ]


def test_a_module_without_a_docstring_counts_and_one_of_a_docstring_alone_does_not(found: Found) -> None:
    docstring = '"""' + "A long one.\n" * 300 + '"""\n'
    assert found(median_length, {"src/a.py": docstring}) == []
    assert found(median_length, {"src/a.py": docstring + "x = 1\n"}) == [("src", 1)]
    assert found(median_length, {"src/a.py": "x = [\n" + "1,\n" * 300 + "]\n"}) == [("src", 1)]


def test_the_median_is_that_of_src_alone(found: Found) -> None:
    assert found(median_length, {"tests/test_a.py": lines(400), "src/a.py": lines(10)}) == []
    assert found(median_length, {"tests/test_a.py": lines(400)}) == []
