"""Failures as results: how an error becomes a journal entry, and the same error again at replay."""

from __future__ import annotations

import asyncio
import traceback

from pilothouse.errors import PilothouseError
from pilothouse.runtime.entries import Entry, decode
from pilothouse.runtime.errors import CodeExited, Denied, Expired, Failure, Interrupt, Refused, StepFailed

_REBUILT: tuple[type[PilothouseError], ...] = (Denied, Refused, Expired)
"""Errors that a workflow may want to tell apart: raised as themselves, from their code and message."""


def is_own(error: BaseException) -> bool:
    """Whether the code itself raised an error: it is no interrupt, and nobody stopped it from outside."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and not task.cancelling()
    return not isinstance(error, (Interrupt, KeyboardInterrupt, GeneratorExit))


def as_error(error: BaseException) -> Exception:
    """What the code itself raised as an `Exception`: one that ends neither the task nor the process."""
    if isinstance(error, Exception):
        return error
    if isinstance(error, asyncio.CancelledError):
        return CodeExited("The code was cancelled from within: something that it awaited was cancelled.")
    said = f": {error}" if str(error) else ""
    return CodeExited(f"The code raised {type(error).__name__}{said}, which would end the process.")


def failure_of(error: BaseException, step: str = "") -> Failure:
    """What the journal keeps of an error that `step` raised."""
    steps = tuple(dict.fromkeys((*steps_behind(error), *((step,) if step else ()))))
    if isinstance(error, StepFailed):
        return error.failure.model_copy(update={"step": error.failure.step or step, "steps": steps})
    known = error if isinstance(error, PilothouseError) else None
    return Failure(
        code=known.code if known else "step_failed",
        message=writable((known.message if known else str(error)) or type(error).__name__),
        hint=writable(known.hint) if known and known.hint else None,
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
    """The failed steps that a retry has to execute again for this error not to come back.

    Those of the error that was being handled, where it was raised while handling another one.
    """
    behind: BaseException | None = error
    seen = set()  # code can raise an error from itself
    while behind is not None and id(behind) not in seen:
        if steps := getattr(behind, "steps", ()):
            return tuple(steps)
        seen.add(id(behind))
        behind = behind.__cause__ or (None if behind.__suppress_context__ else behind.__context__)
    return ()


def writable(text: str) -> str:
    """The text as UTF-8 can hold it: file names may carry bytes that are none."""
    return text.encode(errors="backslashreplace").decode()


def _where(error: BaseException) -> str:
    """File, line and function in which the error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    last = frames[-1]
    return f"{last.filename}:{last.lineno} in {last.name}"
