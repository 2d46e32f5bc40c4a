"""Experiments over HTTP: made, started, weighed, advanced, stopped and concluded; nonsense is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import psycopg
import pytest
from pydantic import ValidationError

from pilothouse.experiments.live import Experiments
from pilothouse.experiments.schemas import Conclusion, NewExperiment
from pilothouse.kit.scope import Scope
from support.experiments import called

from .conftest import TRIAGE

PATH = "/api/v1/experiments"
Ask = Callable[..., Awaitable[Any]]


async def made(client: httpx.AsyncClient, **said: Any) -> dict[str, Any]:
    answer = await client.post(PATH, json=TRIAGE | said)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{PATH}/{answer.json()['id']}"
    return dict(answer.json())


async def test_an_experiment_is_made_started_weighed_stopped_and_concluded(client: httpx.AsyncClient) -> None:
    one = await made(client)
    path = f"{PATH}/{one['id']}"
    assert (one["state"], [arm["weight"] for arm in one["arms"]]) == ("draft", ["50", "50"])
    started = (await client.post(f"{path}/start")).json()
    assert (started["state"], started["result"]["words"]) == (
        "running",
        ["candidate: too few calls to tell of validity, errors, cost, latency, feedback"],
    )
    weighed = (await client.put(f"{path}/weights", json={"weights": {"candidate": "12.5"}})).json()
    assert [arm["weight"] for arm in weighed["arms"]] == ["87.5", "12.5"]
    stopped = (await client.post(f"{path}/stop", json={"why": "a holiday"})).json()
    assert (stopped["state"], stopped["why"]) == ("stopped", "a holiday")
    assert (await client.post(f"{path}/start")).json()["state"] == "running"
    ended = (await client.post(f"{path}/stop-arm", json={"arm": "candidate", "why": "rude"})).json()
    assert (ended["arms"][1]["why"], ended["arms"][1]["weight"], ended["arms"][0]["weight"]) == (
        *("rude", "0"),
        "100",
    )
    concluded = (await client.post(f"{path}/conclude", json={"winner": "control"})).json()
    assert (concluded["state"], concluded["winner"]) == ("concluded", "control")
    listed = (await client.get(PATH, params={"state": "concluded"})).json()["items"]
    assert [item["id"] for item in listed] == [one["id"]]
    assert (await client.get(PATH, params={"about": "support/other"})).json()["items"] == []
    assert (await client.get(path)).json()["id"] == one["id"]


async def test_a_rollout_is_advanced_by_hand(client: httpx.AsyncClient) -> None:
    arms = [{"name": "control", "version": "3"}, {"name": "candidate", "version": "4"}]
    one = await made(client, arms=arms, rollout={"stages": ["5", "100"]})
    path = f"{PATH}/{one['id']}"
    assert (await client.post(f"{path}/start")).json()["arms"][1]["weight"] == "5"
    assert (await client.post(f"{path}/advance")).json()["arms"][1]["weight"] == "100"
    assert (await client.post(f"{path}/advance")).status_code == 409
    assert (await client.put(f"{path}/weights", json={"weights": {"candidate": 1}})).status_code == 409


async def test_one_experiment_runs_about_one_thing(client: httpx.AsyncClient) -> None:
    one, other = await made(client), await made(client, name="triage-5")
    assert (await client.post(f"{PATH}/{one['id']}/start")).status_code == 200
    answer = await client.post(f"{PATH}/{other['id']}/start")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert (await client.post(PATH, json=TRIAGE)).status_code == 409


CONTROL, CANDIDATE = TRIAGE["arms"]


@pytest.mark.parametrize(
    "said",
    [
        {"arms": [CONTROL]},
        {"arms": [CANDIDATE, CANDIDATE | {"name": "other"}]},
        {"arms": [CONTROL, CANDIDATE, CANDIDATE]},
        {"arms": [CONTROL, {"name": "candidate", "weight": "50"}]},
        {"arms": [CONTROL | {"weight": "50"}, CANDIDATE]},
        {"arms": [CONTROL, CANDIDATE, CANDIDATE | {"name": "other", "weight": "50.01"}]},
        {"arms": [CONTROL, CANDIDATE | {"weight": "-1"}]},
        {"arms": [CONTROL, CANDIDATE | {"weight": 12.345}]},
        {"rollout": {}},
        {"arms": [CONTROL, CANDIDATE | {"weight": 0}], "rollout": {"stages": ["50", "10"]}},
        {"about": "model:fast"},
        {"about": "Support Triage"},
        {"key": "tenant"},
        {"alpha": 0},
        {"guards": [{"metric": "validity"}]},
        {"guards": [{"metric": "cost", "worse_by": -1}]},
        {"guards": [{"metric": "cost", "worse_by": 1}, {"metric": "cost", "bound": 1}]},
        {"everything": True},
    ],
)
def test_an_experiment_that_makes_no_sense_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        NewExperiment.model_validate(TRIAGE | said)


async def test_what_is_refused_is_told_as_such(client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, json=TRIAGE | {"arms": [CONTROL]})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input"), answer.text


async def test_what_does_not_go_together_is_a_conflict(client: httpx.AsyncClient) -> None:
    path = f"{PATH}/{(await made(client))['id']}"
    for verb, body in (("stop", {}), ("stop-arm", {"arm": "candidate"}), ("advance", {}), ("conclude", {})):
        assert (await client.post(f"{path}/{verb}", json=body)).status_code == 409, verb
    await client.post(f"{path}/start")
    assert (await client.post(f"{path}/start")).status_code == 409
    for body in ({"arm": "control"}, {"arm": "nobody"}):
        assert (await client.post(f"{path}/stop-arm", json=body)).status_code == 400
    assert (await client.put(f"{path}/weights", json={"weights": {"candidate": "0"}})).status_code == 200
    await client.post(f"{path}/stop-arm", json={"arm": "candidate"})
    assert (await client.put(f"{path}/weights", json={"weights": {"candidate": "5"}})).status_code == 409
    assert (await client.post(f"{path}/conclude", json={"winner": "candidate"})).status_code == 409


async def test_the_result_can_be_read(
    client: httpx.AsyncClient, conninfo: str, begun: Ask, open_process: Callable[..., Awaitable[Experiments]]
) -> None:
    experiment = await begun()
    process = await open_process()
    await called(process, experiment, "control", 600, valid=0.90)
    await called(process, experiment, "candidate", 600, valid=0.97, latency=1_200, seed=2)
    result = (await client.get(f"{PATH}/{experiment.id}")).json()["result"]
    (words,) = result["words"]
    assert words.startswith("candidate is better on validity by 7.0 points (")
    assert "candidate is worse on latency by " in words
    assert "no difference shown in errors, cost; too few calls to tell of feedback" in words
    by_metric = {item["metric"]: item for item in result["differences"]}
    assert by_metric["latency"]["low"] < 50 < by_metric["latency"]["high"]
    assert by_metric["validity"]["exact"] is True  # 18 that were not valid are few
    assert result["arms"][1]["calls"] == 600


async def test_a_winner_is_promoted_in_the_same_transaction(begun: Ask, book: Ask) -> None:
    experiment = await begun()
    promoted = []

    async def promote(scope: Scope, about: str, arm: Any) -> None:
        promoted.append((scope.tenant_id, about, arm.version))

    await book("conclude", experiment.id, Conclusion(winner="candidate"), promote=promote)
    assert promoted == [("default", "support/triage", "4")]


async def test_only_the_home_tenant_makes_experiments_for_everybody(book: Ask, conninfo: str) -> None:
    from pilothouse.errors import Forbidden

    wanted = NewExperiment.model_validate(TRIAGE | {"everybody": True})
    with pytest.raises(Forbidden, match="home tenant"):
        await book("create", wanted, by=Scope("acme", "local", frozenset({"admin"})))
    with psycopg.connect(conninfo) as connection:
        assert connection.execute("select count(*) from experiments").fetchone() == (0,)
