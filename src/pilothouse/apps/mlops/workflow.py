"""The workflow: from one sentence to a design, reviewed, approved, generated, validated and published."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator

from pilothouse import Context, Progress, Refused, workflow
from pilothouse.apps.mlops.agents import (
    BuildRequest,
    PlanRequest,
    PublishRequest,
    Reviewed,
    codegen,
    cost_critic,
    coverage,
    final_gate,
    intake,
    planner,
    policy_check,
    publish,
    questions,
    rationale,
    tech_critic,
    validators,
)
from pilothouse.apps.mlops.design import Design, Review
from pilothouse.apps.mlops.intake import read
from pilothouse.apps.mlops.requirements import Requirements
from pilothouse.apps.mlops.result import MlopsResult, Round

ROUNDS = 3
STEPS = 12
CRITICS = (
    (4, "reviewing the design", tech_critic),
    (5, "reviewing the cost", cost_critic),
    (6, "checking policies", policy_check),
)


def readable(prompt: str) -> str:
    """`prompt`, if anything can be designed from it; raises `ValueError` that says why not."""
    read(prompt)
    return prompt


Prompt = Annotated[str, AfterValidator(readable)]


@workflow("mlops", version=1)
async def mlops(ctx: Context, prompt: Prompt) -> MlopsResult:
    """Design an MLOps system from one sentence, and write its repository."""

    def at(step: int, message: str) -> None:
        ctx.emit(Progress(done=step, total=STEPS, message=message))

    at(0, "reading the request")
    understood = (await ctx.call(intake, prompt)).about(prompt)
    at(1, "measuring what is known")
    known = await ctx.call(coverage, understood)
    at(2, "asking for what is missing")
    settled = await ctx.call(questions, Reviewed(intake=understood, coverage=known))
    design, reviews, rounds = await _designed(ctx, settled.requirements, at)
    build = BuildRequest(design=design, reviews=reviews)
    at(7, "waiting for approval")
    if await ctx.call(final_gate, build) != "approve":
        message = "The design was rejected at the final gate."
        raise Refused(message, hint="Run again with a changed prompt.")
    at(8, "writing the repository")
    repository = await ctx.call(codegen, build)
    at(9, "validating the repository")
    validation = await ctx.call(validators, repository)
    at(10, "explaining the choices")
    why = await ctx.call(rationale, build)
    at(11, "publishing")
    artifacts = await ctx.call(
        publish, PublishRequest(build=build, repository=repository, validation=validation, rationale=why)
    )
    at(12, "done")
    return MlopsResult.of(known, design, reviews, rounds, repository.files, artifacts)


async def _designed(
    ctx: Context, requirements: Requirements, at: Callable[[int, str], None]
) -> tuple[Design, tuple[Review, ...], tuple[Round, ...]]:
    """Plan and review until nobody objects, at most `ROUNDS` times; every round's objections are kept."""
    rounds: list[Round] = []
    while True:
        objections = tuple(objection for round_ in rounds for objection in round_.objections)
        at(3, f"planning, round {len(rounds) + 1}")
        request = PlanRequest(requirements=requirements, objections=objections, round=len(rounds) + 1)
        design = await ctx.call(planner, request)
        reviews = []
        for step, message, critic in CRITICS:
            at(step, message)
            reviews.append(await ctx.call(critic, design))
        raised = tuple(objection for review in reviews for objection in review.objections)
        rounds.append(Round(number=len(rounds) + 1, objections=raised))
        if not raised or len(rounds) == ROUNDS:
            return design, tuple(reviews), tuple(rounds)
