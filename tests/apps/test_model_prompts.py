"""The prompts that ship with the applications: their tests, examples and evaluation sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pilothouse import App
from pilothouse.apps.mlops.application import app as mlops
from pilothouse.apps.mlops.requirements import Requirements
from pilothouse.apps.support.application import app as support
from pilothouse.apps.support.checking.triage import triage_problems
from pilothouse.apps.support.checking.wish import wish_problems
from pilothouse.apps.support.classifying import shop_topics, tone
from pilothouse.apps.support.judgements import Heard, Sorted
from pilothouse.apps.support.reading.wishes import Kind, Wish
from pilothouse.evaluations.schemas import Case
from pilothouse.evaluations.sets import read_set
from pilothouse.prompts.rendering import render
from pilothouse.prompts.shipped import read_folder
from pilothouse.prompts.testing import check_prompts

MODELLED = {
    "support": {"triage", "wish", "answer", "summary"},
    "mlops": {"intake", "rationale"},
}
SETS = {"triage": support, "wish": support, "intake": mlops}


def folder(app: App) -> Path:
    return Path(str(app.prompts))


def cases(name: str) -> tuple[Case, ...]:
    app = SETS[name]
    return read_set(folder(app) / app.name / f"{name}.cases.jsonl")


@pytest.mark.parametrize("app", [support, mlops], ids=lambda app: app.name)
def test_the_prompts_tests_pass_and_every_prompt_has_some(app: App) -> None:
    assert {one.prompt for one in check_prompts(folder(app))} == set(read_folder(folder(app)))


@pytest.mark.parametrize("app", [support, mlops], ids=lambda app: app.name)
def test_each_agent_with_a_prompt_drafts_checks_and_explains_and_its_prompt_is_shipped(app: App) -> None:
    shipped = read_folder(folder(app))
    named = {agent.name: agent for agent in app.agents if agent.prompt}
    assert set(named) == MODELLED[app.name]
    assert {agent.prompt for agent in named.values()} == set(shipped)
    for agent in named.values():
        assert agent.draft
        assert agent.verify is not None
        assert agent.card is not None
        output = shipped[str(agent.prompt)].output
        assert output in {None, getattr(agent.signature.output_type, "__name__", "")}


def test_every_topic_and_every_wish_is_told() -> None:
    shipped = read_folder(folder(support))
    for topic in (*shop_topics().topics, "other"):
        assert f"- {topic}:" in shipped["support/triage"].body
    for kind in Kind:
        assert kind.value in shipped["support/wish"].body


@pytest.mark.parametrize("name", SETS)
def test_a_set_has_ten_to_twenty_cases_each_of_which_renders(name: str) -> None:
    found = cases(name)
    version = read_folder(folder(SETS[name]))[f"{SETS[name].name}/{name}"]
    assert 10 <= len(found) <= 20
    assert all(case.expected and case.tags for case in found)
    assert all(render(version, case.variables).messages for case in found)


def sorting(message: str, told: Any) -> Sorted:
    sound = tone(message)
    usual = {
        "topic": "complaint",
        "confidence": 0.9,
        "in_scope": told.get("topic") != "other",
        "urgency": sound.urgency,
        "sentiment": 0,
        "language": "en",
    }
    return Sorted.model_validate(usual | told)


def test_what_the_triage_set_expects_and_its_examples_are_answers_that_hold() -> None:
    for case in cases("triage"):
        message = str(case.variables["input"])
        assert triage_problems(message, sorting(message, case.expected)) == [], case.id
    for example in read_folder(folder(support))["support/triage"].examples:
        assert isinstance(example.input, dict)
        found = Sorted.model_validate(example.output)
        assert triage_problems(str(example.input["input"]), found) == []


def test_what_the_wish_set_expects_and_its_examples_are_answers_that_hold() -> None:
    def problems(message: str, topic: Any, told: Any) -> list[str]:
        usual = {"confidence": 0.9, "signs": [message]}
        heard = Heard(message=message, topic=sorting(message, topic))
        found = wish_problems(heard, Wish.model_validate(usual | told))
        return [one for one in found if not one.endswith("is missing")]  # a set says what counts only

    for case in cases("wish"):
        assert problems(str(case.variables["message"]), case.variables["topic"], case.expected) == [], case.id
    for example in read_folder(folder(support))["support/wish"].examples:
        assert isinstance(example.input, dict)
        assert problems(str(example.input["message"]), example.input["topic"], example.output) == []


def test_what_the_intake_set_expects_are_constraints() -> None:
    for case in cases("intake"):
        assert isinstance(case.expected, dict)
        told = case.expected["requirements"]
        assert isinstance(told, dict)
        read = Requirements.model_validate({"prompt": "", **told})
        assert read.model_fields_set > {"prompt"}, case.id
