"""What is accepted as an answer, and whose."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from pilothouse import Context, workflow
from pilothouse.errors import InvalidInput
from pilothouse.kit import canonical
from pilothouse.policies.schemas import Role
from pilothouse.runtime.asking import Asked
from pilothouse.runtime.entries import Kind, decode
from pilothouse.runtime.questions import MAX_ANSWER, ROLE_NAME, Question, approvers
from support.rehearsal import Rehearsal

OPEN = Question(prompt="?")
CHOICES = Question(prompt="?", choices=("Red", "Blue", "blue "), default="Red")
FREE = Question(prompt="?", choices=("Red",), free=True)


@pytest.mark.parametrize(
    ("question", "given", "understood"),
    [
        (OPEN, "  any text ", "any text"),
        (OPEN, "x" * MAX_ANSWER, "x" * MAX_ANSWER),
        (CHOICES, "RED", "Red"),
        (CHOICES, "", "Red"),
        (CHOICES, "  ", "Red"),
        (FREE, "red", "Red"),
        (FREE, "Green", "Green"),
        (Question(prompt="?", choices=("a", "A")), "A", "A"),
        (Question(prompt="?", choices=("straße",)), "STRASSE", "straße"),
    ],
)
def test_an_answer_is_understood(question: Question, given: str, understood: str) -> None:
    assert question.accept(given) == understood


@pytest.mark.parametrize(
    ("question", "given", "told"),
    [
        (OPEN, " ", "no default"),
        (CHOICES, "green", "not one of the choices"),
        (OPEN, "x" * (MAX_ANSWER + 1), "at most"),
    ],
)
def test_an_answer_that_is_none_is_refused(question: Question, given: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        question.accept(given)


BEFORE = b'{"kind":"question","prompt":"Sure?","why":"It matters.","choices":["Yes","No"],"free":false,'
BEFORE += b'"default":"No","default_assumes":""}'
"""How a question was written before any could name a role."""


def test_a_question_without_a_role_is_written_as_before_there_were_any() -> None:
    found = Question.model_validate_json(BEFORE)
    assert found.role is None
    assert found.model_dump_json().encode() == BEFORE
    assert canonical.digest(BEFORE).hex() == "91630d784e58d0bf6dbfe833cb2a84da"
    asked = Asked(**found.model_dump()).model_dump_json()
    assert asked.encode() == BEFORE[:-1] + b',"expires_at":null}'


def test_the_role_is_part_of_what_replay_compares() -> None:
    written = {Question(prompt="?", role=role).model_dump_json() for role in (None, "finance", "legal")}
    assert len(written) == 3
    assert {Question.model_validate_json(text).role for text in written} == {None, "finance", "legal"}


@given(st.from_regex(ROLE_NAME, fullmatch=True) | st.text(max_size=70))
def test_approvers_are_named_as_roles_of_people_are(name: str) -> None:
    adapter = TypeAdapter(Role)
    try:
        adapter.validate_python(f"approver:{name}")
    except ValidationError:
        with pytest.raises(InvalidInput):
            approvers(name)
    else:
        assert approvers(name) == name


@workflow("paying")
async def paying(ctx: Context, role: str | None) -> str:
    """Ask approvers."""
    return await ctx.ask("Pay?", role=role, key="pay")


@pytest.mark.parametrize("role", [None, "finance"])
async def test_the_role_is_journalled_with_the_question_and_stands_in_its_row(role: str | None) -> None:
    run = Rehearsal(paying, role)
    assert await run.finish() == "yes"
    (asked,) = (entry for entry in run.entries if entry.kind is Kind.ASKED)
    said = orjson.loads(decode(asked.codec, asked.payload))
    assert said.get("role") == role
    assert ("role" in said) == (role is not None)
    (row,) = (found.parameters for found in run.statements if "insert into questions" in found.sql)
    assert row[-1] == role
    assert await run.replay() == "yes"


async def test_code_that_asks_others_does_not_fit_the_journal() -> None:
    @workflow("paying")
    async def changed(ctx: Context, role: str | None) -> str:
        return await ctx.ask("Pay?", role="legal", key="pay")

    run = Rehearsal(paying, "finance")
    await run.until_waiting()
    run.workflow, run.status = changed, "queued"
    assert await run.turn() == "failed"
    assert "NonDeterminism" in repr(run.failure) or "non_deterministic" in str(run.failure)


async def test_a_name_that_none_has_is_refused_in_the_workflow() -> None:
    run = Rehearsal(paying, "approver:finance")
    assert await run.until_waiting() == "failed"
    assert run.failure.code == "invalid_input"
