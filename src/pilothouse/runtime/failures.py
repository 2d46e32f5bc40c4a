"""Failures as results: how an error becomes a journal entry, and the same error again at replay."""

from __future__ import annotations

import traceback

from pilothouse.errors import PilothouseError
from pilothouse.runtime.entries import Entry, decode
from pilothouse.runtime.errors import Denied, Expired, Failure, Refused, StepFailed

_REBUILT: tuple[type[PilothouseError], ...] = (Denied, Refused, Expired)
"""Errors that a workflow may want to tell apart: raised as themselves, from their code and message."""


def failure_of(error: BaseException, step: str = "") -> Failure:
    """What the journal keeps of an error that `step` raised."""
    steps = tuple(dict.fromkeys((*steps_behind(error), *((step,) if step else ()))))
    if isinstance(error, StepFailed):
        return error.failure.model_copy(update={"step": error.failure.step or step, "steps": steps})
    known = error if isinstance(error, PilothouseError) else None
    return Failure(
        code=known.code if known else "step_failed",
        message=(known.message if known else str(error)) or type(error).__name__,
        hint=known.hint if known else None,
        retryable=known.retryable if known else False,
        error_type=type(error).__name__,
        step=step,
        where=_where(error),
        steps=steps,
    )


def raised(failure: Failure) -> PilothouseError:
    """The error to raise for a journalled failure, the same on the first turn and at replay."""
    for kind in _REBUILT:
        if failure.code == kind.code:
            error = kind(failure.message, hint=failure.hint)
            error.__dict__["steps"] = failure.steps
            return error
    return StepFailed(failure)


def read_failure(entry: Entry) -> Failure:
    """The failure in an entry."""
    return Failure.model_validate_json(decode(entry.codec, entry.payload))


def steps_behind(error: BaseException) -> tuple[str, ...]:
    """The failed steps that a retry has to execute again for this error not to come back."""
    return tuple(getattr(error, "steps", ()))


def _where(error: BaseException) -> str:
    """File, line and function in which the error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    last = frames[-1]
    return f"{last.filename}:{last.lineno} in {last.name}"
