"""A model as a check: it is shown what was asked, expected and answered, and gives a score and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, Field, JsonValue

from pilothouse.evaluations.asking import Asking
from pilothouse.evaluations.checks import Check
from pilothouse.evaluations.errors import CheckInvalid, NotJudged
from pilothouse.evaluations.schemas import Case, Mark
from pilothouse.prompts.schemas import PromptVersion
from pilothouse.prompts.service import render

GIVEN = ("input", "expected", "output")
"""The variables that the prompt of a judge may have."""


class Judgement(BaseModel):
    """What a judge model answers."""

    why: Annotated[str, Field(description="What is right and what is wrong, in one or two sentences.")]
    score: Annotated[float, Field(ge=0, le=1)]


def judge(name: str, asking: Asking, repeat: int = 1) -> Check:
    """The check that asks a judge model `repeat` times and takes the mean. It raises `NotJudged`.

    Raises `CheckInvalid` where the prompt needs what no judge is given.
    """
    unknown = sorted(asking.version.variables.keys() - set(GIVEN))
    if unknown or "output" not in asking.version.variables:
        raise CheckInvalid(
            f"The prompt {asking.version.name} cannot judge: its variables are"
            f" {', '.join(asking.version.variables) or 'none'}.",
            hint=f"A judge is given {', '.join(GIVEN)}; output it has to take.",
        )
    render(asking.version, _variables(asking.version, Case(expected=""), ""))

    async def check(case: Case, output: JsonValue) -> Mark:
        votes, whys, tokens, cost = list[float](), list[str](), 0, Decimal(0)
        asked = case.model_copy(update={"variables": _variables(asking.version, case, output)})
        for _ in range(repeat):
            reply = await asking(asked)
            tokens, cost = tokens + reply.tokens, cost + reply.cost
            if reply.failure:
                raise NotJudged(f"not judged by {name}: {reply.failure}", cost)
            found = Judgement.model_validate(reply.output)
            votes.append(found.score)
            whys.append(found.why)
        return Mark(name, sum(votes) / len(votes), whys[0], tuple(votes), tokens, cost)

    return check


def _variables(version: PromptVersion, case: Case, output: JsonValue) -> dict[str, JsonValue]:
    """What the judge's prompt is rendered with; a variable that is a text is given others as JSON."""
    given: Mapping[str, JsonValue] = {"input": case.variables, "expected": case.expected, "output": output}
    return {
        name: _text(given[name]) if kind.type == "string" else given[name]
        for name, kind in version.variables.items()
        if given[name] is not None
    }


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
