"""The architect with a model above two of its experts: what it may add, and what it may not lose."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from apps.mlops.designs import Case, case_of
from llm.asking import Desk, compatible, desk
from pilothouse import Context, workflow
from pilothouse.apps.mlops import agents
from pilothouse.apps.mlops.application import app
from pilothouse.apps.mlops.checking import intake_problems, rationale_problems
from pilothouse.apps.mlops.intake import read
from pilothouse.apps.mlops.rationale import rationale
from pilothouse.apps.mlops.requirements import Cloud, Intake, Workload
from pilothouse.runtime.entries import Kind
from support.prompting import asked_about, shipped_prompts
from support.provider import Asked, Provider, Reply, spoiled, status, structured

PROMPT = (
    "Churn prediction for 3000 EUR a month on AWS. What it has learnt goes stale after 14 days. "
    "Change data comes by Debezium into Kafka."
)
Edit = Callable[[Any], Any]


def quoted(words: str, prompt: str = PROMPT) -> dict[str, Any]:
    at = prompt.index(words)
    return {"start": at, "end": at + len(words), "text": words}


def stated(value: Any, words: str, unit: str | None = None) -> dict[str, Any]:
    return {"value": value, "unit": unit, "confidence": 0.9, "origin": "stated", "span": quoted(words)}


def put(**fields: Any) -> Edit:
    """The draft with other constraints, and without the prompt, which a model leaves out."""
    return lambda draft: draft | {"requirements": draft["requirements"] | {"prompt": ""} | fields}


BETTER = put(
    retraining_days=stated(14, "after 14 days", "days"),
    existing_stack=stated(["kafka", "debezium"], "Debezium into Kafka"),
)
NINE = {"monthly": "9000", "stated_amount": "9000"}
WORSE: dict[str, Edit] = {
    "lost": put(budget=None),
    "changed": put(budget=stated(NINE | {"currency": "EUR"}, "3000 EUR")),
    "another cloud": put(cloud=stated("gcp", "AWS")),
    "inferred and lost": put(personal_data=None),
    "without words": put(latency_ms={"value": 50, "unit": "ms", "origin": "stated"}),
    "words that are not there": put(latency_ms={"value": 5, "span": {"start": 0, "end": 4, "text": "5 ms"}}),
    "at another place": put(
        retraining_days=stated(14, "after 14 days") | {"span": quoted("after 14 days") | {"start": 1}}
    ),
    "another number": put(retraining_days=stated(7, "after 14 days")),
    "another unit": put(latency_ms=stated(14, "after 14 days")),
    "an invented technology": put(existing_stack=stated(["kafka", "snowflake"], "Debezium into Kafka")),
    "a technology less": put(existing_stack=stated(["debezium"], "Debezium into Kafka")),
    "assumed": put(team_size=stated(14, "14") | {"origin": "assumed"}),
    "a contradiction of its own": lambda draft: draft
    | {"contradictions": [{"fields": ["cloud"], "spans": [], "explanation": "?", "question": "?"}]},
    "another prompt": put(prompt="Build something else"),
    "another language": lambda draft: put()(draft) | {"language": "de"},
}  # fmt: skip


def test_what_a_good_model_adds_is_taken_and_what_a_wrong_one_says_is_told() -> None:
    draft = read(PROMPT).model_dump(mode="json")
    assert intake_problems(PROMPT, Intake.model_validate(draft)) == []
    assert intake_problems(PROMPT, Intake.model_validate(BETTER(draft))) == []
    for name, edit in WORSE.items():
        assert intake_problems(PROMPT, Intake.model_validate(edit(draft))), name
    moved = Intake.model_validate(WORSE["at another place"](draft))
    assert "stands at 76 to 89, not at 1 to 89" in intake_problems(PROMPT, moved)[0]


def test_what_was_said_against_itself_is_left_to_a_person() -> None:
    prompt = "Fraud detection on AWS. No public cloud, everything on our own servers on-premises."
    found = read(prompt)
    assert found.contradictions
    settled = found.model_copy(update={"contradictions": ()})
    assert intake_problems(prompt, settled) == [
        "contradictions are those of the draft: a person settles them"
    ]


@pytest.fixture(scope="module")
def built() -> Case:
    return case_of(Workload.ONLINE, Cloud.AWS)


def test_a_rationale_is_told_in_other_words_and_with_no_other_facts(built: Case) -> None:
    draft = rationale(built.design, built.reviews)

    def problems(**changed: Any) -> list[str]:
        first = draft.decisions[0].model_copy(update=changed)
        found = draft.model_copy(update={"decisions": (first, *draft.decisions[1:])})
        return rationale_problems(built.design, built.reviews, found)

    assert problems() == []
    assert problems(context="What was asked for decides this.") == []
    assert problems(context="It costs $77,777 a month.") != []
    assert problems(context="We considered Snowflake as well.") != []
    assert problems(context=" ") != []
    assert problems(alternatives=()) != []
    assert problems(consequences=("All is well.",)) != []
    shorter = draft.model_copy(update={"decisions": draft.decisions[1:]})
    assert rationale_problems(built.design, built.reviews, shorter) != []


@asynccontextmanager
async def with_model(script: Any) -> AsyncIterator[tuple[Desk, Provider]]:
    async with (
        Provider(script) as provider,
        desk({"one": compatible(f"{provider.url}/v1")}, prompting=shipped_prompts(app)) as process,
    ):
        yield process, provider


@workflow("reading")
async def reading(ctx: Context, prompt: str) -> Intake:
    return (await ctx.call(agents.intake, prompt)).about(prompt)


def answering(edit: Edit) -> Callable[[Asked], Reply]:
    return lambda asked: structured(edit(asked_about(asked)[1]))


async def test_a_model_reads_what_the_expert_cannot() -> None:
    async with with_model(answering(BETTER)) as (process, provider):
        run = process.run(reading, PROMPT)
        found = Intake.model_validate(await run.finish())
        (card,) = (item["card"] for item in run.payloads(Kind.EMITTED))
        assert (card["title"], card["produced_by"]) == ("Intake", "model:one:m")
        await run.replay()
        assert len(provider.requests) == 1
    known = found.requirements
    assert known.prompt == PROMPT
    assert known.retraining_days is not None
    assert known.existing_stack is not None
    assert (known.retraining_days.value, known.existing_stack.value) == (14, ("kafka", "debezium"))


async def test_a_model_that_is_told_where_the_words_stand_repairs_its_answer() -> None:
    said = iter([answering(WORSE["at another place"]), answering(BETTER)])

    def script(asked: Asked) -> Reply:
        return next(said)(asked)

    async with with_model(script) as (process, provider):
        run = process.run(reading, PROMPT)
        found = Intake.model_validate(await run.finish())
        assert found.requirements.retraining_days is not None
        assert found.requirements.retraining_days.value == 14
        assert len(provider.requests) == 2


@pytest.mark.parametrize("name", ["lost", "another unit", "an invented technology", "another prompt"])
async def test_a_wrong_model_leaves_what_the_expert_read(name: str) -> None:
    async with with_model(answering(WORSE[name])) as (process, provider):
        run = process.run(reading, PROMPT)
        assert Intake.model_validate(await run.finish()) == read(PROMPT)
        assert len(provider.requests) == 3


@pytest.mark.parametrize("keys", [True, False])
async def test_without_an_answer_or_a_key_the_expert_reads(*, keys: bool) -> None:
    async with with_model(status(503)) as (process, provider):
        if not keys:
            process.keys.keys.clear()
        run = process.run(reading, PROMPT)
        assert Intake.model_validate(await run.finish()) == read(PROMPT)
        assert bool(provider.requests) is keys


async def test_the_whole_architect_builds_with_a_model_that_is_wrong_in_three_of_ten() -> None:
    draw = random.Random(3)

    def script(asked: Asked) -> Reply:
        system, draft = asked_about(asked)
        if draw.random() < 0.3:
            return draw.choice(spoiled(draft))
        if system.startswith("You read"):
            return structured(BETTER(draft))
        return structured(draft | {"summary": "What was asked for decides this design."})

    async with with_model(script) as (process, provider):
        run = process.run(app.workflows[0], PROMPT, step_timeout=60)
        result = await run.finish(lambda key: "approve" if "approval" in key else "")
        assert run.status == "completed"
        assert result["design"]["requirements"]["retraining_days"]["value"] == 14
        cards = [item["card"] for item in run.payloads(Kind.EMITTED) if "card" in item]
        made = {card["title"]: card["produced_by"] for card in cards}
        assert made.pop("Intake") == made.pop("Rationale") == "model:one:m"
        assert set(made.values()) == {"expert"}
        assert len(cards) == len(made) + 2
        asked = len(provider.requests)
        await run.replay()
        assert len(provider.requests) == asked
