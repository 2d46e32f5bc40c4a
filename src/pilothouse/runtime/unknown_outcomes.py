"""Unknown outcomes: what an operator is asked where a worker died between a dispatch and its outcome."""

from __future__ import annotations

from typing import Any

import orjson

from pilothouse.runtime import asking
from pilothouse.runtime.branch import Branch, current
from pilothouse.runtime.errors import Failure, StepFailed, WrongType
from pilothouse.runtime.ports import Actor
from pilothouse.runtime.questions import Question, QuestionKind
from pilothouse.runtime.turn import Turn

CALL_AGAIN, FAILED, HAPPENED = "call again", "it failed", "it happened"


async def resolve(turn: Turn, tool: Actor[Any, Any], scope: Branch) -> bytes | None:
    """Ask an operator what became of a call; its questions are the verbs of the branch `scope`.

    Returns the result as JSON where it happened, None where it is to be called again; raises
    `StepFailed` where it failed.
    """
    token = current.set(scope)
    try:
        question = Question(
            kind=QuestionKind.UNKNOWN_OUTCOME,
            prompt=f"Did {tool.name} happen? A worker stopped after dispatching it and before its outcome.",
            why=f"{tool.name} is not idempotent, so it is not called again without your word.",
            choices=(CALL_AGAIN, FAILED, HAPPENED),
        )
        answer = await asking.ask(turn, question)
        if answer == CALL_AGAIN:
            return None
        if answer == FAILED:
            key = scope.path.rpartition("/")[0]
            message = f"{tool.name} failed, by an operator's word after its worker stopped."
            raise StepFailed(Failure(code="step_failed", message=message, step=key, steps=(key,)))
        return await _ask_result(turn, tool)
    finally:
        current.reset(token)


async def _ask_result(turn: Turn, tool: Actor[Any, Any]) -> bytes:
    """The result as JSON that has the tool's declared type; asks until an answer has."""
    signature = tool.signature
    if signature.output_type is type(None):
        return b"null"
    schema = orjson.dumps(signature.output.json_schema()).decode()
    wrong = ""
    while True:
        question = Question(
            kind=QuestionKind.UNKNOWN_OUTCOME,
            prompt=f"{wrong}What did {tool.name} return? Answer as JSON.",
            why=f"The run goes on with it. Its schema: {schema}",
        )
        answer = await asking.ask(turn, question)
        try:
            return signature.dump_output(signature.parse_output(answer.encode()))
        except WrongType as error:
            wrong = f"{error.message}. "
