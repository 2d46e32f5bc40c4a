from __future__ import annotations

import datetime as dt
from uuid import UUID, uuid4

import pytest

from pilothouse.runs.repository import LiveWorkers
from pilothouse.runs.schemas import Because
from pilothouse.runs.states import is_stranded, status_detail
from pilothouse.runs.tables import RunRow

WORKER = uuid4()
HERE = LiveWorkers(frozenset({WORKER}), frozenset({"w@1"}))
OTHERS = LiveWorkers(frozenset({WORKER}), frozenset({"w@2"}))
NOBODY = LiveWorkers(frozenset(), frozenset())


def run(
    status: str, *, worker: UUID | None = None, wake_at: dt.datetime | None = None, cancel: bool = False
) -> RunRow:
    return RunRow(
        workflow="w",
        version=1,
        pin="w@1",
        status=status,
        worker_id=worker,
        wake_at=wake_at,
        cancel_requested=cancel,
    )


@pytest.mark.parametrize(
    ("row", "questions", "workers", "code", "told"),
    [
        (run("queued"), 0, HERE, Because.WAITS_FOR_WORKER, "free slot"),
        (run("queued"), 0, OTHERS, Because.STRANDED, "version 1 of workflow w"),
        (run("queued"), 0, NOBODY, Because.STRANDED, "as soon as one starts"),
        (run("running", worker=WORKER), 0, HERE, Because.EXECUTES, "executes"),
        (run("running", worker=WORKER, cancel=True), 0, HERE, Because.CANCELLING, "cancelled"),
        (run("running", worker=uuid4()), 0, HERE, Because.WORKER_LOST, "another one"),
        (run("running", worker=WORKER), 0, NOBODY, Because.STRANDED, "No live worker"),
        (run("waiting"), 1, HERE, Because.WAITS_FOR_PERSON, "answer a question."),
        (run("waiting"), 3, NOBODY, Because.WAITS_FOR_PERSON, "3 questions"),
        (
            run("waiting", wake_at=dt.datetime(2030, 1, 2, tzinfo=dt.UTC)),
            0,
            HERE,
            Because.WAITS_FOR_TIME,
            "2030-01-02T00:00:00Z",
        ),
        (run("waiting"), 0, HERE, Because.WAITS_FOR_EVENT, "outside"),
        (run("completed"), 0, NOBODY, Because.ENDED, "completed"),
        (run("failed"), 0, NOBODY, Because.ENDED, "retry"),
        (run("cancelled"), 0, NOBODY, Because.ENDED, "cancelled"),
    ],
)
def test_a_run_says_why_it_is_in_its_state(
    row: RunRow, questions: int, workers: LiveWorkers, code: Because, told: str
) -> None:
    detail = status_detail(row, questions, workers)
    assert detail.code is code
    assert told in detail.message


@pytest.mark.parametrize(
    ("status", "workers", "expected"),
    [
        ("queued", OTHERS, True),
        ("waiting", NOBODY, True),
        ("waiting", HERE, False),
        ("completed", NOBODY, False),
        ("failed", NOBODY, False),
    ],
)
def test_only_a_run_that_is_to_go_on_can_be_stranded(
    status: str, workers: LiveWorkers, expected: bool
) -> None:
    assert is_stranded(run(status), workers) is expected
