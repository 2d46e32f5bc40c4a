"""Models of a whole process: prompts, experiments, usage, feedback and what is promoted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel

from llm.asking import KEY
from pilothouse import App, Context, agent, workflow
from pilothouse.app import Pilothouse, assembled
from pilothouse.cli.prompts import _used
from pilothouse.errors import Conflict
from pilothouse.experimenting import origins, promoting, uses
from pilothouse.experiments.repository import ExperimentRepository
from pilothouse.experiments.schemas import Conclusion, Experiment, NewExperiment
from pilothouse.experiments.service import ExperimentBook, Experiments
from pilothouse.feedback.schemas import Origin
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.scope import local_scope
from pilothouse.kit.session import Database
from pilothouse.prompts.book import PromptBook, PromptParts
from pilothouse.prompts.book_schemas import LabelMove, NewPromptVersion
from pilothouse.prompts.repository import PromptRepository
from pilothouse.runtime.connection import Lane
from pilothouse.settings import Settings
from support.provider import Provider, status, structured
from support.waiting import output, submit

PRICES = {model: {"input": "1", "output": "10"} for model in ("one:m", "one:other")}


class Message(BaseModel):
    text: str
    customer: str = "c-1"


class Topic(BaseModel):
    topic: Literal["billing", "delivery"]


@agent(prompt="desk-triage")
async def triage(ctx: Context, message: Message) -> Topic:
    """Sort a message."""
    return Topic(topic="delivery")


@agent(prompt="nobody-has-it")
async def plain(ctx: Context, message: str) -> Topic:
    """Sort a message plainly."""
    return Topic(topic="delivery")


@workflow("sort")
async def sort(ctx: Context, message: Message) -> list[str]:
    found = await ctx.answer_of(triage, message)
    return [found.value.topic, found.produced_by]


@workflow("sort-plainly")
async def sort_plainly(ctx: Context, message: str) -> list[str]:
    found = await ctx.answer_of(plain, message)
    return [found.value.topic, found.produced_by]


DESK = App(
    "desk",
    workflows=[sort, sort_plainly],
    agents=[triage, plain],
    prompts=Path(__file__).parent / "support" / "desk_prompts",
)
BILLING = structured({"topic": "billing"})


class Process:
    """A process with a worker, and the provider that it asks."""

    def __init__(self, parts: Pilothouse, provider: Provider, database: Database) -> None:
        self.parts, self.provider, self.database = parts, provider, database

    async def run(self, flow: Any, value: Any) -> tuple[UUID, Any]:
        run_id = await submit(self.parts.engine, flow, value)
        return run_id, await output(self.parts.engine, run_id)

    @property
    def asked(self) -> Any:
        return json.loads(self.provider.last.body)

    @asynccontextmanager
    async def prompts(self) -> AsyncIterator[PromptBook]:
        scope = local_scope()
        assert self.parts.prompts is not None
        known = PromptParts(
            self.parts.prompts.shipped, self.parts.vault, SystemClock(), self.parts.engine.ids
        )
        async with self.database.session(scope) as session:
            yield PromptBook(PromptRepository(session, scope), known, scope)

    @asynccontextmanager
    async def experiments(self) -> AsyncIterator[ExperimentBook]:
        scope, parts = local_scope(), self.parts
        assert parts.prompts is not None
        known = PromptParts(parts.prompts.shipped, parts.vault, SystemClock(), parts.engine.ids)
        async with self.database.session(scope) as session:
            repository = ExperimentRepository(session, scope)
            promote = promoting(session, parts.settings, parts.secrets, known)
            yield ExperimentBook(repository, scope, SystemClock(), parts.engine.ids, promote)

    async def begun(self, said: dict[str, Any]) -> Experiment:
        """Make and start an experiment, and wait until this process goes by it."""
        async with self.experiments() as book:
            made = await book.create(NewExperiment.model_validate(said))
            started = await book.start(made.id)
        assert self.parts.prompts is not None
        assigner = self.parts.prompts.assigner
        assert isinstance(assigner, Experiments)
        await assigner.look()
        return started

    async def rows(self, sql: str, *given: Any) -> list[Any]:
        lane = Lane(self.parts.conninfo, purpose="test")
        try:
            return list(await lane.rows(sql, given))
        finally:
            await lane.close()


@pytest.fixture
async def process(conninfo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Process]:
    monkeypatch.setenv("PILOTHOUSE_SECRET_PROVIDER_ONE", KEY)
    async with Provider(lambda _: BILLING) as provider:
        said: dict[str, Any] = {
            "providers": {"one": {"url": f"{provider.url}/v1"}},
            "models": {"default": ["one:m"]},
            "model_prices": PRICES,
            "resilience": {"model/*": {"retry": {"first": 0.001, "longest": 0.01}}},
        }
        settings = Settings(_env_file=None, data=tmp_path, **said)
        object.__setattr__(settings, "database_url", conninfo)
        async with assembled(settings, [DESK]) as parts:
            worker, database = parts.engine.worker(), Database(conninfo)
            task = asyncio.create_task(worker.run())
            try:
                yield Process(parts, provider, database)
            finally:
                await worker.stop()
                await task
                await database.close()


async def test_the_shipped_prompt_is_sent_with_its_settings(process: Process) -> None:
    _, found = await process.run(sort, {"text": "I paid twice"})
    assert found == ["billing", "model:one:m"]
    asked = process.asked
    assert (asked["temperature"], asked["stop"], asked["seed"]) == (0.2, ["END"], 7)
    assert 300 in (asked.get("max_tokens"), asked.get("max_completion_tokens"))
    system, user = asked["messages"]
    assert system["content"].startswith("Sort the message by its topic")
    assert "I paid twice" in user["content"]


async def test_an_agent_whose_prompt_nobody_has_is_prompted_by_its_own_words(process: Process) -> None:
    _, found = await process.run(sort_plainly, "I paid twice")
    assert found == ["billing", "model:one:m"]
    assert [one["content"] for one in process.asked["messages"]] == [
        "Sort a message plainly.",
        '"I paid twice"',
    ]


async def test_a_prompt_that_does_not_fit_the_input_leaves_the_answer_to_the_expert(process: Process) -> None:
    async with process.prompts() as prompts:
        text = "---\nvariables: {order: string}\n---\nSort the order {{ order }}.\n"
        made = await prompts.create("desk-triage", NewPromptVersion(text=text))
        await prompts.move("desk-triage", "production", LabelMove(version=made.id))
    assert process.parts.prompts is not None
    process.parts.prompts.changed("default")
    _, found = await process.run(sort, {"text": "I paid twice"})
    assert found == ["delivery", "expert"]
    assert not process.provider.requests


async def test_an_experiment_chooses_counts_and_promotes(process: Process) -> None:
    async with process.prompts() as prompts:
        text = "---\nvariables: {input: string}\n---\nSay the topic.\n\n<!-- user -->\n{{ input }}\n"
        made = await prompts.create("desk-triage", NewPromptVersion(text=text))
    arms = [{"name": "control"}, {"name": "short", "version": made.id, "weight": "100"}]
    wanted = {"name": "shorter", "about": "desk-triage", "arms": arms}
    started = await process.begun(wanted)
    run_id, found = await process.run(sort, {"text": "I paid twice"})
    assert found == ["billing", "model:one:m"]
    assert '"text": "I paid twice"' in process.asked["messages"][1]["content"]
    where = ("desk-triage", "1", str(started.id), "short")
    sql = "select prompt, prompt_version, experiment, arm from usage where run_id = %s"
    assert await process.rows(sql, run_id) == [where]
    async with process.experiments() as book:
        arm = {one.arm: one for one in (await book.show(started.id)).result.arms}["short"]
        assert arm.calls == 1
    async with process.database.session(local_scope()) as session:
        origin_of = origins(session, local_scope(), SystemClock())
        rated = Origin("desk-triage", "1", started.id, "short")
        for step in ("", "triage#0", "triage#0/model#0"):
            assert await origin_of("default", run_id, step) == rated
        assert await origin_of("default", run_id, "triage#1") is None
        found = (await uses(session, local_scope(), SystemClock())("desk-triage"))["1"]
        assert (found.calls, found.valid, found.errors, found.repairs) == (1, 1, 0, 0)
        assert found.cost > 0
        assert _used(found)[:4] == ("1", "1", "0", "100%")
    async with process.experiments() as book:
        await book.conclude(started.id, Conclusion(winner="short"))
    async with process.prompts() as prompts:
        assert (await prompts.label("desk-triage", "production")).version == "1"


async def test_an_experiment_between_models_puts_its_winner_first(process: Process) -> None:
    arms = [{"name": "control"}, {"name": "other", "model": "one:other", "weight": "100"}]
    started = await process.begun({"name": "which", "about": "model:default", "arms": arms})
    process.provider.play(lambda asked: status(503) if asked.model == "other" else BILLING)
    run_id, found = await process.run(sort, {"text": "I paid twice"})
    assert found == ["billing", "fallback:one:m"]
    rows = await process.rows("select model, outcome, arm from usage where run_id = %s order by id", run_id)
    assert rows == [("other", "provider_failed", "other"), ("m", "ok", "other")]
    async with process.experiments() as book:
        arm = {one.arm: one for one in (await book.show(started.id)).result.arms}["other"]
        assert arm.calls == 2
        await book.conclude(started.id, Conclusion(winner="other"))
    sql = "select models from model_aliases where alias = 'default'"
    assert await process.rows(sql) == [(["one:other", "one:m"],)]


async def test_a_winner_that_a_label_cannot_stand_for_is_not_promoted(process: Process) -> None:
    arms = [{"name": "control"}, {"name": "other", "model": "one:other", "weight": "50"}]
    started = await process.begun({"name": "which", "about": "desk-triage", "arms": arms})
    with pytest.raises(Conflict, match="which a version says in its head"):
        async with process.experiments() as book:
            await book.conclude(started.id, Conclusion(winner="other"))
    async with process.experiments() as book:
        assert (await book.show(started.id)).state == "running"


async def test_agents_are_run_by_themselves(process: Process) -> None:
    engine = process.parts.engine
    run_id = await submit(engine, engine.workflows.latest("agent.triage"), {"text": "I paid twice"})
    assert await output(engine, run_id) == {"topic": "billing"}
