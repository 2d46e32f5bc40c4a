"""Feedback over HTTP: one of each principal on each thing, sealed comments, and how versions were rated."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from pydantic import ValidationError

from pilothouse import App
from pilothouse.experiments.schemas import NewExperiment
from pilothouse.feedback.repository import FeedbackRepository
from pilothouse.feedback.schemas import NewFeedback, Origin
from pilothouse.feedback.service import FeedbackBook, FeedbackParts
from pilothouse.guards.passing import Guards
from pilothouse.guards.scanning import TYPES
from pilothouse.guards.table import read
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope, local_scope
from pilothouse.kit.session import Database
from pilothouse.runtime.guarding import Guard, Unguarded
from pilothouse.vault.service import Vault
from support.acting import acting, believing

PATH = "/api/v1/feedback"
Submit = Callable[..., Awaitable[str]]
Reach = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def run(client: httpx.AsyncClient, submit: Submit, reach: Reach) -> str:
    """A run that has ended."""
    run_id = await submit(client, "echo")
    await reach(client, run_id, "completed")
    return run_id


async def give(client: httpx.AsyncClient, **said: Any) -> dict[str, Any]:
    answer = await client.post(PATH, json=said)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_later_rating_takes_the_place_of_the_earlier(client: httpx.AsyncClient, run: str) -> None:
    first = await give(client, run_id=run, rating=-1, comment="Wrong team")
    later = await give(client, run_id=run, rating=1)
    assert (later["id"], later["rating"], later["comment"]) == (first["id"], 1, None)
    assert later["made_at"] == first["made_at"] < later["changed_at"]
    await give(client, message="chatcmpl-1", rating=0)
    await give(client, run_id=run, message="reply-1", rating=0)
    (listed,) = (await client.get(PATH, params={"run_id": run, "rating": 1})).json()["items"]
    assert listed == later
    assert len((await client.get(PATH)).json()["items"]) == 3


async def test_each_principal_has_a_say(open_api: Any, sample_app: App, submit: Submit) -> None:
    with believing():
        client = await open_api(sample_app, execute=False)
        answers = [
            await client.post(PATH, json={"message": "m", "rating": rating}, headers=acting("operator"))
            for rating in (1, -1)
        ]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert len({answer.json()["principal"] for answer in answers}) in {1, 2}
        viewer = await client.post(PATH, json={"message": "m", "rating": 1}, headers=acting("viewer"))
        assert viewer.status_code == 403
        assert (await client.get(PATH, headers=acting("viewer"))).status_code == 200


async def test_a_step_has_to_be_one_of_the_run(client: httpx.AsyncClient, run: str, conninfo: str) -> None:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("select key from journal where run_id = %s and key <> ''", (run,)).fetchone()
    assert row is not None
    assert (await give(client, run_id=run, step=row[0], rating=1))["step"] == row[0]
    for said in ({"run_id": run, "step": "nothing"}, {"run_id": str(uuid4())}):
        answer = await client.post(PATH, json=said | {"rating": 1})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "said",
    [
        {"message": "m", "rating": 2},
        {"message": "m", "rating": True},
        {"message": "m", "rating": "1"},
        {"message": "m"},
        {"rating": 1},
        {"message": "m", "step": "s", "rating": 1},
        {"message": "m", "rating": 1, "prompt": "support/triage"},
        {"message": "m", "rating": 1, "arm": "candidate"},
        {"message": "m", "rating": 1, "comment": "x" * 10_001},
        {"message": "with space", "rating": 1},
    ],
)
def test_feedback_that_makes_no_sense_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        NewFeedback.model_validate(said)


async def test_what_is_refused_is_told_as_such(client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, json={"message": "m", "rating": 2})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input"), answer.text


async def test_versions_show_how_they_were_rated(client: httpx.AsyncClient) -> None:
    for number, (version, rating) in enumerate([("3", 1), ("3", -1), ("4", 1), ("4", 1), ("4", 0)]):
        said = {"prompt": "support/triage", "version": version, "rating": rating}
        await give(client, message=f"m{number}", comment="so" if number == 0 else None, **said)
    await give(client, message="other", rating=1)
    found = (await client.get(f"{PATH}/versions", params={"prompt": "support/triage"})).json()["items"]
    told = {item["version"]: item for item in found}
    assert [item["version"] for item in found] == ["4", "3"]
    assert (told["3"]["mean"], told["3"]["good"], told["3"]["bad"], told["3"]["comments"]) == (0, 1, 1, 1)
    assert told["4"]["mean"] == pytest.approx(2 / 3)
    assert told["4"]["ratings"] == 3
    listed = (await client.get(PATH, params={"prompt": "support/triage", "version": "3"})).json()["items"]
    assert len(listed) == 2


async def test_an_arm_of_an_experiment_is_rated(client: httpx.AsyncClient) -> None:
    arms = [{"name": "control"}, {"name": "candidate", "version": "4", "weight": "50"}]
    wanted = NewExperiment.model_validate({"name": "t", "about": "support/triage", "arms": arms})
    made = await client.post("/api/v1/experiments", json=wanted.model_dump(mode="json"))
    of = {"experiment_id": made.json()["id"], "arm": "candidate"}
    await give(client, message="m", rating=-1, **of)
    shown = (await client.get(f"/api/v1/experiments/{of['experiment_id']}")).json()
    assert (shown["result"]["arms"][1]["ratings"], shown["result"]["arms"][1]["feedback"]) == (1, -1)
    for wrong in ({"arm": "nobody"}, {"experiment_id": str(uuid4())}):
        answer = await client.post(PATH, json={"message": "m", "rating": 1} | of | wrong)
        assert answer.status_code == 404


@pytest.fixture
async def rated(conninfo: str, vault: Vault) -> Any:
    """Gives feedback through the service: `await rated(NewFeedback(...), guard=guards, origin_of=...)`."""
    database = Database(conninfo, connections=2)

    async def ask(wanted: NewFeedback, guard: Guard | None = None, **said: Any) -> Any:
        scope = said.pop("scope", local_scope())
        async with database.session(scope) as session:
            parts = FeedbackParts(guard or Unguarded(), vault, SystemClock(), Ids(), **said)
            return await FeedbackBook(FeedbackRepository(session, scope), scope, parts).give(wanted)

    yield ask
    await database.close()


async def test_comments_are_masked_and_sealed(rated: Any, vault: Vault, conninfo: str) -> None:
    guards = Guards(vault.database, vault, lambda _flag, _tenant: False, read(None, TYPES))
    said = "My card 4539 1488 0343 6467, it was wrong"
    made = await rated(NewFeedback(message="m", rating=-1, comment=said), guards)
    assert "4539" not in made.comment
    assert made.comment.endswith(", it was wrong")
    with psycopg.connect(conninfo) as connection:
        ((stored,),) = connection.execute("select comment from feedback").fetchall()
        ((kinds,),) = connection.execute("select count(*) from audit_inbox where kind = 'guard'").fetchall()
    assert b"wrong" not in bytes(stored)
    assert kinds == 1


async def test_what_produced_a_step_goes_before_what_is_said(rated: Any, run: str) -> None:
    async def origin_of(tenant_id: str, run_id: UUID, step: str) -> Origin | None:
        assert (tenant_id, str(run_id), step) == ("default", run, "")
        return Origin("support/triage", "7")

    wanted = NewFeedback(run_id=UUID(run), rating=1, prompt="support/other", version="1")
    made = await rated(wanted, origin_of=origin_of)
    assert (made.prompt, made.version) == ("support/triage", "7")


async def test_feedback_is_its_tenants_own(rated: Any, client: httpx.AsyncClient) -> None:
    acme = Scope("acme", "local", frozenset({"admin"}))
    await rated(NewFeedback(message="m", rating=1, prompt="p", version="1"), scope=acme)
    assert (await client.get(PATH)).json()["items"] == []
    assert (await client.get(f"{PATH}/versions")).json()["items"] == []
