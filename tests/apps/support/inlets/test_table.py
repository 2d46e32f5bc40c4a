from __future__ import annotations

from typing import Any

import pytest

from pilothouse.apps.support.inlets.table import LARGEST, MOST_ROWS, read_table
from pilothouse.apps.support.tickets import LONGEST


def rows(data: bytes | str) -> list[tuple[str, Any]]:
    found = read_table(data.encode() if isinstance(data, str) else data)
    return [(one.where, one.problem or one.value) for one in found]


def test_each_line_is_a_ticket() -> None:
    found = rows('id,text,subject,sender\n7,"It broke,\nbadly",Lamp,a@example.com\n8,Where is it?,,\n')
    assert [where for where, _ in found] == ["line 2", "line 4"]
    assert found[0][1]["text"] == "It broke,\nbadly"
    assert found[0][1]["sender"] == "a@example.com"


def test_the_same_line_has_the_same_key_wherever_it_stands() -> None:
    first, second = read_table(b"id,text\n1,a\n2,b\n")
    (moved,) = read_table(b"text;id\nb, changed since;2\n")
    assert moved.key == second.key != first.key
    (plain,) = read_table(b"text\na\n")
    (again,) = read_table(b"text\na\n")
    assert plain.key == again.key


def test_bad_lines_are_told_with_their_number_and_the_others_go_on() -> None:
    found = rows(
        f"text,sender\ngood,\n,a@example.com\ntoo,many,cells\n{'x' * (LONGEST + 1)},\n\nalso good,\n"
    )
    assert [(where, isinstance(said, dict)) for where, said in found] == [
        ("line 2", True), ("line 3", False), ("line 4", False), ("line 5", False), ("line 7", True),
    ]  # fmt: skip


@pytest.mark.parametrize("cell", ["=HYPERLINK(1)", "+1+cmd", "-2", "@SUM(A1)", "=1+1|' /C calc'!A0"])
def test_a_formula_is_text(cell: str) -> None:
    assert rows(f'text\n"{cell}"\n')[0][1]["text"] == cell


@pytest.mark.parametrize(
    ("data", "where", "expected"),
    [
        (b"a" * (LARGEST + 1), "file", "bytes"),
        (b"text\nok\n\xff\xfe\n", "line 3", "UTF-8"),
        (b"text\nok\0\n", "file", "NUL"),
        (b"message\nhello\n", "line 1", 'no column "text"'),
        (b"text,text\na,b\n", "line 1", "twice"),
        (b'text\n"never closed\n', "line 2", "cannot be read"),
        (b'text\n"' + b"y" * (LONGEST * 5) + b'"\n', "line 2", "cannot be read"),
    ],
)
def test_what_is_no_table_is_told(data: bytes, where: str, expected: str) -> None:
    found = rows(data)
    assert found[0][0] == where
    assert expected in found[0][1]


def test_an_endless_table_ends() -> None:
    found = rows("text\n" + "hello\n" * (MOST_ROWS + 5))
    assert len(found) == MOST_ROWS + 1
    assert "at most" in found[-1][1]


def test_a_mark_of_byte_order_and_other_columns_do_not_matter() -> None:
    assert rows("\ufeffText,priority\nhello,9\n")[0][1]["text"] == "hello"
