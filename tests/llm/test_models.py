"""Models of a whole process: aliases of tenants, prices, kept answers, and policies that forbid a model."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from llm.asking import KEY, compatible, desk
from llm.speaking import Say, answer, speaking
from llm.test_ladder import asking, triage
from pilothouse import App
from pilothouse.agents.answers import AnswerBook
from pilothouse.agents.keeping import Kept
from pilothouse.agents.repository import AnswerRepository
from pilothouse.app import assembled, policies_of
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.scope import Scope, local_scope
from pilothouse.kit.session import Database
from pilothouse.llm.book import model_book
from pilothouse.llm.schemas import AliasTerms
from pilothouse.policies.actions.circumstances import Circumstances
from pilothouse.policies.actions.rules import parse
from pilothouse.runtime.governing import Verdict
from pilothouse.settings import Settings
from pilothouse.vault.resealing import Resealing, ResealingPace, finish
from pilothouse.vault.service import Vault
from support.clocks import ManualClock
from support.governed import action
from support.waiting import output, rows, submit

PATH = "/api/v1/models"
AWAY = "http://127.0.0.1:9/v1"
MODELS = {
    "providers": {"one": {"url": AWAY}, "own": {"url": AWAY, "keyless": True}},
    "models": {"default": ["one:m"]},
    "model_prices": {"one:m": {"input": "1.5", "output": "10"}},
}


async def test_a_tenant_puts_models_of_its_own_behind_an_alias(
    open_api: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App
) -> None:
    client = await open_api(sample_app, execute=False, **MODELS)
    shown = (await client.get(PATH)).json()
    priced = {"id": "one:m", "known": True, "input_price": "1.5", "output_price": "10"}
    assert shown["items"][0]["models"] == [priced]
    assert shown["providers"] == [
        {"name": "one", "kind": "compatible", "has_key": False, "keyless": False},
        {"name": "own", "kind": "compatible", "has_key": False, "keyless": True},
    ]
    made = await client.put(f"{PATH}/default", json={"models": ["own:big", "one:m"]})
    assert (made.status_code, made.json()["own"]) == (200, True)
    now = (await client.get(PATH)).json()["items"][0]["models"]
    assert [model["id"] for model in now] == ["own:big", "one:m"]
    assert (await client.put(f"{PATH}/fast", json={"models": ["nobody:m"]})).status_code == 404
    assert (await client.put(f"{PATH}/fast", json={"models": []})).status_code == 400
    assert (await client.delete(f"{PATH}/default")).status_code == 200
    assert (await client.get(PATH)).json()["items"][0]["own"] is False
    assert (await client.delete(f"{PATH}/default")).status_code == 404


async def test_a_whole_process_asks_the_tenants_model_within_a_second(
    conninfo: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOTHOUSE_SECRET_PROVIDER_ONE", KEY)
    flow = asking()
    app = App("desk", workflows=[flow], agents=[triage])
    async with speaking([answer(topic="billing")]) as one:
        prices = {model: {"input": "1", "output": "10"} for model in ("one:m", "one:other")}
        said = {"providers": {"one": {"url": one.url}}, "models": MODELS["models"], "model_prices": prices}
        settings = Settings(_env_file=None, data=tmp_path, **said)
        object.__setattr__(settings, "database_url", conninfo)
        async with assembled(settings, [app]) as process:
            worker = process.engine.worker()
            task = asyncio.create_task(worker.run())
            try:
                run_id = await submit(process.engine, flow, "I paid twice")
                assert (await output(process.engine, run_id))[1] == "model:one:m"
                database = Database(conninfo)
                async with database.session(local_scope()) as session:
                    book = model_book(settings, process.secrets, session, local_scope())
                    await book.put("default", AliasTerms(models=["one:other"]))
                await database.close()
                async with asyncio.timeout(5):
                    while (one.asked[-1]["model"]) != "other":
                        run_id = await submit(process.engine, flow, "I paid twice")
                        await output(process.engine, run_id)
            finally:
                await worker.stop()
                await task


async def test_a_kept_answer_stands_in_where_no_model_answers(conninfo: str, vault: Vault) -> None:
    database, clock = Database(conninfo), ManualClock()
    try:
        async with (
            speaking([answer(topic="billing"), Say(status=500)]) as one,
            desk({"one": compatible(one.url)}, kept=Kept(database, clock, vault)) as process,
        ):
            assert (await process.run(asking(), "I paid twice").finish())[1] == "model:one:m"
            run = process.run(asking(), "I paid twice")
            assert await run.finish() == ["billing", "cache", ["model:one:m"]]
            assert await run.replay() == ["billing", "cache", ["model:one:m"]]
            other = await process.run(asking(), "Where is it?").finish()
            assert other == ["delivery", "expert", ["model:one:m", "cache"]]
            ((kept,),) = rows(conninfo, "select answer from model_answers")
            assert b"billing" not in bytes(kept)
            await vault.rotate("default")
            await finish(Resealing(vault, ResealingPace(settled=0.0)), "default")
            assert rows(conninfo, "select answer from model_answers") != [(kept,)]
            assert (await process.run(asking(), "I paid twice").finish())[1] == "cache"
            clock.advance(8 * 86_400)
            assert (await process.run(asking(), "I paid twice").finish())[1] == "expert"
            assert ("triage", "cache", "nothing_kept") in process.told
        for tenant, gone in (("acme", 0), ("default", 1)):
            scope = Scope(tenant, "local")
            async with database.session(scope) as session:
                assert (await AnswerBook(AnswerRepository(session, scope)).clear()).answers == gone
    finally:
        await database.close()


async def test_answers_of_personal_runs_are_not_kept(conninfo: str, vault: Vault) -> None:
    database = Database(conninfo)
    try:
        async with (
            speaking([answer(topic="billing"), Say(status=500)]) as one,
            desk({"one": compatible(one.url)}, kept=Kept(database, SystemClock(), vault)) as process,
        ):
            await process.run(asking(), "I paid twice", personal=True).finish()
            assert (await process.run(asking(), "I paid twice").finish())[1] == "expert"
    finally:
        await database.close()


def test_models_may_be_asked_unless_a_tenant_forbids_one() -> None:
    shipped = policies_of([])
    rules = parse(
        '@id("no-big-models") @reason("Too dear.") '
        'forbid (principal, action == Action::"model", resource) '
        'when { context.arguments.model like "one:big*" };',
        "own.cedar",
    )
    for model, expected in (("one:m", Verdict.ALLOW), ("one:big-2", Verdict.DENY)):
        written = (
            f'{{"agent":"triage","alias":"","digest":"","input_tokens":1,"model":"{model}",'
            '"output_tokens":1,"prompt":"","prompt_version":"","provider":"one","streamed":false}'
        )
        found = shipped.engine(rules).decide(action("model", written.encode()), Circumstances())
        assert found.verdict is expected, found
