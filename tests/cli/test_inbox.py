"""The commands on the inbox: on this machine and on a server, and what they print."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from typer.main import get_command

from pilothouse import App
from pilothouse.cli import deciding, inbox
from pilothouse.cli.deciding import LocalInbox, RemoteInbox
from pilothouse.cli.opening import Options
from pilothouse.cli.remote import RemoteClient
from pilothouse.errors import Conflict, InvalidInput, NotFound
from pilothouse.inbox.repository import QuestionRepository
from pilothouse.inbox.service import Questions
from pilothouse.kit.scope import local_scope
from pilothouse.kit.session import Database
from pilothouse.policies.service import Authority
from pilothouse.runtime.governing import Requirement
from pilothouse.server import create_api
from support.approvals import Policy, Refund, Till
from support.parcels import app as parcels
from support.signed import signed

Reach = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def till() -> Till:
    return Till()


@pytest.fixture(params=["here", "there"])
async def client(
    request: pytest.FixtureRequest,
    open_pilothouse: Callable[..., Awaitable[Any]],
    till: Till,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server; the commands work on the same database, or on the server."""
    pilothouse = await open_pilothouse(App("shop", workflows=[till.flow], tools=[till.pay]), parcels)
    policy = Policy(Requirement(role="finance"))
    pilothouse.engine._services = replace(pilothouse.engine._services, governor=policy)
    api = create_api(pilothouse, execute=True)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(api.router.lifespan_context(api))
        made = httpx.AsyncClient(
            transport=httpx.ASGITransport(api, raise_app_exceptions=False),
            base_url="http://localhost",
            headers=await signed(pilothouse.secrets),
        )
        await stack.enter_async_context(made)
        database = Database(pilothouse.conninfo, connections=1)
        stack.push_async_callback(database.close)

        @asynccontextmanager
        async def opened(_: Options) -> AsyncIterator[Any]:
            if request.param == "there":
                yield RemoteInbox(RemoteClient(made))
                return
            scope = local_scope()
            async with database.session(scope) as session:
                repository = QuestionRepository(session, scope)
                yield LocalInbox(Questions(repository, pilothouse.engine, scope, Authority()))

        monkeypatch.setattr(deciding, "inbox", opened)
        yield made


@pytest.fixture
async def question(client: httpx.AsyncClient, reach: Reach) -> dict[str, Any]:
    run = await client.post("/api/v1/runs", json={"workflow": "refunds", "input": 500})
    found = (await reach(client, run.json()["id"], "waiting"))["questions"][0]
    return dict((await client.get(f"/api/v1/questions/{found['id']}")).json())


def test_every_command_has_an_example() -> None:
    commands = get_command(inbox.cli).commands  # type: ignore[attr-defined]  # it is a group
    assert set(commands) == {"list", "show", "approve", "refuse", "edit", "delegate"}
    for command in commands.values():
        assert "Example: pilothouse inbox" in command.help


async def test_what_waits_is_listed_and_shown_with_all_that_a_decision_needs(
    client: httpx.AsyncClient, question: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    digest = question["action"]["digest"]
    await deciding.list_questions(Options(), {"status": ["open"]}, as_json=False)
    listed = capsys.readouterr().out
    assert question["id"][-8:] in listed
    assert (digest[:8] in listed, "approver:finance" in listed) == (True, True)
    await deciding.show_question(Options(), question["id"][-8:], as_json=False)
    shown = capsys.readouterr().out
    for told in ('{"cents": 500, "order": "A1"}', "5.0 EUR", "Refunds are approved.", "p1", digest, "local"):
        assert told in shown
    await deciding.show_question(Options(), question["id"], as_json=True)
    assert json.loads(capsys.readouterr().out)["action"]["digest"] == digest
    await deciding.list_questions(Options(), {"role": "legal"}, as_json=False)
    assert "Nothing waits" in capsys.readouterr().out
    await deciding.list_questions(Options(), {"role": "finance"}, as_json=True)
    assert [item["id"] for item in json.loads(capsys.readouterr().out)] == [question["id"]]


async def test_a_decision_names_the_digest_that_was_seen(
    client: httpx.AsyncClient,
    question: dict[str, Any],
    reach: Reach,
    till: Till,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name, digest = question["id"][-8:], question["action"]["digest"]
    for wrong in ("0" * 8, digest[:7], ""):
        with pytest.raises(Conflict, match="The action is"):
            await deciding.decide(Options(), name, "approve", wrong, {"reason": ""}, as_json=False)
    await deciding.decide(Options(), name, "approve", digest[:8].upper(), {"reason": ""}, as_json=False)
    assert "approved; go on with it" in capsys.readouterr().out
    await reach(client, question["run_id"], "completed")
    assert len(till.paid) == 1
    with pytest.raises(NotFound):
        await deciding.decide(Options(), name, "approve", digest, {}, as_json=False)


async def test_an_edit_and_a_delegation_and_a_refusal(
    client: httpx.AsyncClient,
    question: dict[str, Any],
    reach: Reach,
    till: Till,
    capsys: pytest.CaptureFixture[str],
) -> None:
    digest = question["action"]["digest"]
    said = {"to_role": "legal", "to_assignee": None, "reason": ""}
    await deciding.decide(Options(), question["id"], "delegate", digest, said, as_json=True)
    assert json.loads(capsys.readouterr().out)["answer"] == "delegate"
    while True:
        page = (await client.get("/api/v1/questions?status=open&role=legal")).json()["items"]
        if page:
            break
    arguments = inbox_arguments('{"order": "A1", "cents": 400}')
    said = {"arguments": arguments, "reason": ""}
    await deciding.decide(Options(), page[0]["id"], "edit", digest, said, as_json=False)
    await reach(client, question["run_id"], "completed")
    assert till.paid == [Refund(order="A1", cents=400)]
    await deciding.show_question(Options(), page[0]["id"], as_json=False)
    assert "edit" in capsys.readouterr().out


def inbox_arguments(text: str) -> Any:
    return deciding.read_arguments(text)


def test_arguments_that_are_no_json_are_refused() -> None:
    with pytest.raises(InvalidInput, match="no JSON"):
        deciding.read_arguments("{cents: 5}")


async def test_a_question_about_no_action_is_answered_and_not_decided(
    client: httpx.AsyncClient, reach: Reach, capsys: pytest.CaptureFixture[str]
) -> None:
    run = await client.post("/api/v1/runs", json={"workflow": "ask", "input": {"text": "Sure?"}})
    found = (await reach(client, run.json()["id"], "waiting"))["questions"][0]
    with pytest.raises(InvalidInput, match="about no action"):
        await deciding.decide(Options(), found["id"], "refuse", "0" * 8, {}, as_json=False)
    await deciding.list_questions(Options(), {}, as_json=False)
    assert "anybody who answers" in capsys.readouterr().out
    for name in ("abc", "00000000"):
        with pytest.raises(NotFound):
            await deciding.show_question(Options(), name, as_json=False)


async def test_changes_are_shown_with_what_they_were() -> None:
    action = dict.fromkeys(("agent", "cost", "edited_by", "note"), "") | {"tool": "pay", "arguments": {}}
    action |= {
        "principal": "ada",
        "marks": ["untrusted"],
        "policies": [],
        "so_far": [],
        "digest": "d",
        "on_expiry": "approve",
    }
    action |= {"agent": "triage", "changes": [{"where": "/cents", "before": 5, "after": 4}]}
    lines = deciding._action_lines(action)
    assert ("changed", "/cents: 5 -> 4") in lines
    assert ("asked by", "ada, agent triage") in lines
    assert ("unanswered", "it is approved") in lines
