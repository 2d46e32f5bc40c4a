"""What a person needs to know of a run, folded from its journal."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from rich.console import Console

from pilothouse.cli import cards
from pilothouse.cli.running import say_what_is_asked
from pilothouse.cli.view import Event, RunView
from pilothouse.runtime.questions import QuestionKind

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


def test_a_question_that_names_a_role_says_for_whom_it_is() -> None:
    view = RunView("run", "orders")
    view.add(Event(1, "submitted", "", START, None))
    view.add(Event(2, "asked", "ask:pay", START, {"prompt": "Pay?", "role": "finance"}))
    view.add(Event(3, "asked", "ask:ship", START, {"prompt": "Ship?"}))
    pay, ship = view.questions.values()
    assert (pay.addressee, ship.addressee) == (" for approver:finance", "")
    console = Console(record=True, width=60, file=io.StringIO())
    console.print(cards.question(pay))
    assert "question pay for approver:finance" in console.export_text()


def test_an_approval_takes_no_answer_and_sends_to_the_inbox(capsys: pytest.CaptureFixture[str]) -> None:
    view = RunView("run", "pay")
    view.add(Event(1, "submitted", "", START, None))
    asked = {"prompt": "Approve pay?", "role": "finance", "kind": QuestionKind.APPROVAL.value}
    view.add(Event(2, "asked", "pay#0/approval#0", START, asked))
    view.add(Event(3, "asked", "ask:ship", START, {"prompt": "Ship?", "kind": QuestionKind.QUESTION.value}))
    say_what_is_asked(view)
    approval, question, _ = capsys.readouterr().err.splitlines()
    assert approval == "Waiting for approver:finance: Approve pay? Decide with: pilothouse inbox"
    assert "pilothouse answer" in question
