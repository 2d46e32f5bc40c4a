"""What can go wrong in a run, and the control flow that user code must not swallow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from pilothouse.errors import Category, PilothouseError, Severity


class Failure(BaseModel):
    """A failed step or run as the journal keeps it."""

    model_config = ConfigDict(frozen=True)

    code: str
    message: str
    retryable: bool = False
    error_type: str = ""
    hint: str | None = None
    step: str = ""
    where: str = ""
    steps: tuple[str, ...] = ()  # every failed step that stands behind this failure
    marks: tuple[str, ...] = ()  # of what the step had consumed: its message may repeat it

    @model_serializer(mode="wrap")
    def _as_before_without_marks(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        told: dict[str, Any] = handler(self)
        if not self.marks:
            told.pop("marks", None)
        return told


class StepFailed(PilothouseError):
    """A step failed.

    Raised alike when the step fails and at every replay; `failure` is what the journal holds.
    """

    code = "step_failed"
    category = Category.BUSINESS

    def __init__(self, failure: Failure) -> None:
        """Keep the journalled `failure`; its message is the error's."""
        super().__init__(failure.message, hint=failure.hint)
        self.failure = failure
        self.steps: Sequence[str] = failure.steps


class StepTimedOut(PilothouseError):
    """A step did not finish within its time."""

    code = "step_timed_out"
    retryable = True


class WrongType(PilothouseError):
    """A value does not have the declared type."""

    code = "wrong_type"
    status = 400
    category = Category.USER


class NonDeterminismError(PilothouseError):
    """The workflow's code did not do what its journal says it did."""

    code = "non_determinism"
    category = Category.USER

    def __init__(self, message: str, *, hint: str | None = None, step: str = "") -> None:
        """Say what differs; `step` is the key of the recorded step at which it does."""
        super().__init__(message, hint=hint)
        self.step = step


class Denied(PilothouseError):
    """The policy denied the action."""

    code = "denied"
    status = 403
    category = Category.BUSINESS
    severity = Severity.WARNING


class Declined(PilothouseError):
    """What is to be written beside an append does not allow it.

    Nothing was written, and the turn goes on. `sources` are the ids of what declined it.
    """

    code = "declined"
    status = 409
    category = Category.BUSINESS
    severity = Severity.WARNING

    def __init__(self, reasons: Sequence[str], sources: Sequence[str] = ()) -> None:
        """Tell the `reasons`, one for each of the `sources`."""
        super().__init__(" ".join(reasons))
        self.reasons = tuple(reasons)
        self.sources = tuple(sources)


class AlreadyActed(PilothouseError):
    """A higher rung of an agent's ladder has acted already, and a lower one does not act again."""

    code = "already_acted"
    status = 409
    category = Category.BUSINESS
    severity = Severity.WARNING


class Killed(PilothouseError):
    """Somebody has thrown a kill switch.

    A step that was under way is stopped, and fails with it; whether its call took effect is not known.
    """

    code = "killed"
    status = 409
    category = Category.BUSINESS
    severity = Severity.WARNING


class Refused(PilothouseError):
    """A person refused."""

    code = "refused"
    status = 409
    category = Category.BUSINESS
    severity = Severity.INFO


class Expired(PilothouseError):
    """A question was not answered in time and has no default."""

    code = "expired"
    status = 409
    category = Category.BUSINESS
    severity = Severity.INFO


class WorkerLost(PilothouseError):
    """The workers that executed the run died again and again."""

    code = "worker_lost"


class NotJournalled(PilothouseError):
    """An entry can never be journalled as it is."""

    code = "not_journalled"


class CodeExited(PilothouseError):
    """The code of a run tried to end the process, or was cancelled from within."""

    code = "code_exited"
    category = Category.USER


class RunStalled(PilothouseError):
    """The workflow's own code waits for something that is no step."""

    code = "run_stalled"
    category = Category.USER


class Interrupt(BaseException):
    """Control flow of the engine. A `BaseException`, so that `except Exception` lets it pass."""


class Suspended(Interrupt):
    """The turn ends here: the run waits for a person or a timer."""

    def __init__(self, wake_at: dt.datetime | None = None) -> None:
        """`wake_at` is when the run goes on by itself; None where only an answer wakes it."""
        self.wake_at = wake_at


class TurnLost(Interrupt):
    """The journal cannot be written; nothing more is recorded in this turn."""


class Fenced(TurnLost):
    """Another worker owns the run now."""


class LoopBlocked(Interrupt):
    """Code blocked the worker's event loop for too long and was stopped."""


class RunCancelled(Interrupt):
    """The run was cancelled."""


class ContinuedAsNew(Interrupt):
    """The run ends and goes on as a new one with a fresh journal."""

    def __init__(self, value: object) -> None:
        """`value` is the new run's input."""
        self.value = value
