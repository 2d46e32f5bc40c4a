"""Scripts by chance and by the clock, and the provider as a process of its own."""

from __future__ import annotations

import json

import httpx
import pytest
from pydantic import BaseModel

from support.clocks import ManualClock
from support.provider import Asked, Outages, in_turn, sometimes, spoiled, status, structured, text
from support.provider.process import serving
from support.provider_clients import clients_of

ASKED = Asked(1, "POST", "/v1/chat/completions", {}, b"{}", 0.0)


class Triage(BaseModel):
    topic: str
    urgency: int


def test_a_provider_fails_by_the_clock() -> None:
    clock = ManualClock()
    script = Outages(text("up"), lasting=60, every=120, scale=0.1, first=30, clock=clock)
    script.begin()
    seen = []
    for _ in range(12):
        seen.append(script(ASKED).status)
        clock.advance(1.5)
    assert seen == [200, 200, 503, 503, 503, 503, 200, 200, 200, 200, 503, 503]


def test_it_is_known_when_an_outage_begins_and_ends() -> None:
    clock = ManualClock()
    script = Outages(text("up"), lasting=60, every=120, first=30, clock=clock)
    script.begin(ago=10)
    found = []
    for _ in range(4):
        found.append((script.down, script.turns_in))
        clock.advance(script.turns_in)
    assert found == [(False, 20), (True, 60), (False, 60), (True, 60)]


def test_an_outage_begins_with_the_first_request() -> None:
    clock = ManualClock()
    script = Outages(text("up"), status(529), lasting=60, every=120, clock=clock)
    clock.advance(1000)
    assert script(ASKED).status == 529
    clock.advance(60)
    assert script(ASKED).status == 200
    assert not script.down


def test_chance_is_seeded_and_keeps_its_rate() -> None:
    def drawn(seed: int) -> list[int]:
        script = sometimes(0.05, [status(500), status(503)], text("ok"), seed=seed)
        return [script(ASKED).status for _ in range(10_000)]

    first = drawn(1)
    assert first == drawn(1) != drawn(2)
    assert 0.04 < sum(code != 200 for code in first) / 10_000 < 0.06
    assert {500, 503} < set(first)


def test_every_spoiled_answer_is_invalid() -> None:
    value = {"topic": "billing", "urgency": 2}
    assert Triage.model_validate_json(json.dumps(structured(value).value))
    for reply in spoiled(value):
        said = reply.value if isinstance(reply.value, str) else json.dumps(reply.value)
        with pytest.raises(ValueError, match="validation error"):
            Triage.model_validate_json(said)


def test_a_script_follows_replies() -> None:
    script = in_turn([status(500)], then=sometimes(0.0, status(500), text("ok"), seed=1))
    assert [script(ASKED).status for _ in range(3)] == [500, 200, 200]


async def test_it_runs_as_a_process_of_its_own() -> None:
    with serving("echo") as url:
        async with clients_of(url) as clients, httpx.AsyncClient(base_url=url, trust_env=False) as http:
            assert (await clients.ask("chat", said="Hello there")).text == "Hello there"
            (await http.post("/simulated", json={"script": "down"})).raise_for_status()
            assert "503" in str((await clients.ask("chat")).error)
            told = (await http.post("/simulated", json={"script": "outages"})).json()
        assert told["down"]
        assert 0 < told["turns_in"] <= 60
        assert (told["requests"], told["formats"], told["left"]) == (2, {"chat": 2}, 0)


def test_a_script_that_nobody_knows_does_not_begin(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="nothing-like-it does not listen"), serving("nothing-like-it"):
        pass
    assert "No script is called nothing-like-it; there are answers" in capfd.readouterr().err
