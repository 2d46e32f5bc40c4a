"""How errors become what the journal keeps."""

from __future__ import annotations

import asyncio

import pytest

from pilothouse.errors import Conflict
from pilothouse.runtime.errors import (
    CodeExited,
    Denied,
    Failure,
    Fenced,
    LoopBlocked,
    RunCancelled,
    StepFailed,
    Suspended,
    TurnLost,
)
from pilothouse.runtime.failures import as_error, failure_of, is_own, raised, steps_behind


def of(*steps: str) -> StepFailed:
    return StepFailed(Failure(code="x", message="m", steps=steps))


def test_the_steps_behind_an_error_are_its_own_or_those_of_what_it_was_raised_from() -> None:
    plain, explained, handling, hidden = (ValueError(name) for name in "abcd")
    explained.__cause__ = of("cause")
    handling.__context__ = of("context")
    hidden.__context__, hidden.__suppress_context__ = of("context"), True
    outer = KeyError()
    outer.__cause__ = explained
    assert steps_behind(plain) == steps_behind(hidden) == ()
    assert steps_behind(of("own")) == ("own",)
    assert steps_behind(explained) == steps_behind(outer) == ("cause",)
    assert steps_behind(handling) == ("context",)


def test_errors_raised_from_themselves_or_in_a_circle_have_an_end() -> None:
    first, second = ValueError(), ValueError()
    first.__cause__, second.__cause__ = second, first
    assert steps_behind(first) == ()
    first.__cause__ = first
    assert steps_behind(first) == ()


@pytest.mark.parametrize("error", [Suspended(), TurnLost(), Fenced(), RunCancelled(), LoopBlocked()])
def test_interrupts_are_not_the_codes_own(error: BaseException) -> None:
    assert not is_own(error)
    assert not isinstance(error, Exception)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit()])
def test_what_ends_the_process_or_the_loop_is_not_the_codes_own_either(error: BaseException) -> None:
    assert not is_own(error)


async def test_a_cancellation_is_the_codes_own_only_where_nobody_cancelled_its_task() -> None:
    found = []

    async def code() -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.cancel()
        try:
            await future
        except asyncio.CancelledError as error:
            found.append(is_own(error))
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError as error:
            found.append(is_own(error))

    task = asyncio.create_task(code())
    await asyncio.sleep(0.01)
    task.cancel()
    await task
    assert found == [True, False]


def test_what_would_end_the_process_becomes_an_error_that_says_so() -> None:
    assert isinstance(as_error(SystemExit(3)), CodeExited)
    assert "SystemExit: 3" in str(as_error(SystemExit(3)))
    assert "cancelled from within" in str(as_error(asyncio.CancelledError()))
    error = ValueError()
    assert as_error(error) is error


def take() -> None:
    raise Conflict("Taken.", hint="Take another.")


def test_a_failure_names_the_place_and_keeps_code_and_hint() -> None:
    with pytest.raises(Conflict) as caught:
        take()
    failure = failure_of(caught.value, "step#0")
    assert (failure.code, failure.message, failure.hint) == ("conflict", "Taken.", "Take another.")
    assert (failure.step, failure.steps) == ("step#0", ("step#0",))
    assert "test_failures.py" in failure.where
    assert "in take" in failure.where
    assert failure_of(ValueError()).where == ""


def test_a_message_that_is_no_text_can_be_written_all_the_same() -> None:
    failure = failure_of(Conflict("bytes \udcff", hint="hint \udcff"))
    assert failure.model_dump_json().encode()
    assert (failure.message, failure.hint) == ("bytes \\udcff", "hint \\udcff")


def test_errors_that_a_workflow_tells_apart_are_raised_as_themselves() -> None:
    error = raised(failure_of(Denied("No.", hint="Ask."), "pay#0"))
    assert type(error) is Denied
    assert (error.message, error.hint, steps_behind(error)) == ("No.", "Ask.", ("pay#0",))
    assert type(raised(failure_of(Conflict("No.")))) is StepFailed
