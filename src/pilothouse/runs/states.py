"""Why a run is in its state: told from its row, its open questions and the workers that live."""

from __future__ import annotations

from pilothouse.runs.repository import LiveWorkers
from pilothouse.runs.schemas import Because, RunStatus, StatusDetail
from pilothouse.runs.tables import RunRow


def is_stranded(run: RunRow, workers: LiveWorkers) -> bool:
    """Whether the run cannot go on, because no live worker has its workflow in its version."""
    return not RunStatus(run.status).is_final and run.pin not in workers.pins


def status_detail(run: RunRow, open_questions: int, workers: LiveWorkers) -> StatusDetail:
    """Why the run is in its state, and when it goes on."""
    code, message = _reason(run, open_questions, workers)
    return StatusDetail(code=code, message=message)


def _reason(run: RunRow, open_questions: int, workers: LiveWorkers) -> tuple[Because, str]:
    status = RunStatus(run.status)
    if status.is_final:
        return Because.ENDED, _ENDED[status]
    if status is RunStatus.WAITING:
        return _waiting(run, open_questions)
    if is_stranded(run, workers):
        what = f"No live worker can execute version {run.version} of workflow {run.workflow}"
        return Because.STRANDED, f"{what}; the run goes on as soon as one starts."
    if status is RunStatus.QUEUED:
        return Because.WAITS_FOR_WORKER, "Waits for a worker with a free slot, as far as limits allow."
    if run.worker_id not in workers.ids:
        return Because.WORKER_LOST, "Its worker is not heard of any more; another one takes the run over."
    if run.cancel_requested:
        return Because.CANCELLING, "Is being cancelled: its worker stops it at the next step."
    return Because.EXECUTES, "A worker executes it."


def _waiting(run: RunRow, open_questions: int) -> tuple[Because, str]:
    if open_questions:
        what = "a question" if open_questions == 1 else f"{open_questions} questions"
        return Because.WAITS_FOR_PERSON, f"Waits for a person to answer {what}."
    if run.wake_at is not None:
        return Because.WAITS_FOR_TIME, f"Sleeps until {run.wake_at:%Y-%m-%dT%H:%M:%SZ}."
    return Because.WAITS_FOR_EVENT, "Waits for something from outside."


_ENDED = {
    RunStatus.COMPLETED: "Has completed.",
    RunStatus.FAILED: "Has failed; a retry goes on from the failed step.",
    RunStatus.CANCELLED: "Was cancelled.",
}
