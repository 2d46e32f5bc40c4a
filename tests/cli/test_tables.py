"""How commands print: nothing is cut off in a pipe, no cell is markup, JSON is as the API shows it."""

from __future__ import annotations

import json

import pytest

from pilothouse.cli import tables
from pilothouse.kit.pagination import Page


def test_rows_are_a_table_whose_cells_are_plain_text_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 300
    tables.listed(("id", "note"), [("1", "[red]no markup[/]"), ("2", long)], "None.", styles=("dim", None))
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["id", "note"]
    assert first.rstrip().split(maxsplit=1) == ["1", "[red]no markup[/]"]
    assert second.split() == ["2", long]


def test_where_there_are_no_rows_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    tables.listed(("id",), [], "None. Make one: pilothouse [x] create")
    assert capsys.readouterr().out == "None. Make one: pilothouse [x] create\n"


def test_figures_stand_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    made = tables.table("name", "size", right=("size",))
    made.add_row("a", "1")
    made.add_row("b", "1000")
    tables.printed(made)
    _, first, second = capsys.readouterr().out.splitlines()
    assert (first.rstrip(), second.rstrip()) == ("a        1", "b     1000")


def test_facts_of_which_nothing_is_known_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    tables.facts([("name", "[b]x"), ("note", ""), ("state", "open")], {"state": "green"})
    told = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert told == [["name", "[b]x"], ["state", "open"]]


def test_a_document_is_one_and_models_are_as_the_api_shows_them(capsys: pytest.CaptureFixture[str]) -> None:
    tables.document(Page[int](items=[1, 2], next_cursor="c"))
    assert json.loads(capsys.readouterr().out) == {"items": [1, 2], "next_cursor": "c"}
