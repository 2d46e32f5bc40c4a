"""What a person needs to know of a run, folded from its journal."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pilothouse.cli.view import Event, RunView

START = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


def test_questions_that_were_open_before_a_fork_are_not_the_forks() -> None:
    view = RunView("fork", "orders")

    def told(kind: str, key: str, payload: Any) -> None:
        view.add(Event(view.seq + 1, kind, key, START, payload))

    told("submitted", "", None)
    told("asked", "gather#0/0/ask:color", {"prompt": "Which?"})
    told("forked", "", {"seq": 2})
    assert (view.questions, view.status) == ({}, "queued")
    told("asked", "gather#0/0/ask:color", {"prompt": "Which?"})
    assert [question.name for question in view.questions.values()] == ["color"]
