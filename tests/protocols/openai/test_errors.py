"""What is wrong with a request, or with a provider, is told as OpenAI's clients read it."""

from __future__ import annotations

from typing import Any

import httpx
import openai
import pytest

from protocols.openai.conftest import Gate, Purse, asked, said_in, settled
from support.scripted import DONE, LAST, chunk, completion, says, streams

BROKEN = {"error": {"message": "down", "type": "server_error", "code": "down"}}
WRONG: list[tuple[Any, str, str | None]] = [
    (b"no json", "invalid_request", None),
    (b"[1]", "invalid_request", None),
    (b'{"messages": [{"role": "user", "content": "x"}]}', "invalid_request", "model"),
    (b'{"model": "fast", "messages": []}', "invalid_request", "messages"),
    (b'{"model": "fast", "messages": ["x"]}', "invalid_request", "messages[0]"),
    (
        b'{"model": "fast", "messages": [{"role": "user", "content": 7}]}',
        "invalid_request",
        "messages[0].content",
    ),
    (b'{"model": "fast", "stream": 1, "messages": [{"role": "user"}]}', "invalid_request", "stream"),
    (b'{"model": "fast", "max_tokens": -1, "messages": [{"role": "user"}]}', "invalid_request", "max_tokens"),
    (b'{"model": "none", "messages": [{"role": "user", "content": "x"}]}', "model_not_found", None),
    (b'{"model": "workflow/none", "messages": [{"role": "user", "content": "x"}]}', "model_not_found", None),
    (b'{"model": "one:unpriced", "messages": [{"role": "user", "content": "x"}]}', "price_unknown", None),
]


async def test_wrong_requests_are_told_and_ask_nobody(gate: Gate) -> None:
    server = await gate.open(gateway={"max_body_bytes": 1_024})
    client = await gate.client(server)
    headers = {"authorization": f"Bearer {client.api_key}", "content-type": "application/json"}
    async with httpx.AsyncClient(base_url=str(server.client.base_url), headers=headers) as http:
        for body, code, param in WRONG:
            answer = await http.post("/v1/chat/completions", content=body)
            error = answer.json()["error"]
            assert (error["code"], error["param"]) == (code, param), (body, answer.text)
            assert answer.status_code in {400, 404, 422}
            assert answer.headers["x-request-id"]
        large = await http.post("/v1/chat/completions", content=b" " * 2_000)
        assert (large.status_code, large.json()["error"]["code"]) == (413, "body_too_large")
        plain = await http.post("/v1/chat/completions", content=b"x", headers={"content-type": "text/plain"})
        assert (plain.status_code, plain.json()["error"]["code"]) == (415, "unsupported_media_type")
        wrong = await http.get("/v1/chat/completions")
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
        nothing = await http.post("/v1/nothing", json={})
        assert (nothing.status_code, nothing.json()["error"]["code"]) == (404, "not_found")
        foreign = await http.post("/v1/chat/completions", content=b"{}", headers={"host": "evil.example"})
        assert (foreign.status_code, foreign.json()["error"]["code"]) == (421, "misdirected_request")
        bare = await http.post("/v1/chat/completions", json=asked("x"), headers={"authorization": ""})
        assert bare.status_code == 401
    assert gate.one.asked == []
    assert (gate.purse.spent, gate.purse.holding) == (0, 0)


async def test_keys_are_verified(gate: Gate) -> None:
    server = await gate.open()
    client, reader = await gate.client(server), await gate.client(server, "viewer")
    with pytest.raises(openai.PermissionDeniedError):
        await reader.chat.completions.create(**asked("Hi there."))
    keys = (await server.client.get("/api/v1/keys")).json()["items"]
    for key in keys:
        assert (await server.client.post(f"/api/v1/keys/{key['id']}/revoke")).status_code == 200
    server.auth.credentials.forget()
    with pytest.raises(openai.AuthenticationError) as caught:
        await client.chat.completions.create(**asked("Hi there."))
    assert caught.value.code == "invalid_api_key"


async def test_rate_limits_hold(gate: Gate) -> None:
    client = await gate.client(await gate.open(), rate=1)
    await client.chat.completions.create(**asked("Hi there."))
    with pytest.raises(openai.RateLimitError) as caught:
        await client.chat.completions.create(**asked("Hi there."))
    assert int(caught.value.response.headers["retry-after"]) >= 1
    assert caught.value.code == "too_many_requests"


async def test_a_budget_that_has_nothing_left_refuses(gate: Gate) -> None:
    gate.purse = Purse(limit=10)
    client = await gate.client(await gate.open())
    with pytest.raises(openai.RateLimitError) as caught:
        await client.chat.completions.create(**asked("Hi there."))
    assert (caught.value.code, caught.value.type) == ("budget_exhausted", "insufficient_quota")
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert gate.one.asked == []


async def test_lists_of_models_hold_for_keys(gate: Gate) -> None:
    server = await gate.open()
    client = await gate.client(server, models=["two:*", "safe"])
    names = [model.id async for model in client.models.list()]
    assert names == ["safe", "two:m"]
    await client.chat.completions.create(**asked("Hi there.") | {"model": "two:m"})
    with pytest.raises(openai.PermissionDeniedError) as caught:
        await client.chat.completions.create(**asked("Hi there."))
    assert caught.value.code == "model_not_allowed"
    (key,) = (await server.client.get("/api/v1/keys")).json()["items"]
    assert key["models"] == ["safe", "two:*"]
    changed = await server.client.put(f"/api/v1/keys/{key['id']}/models", json={"models": None})
    assert changed.json()["models"] is None
    server.auth.credentials.forget()
    await client.chat.completions.create(**asked("Hi there."))
    assert {"fast", "one:m", "workflow/echo"} <= {model.id async for model in client.models.list()}


@pytest.mark.parametrize("stream", [False, True])
async def test_another_model_answers_where_the_first_fails(gate: Gate, stream: bool) -> None:
    good = (
        streams(chunk("Good day."), chunk(end="stop"), LAST, DONE)
        if stream
        else says(completion("Good day."))
    )
    gate.one.script = [says(BROKEN, 500), says(BROKEN, 429), says(BROKEN, 401)]
    gate.two.script = [good]
    client = await gate.client(await gate.open())
    for _ in range(3):
        wanted = asked("Hi there.", stream=stream) | {"model": "safe"}
        answer = await client.chat.completions.create(**wanted)
        text = await said_in(answer) if stream else answer.choices[0].message.content
        assert text == "Good day."
    await settled(gate, 3)
    assert {call.provider for call in gate.ledger.calls} == {"two"}
    assert (len(gate.one.asked), gate.purse.holding, gate.purse.spent) == (3, 0, 90)


async def test_a_bad_request_is_told_as_the_provider_said_it(gate: Gate) -> None:
    said = {
        "error": {
            "message": "no such parameter",
            "type": "invalid_request_error",
            "param": "x",
            "code": "unknown",
        }
    }
    gate.one.script = [says(said, 400)]
    client = await gate.client(await gate.open())
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(**asked("Hi there.") | {"model": "safe"})
    assert (caught.value.code, caught.value.param) == ("unknown", "x")
    assert gate.two.asked == []
    assert gate.purse.holding == 0


async def test_where_all_fail_the_last_failure_is_told(gate: Gate) -> None:
    gate.one.script = [says(BROKEN, 503)]
    gate.two.script = [says(BROKEN, 429, **{"retry-after": "7"})]
    client = await gate.client(await gate.open())
    with pytest.raises(openai.RateLimitError) as caught:
        await client.chat.completions.create(**asked("Hi there.") | {"model": "safe"})
    assert caught.value.response.headers["retry-after"] == "7"
    assert caught.value.code == "provider_busy"
    assert [(call.outcome, call.cost, call.provider) for call in gate.ledger.calls] == [
        ("provider_busy", 0, "two")
    ]
    gate.one.script = [says({"choices": "nonsense"}, 200)]
    answer = await client.chat.completions.with_raw_response.create(**asked("Hi there."))
    assert b"nonsense" in answer.content  # whatever it means: the provider's own


async def test_a_provider_that_is_late_is_given_up(gate: Gate) -> None:
    import asyncio

    async def never(_request: Any, _body: dict[str, Any]) -> Any:
        await asyncio.Event().wait()

    gate.one.script = [never]
    client = await gate.client(await gate.open(gateway={"deadline": 0.2}))
    with pytest.raises(openai.APIStatusError) as caught:
        await client.chat.completions.create(**asked("Hi there."))
    assert (caught.value.status_code, caught.value.code) == (504, "provider_timeout")
    answer = await client.chat.completions.create(**asked("Hi there.") | {"model": "safe"})
    assert answer.choices[0].message.content == "Good day."
    await settled(gate, 3)
    late, also_late, good = gate.ledger.calls  # what was asked is billed, whoever hears the answer
    assert (late.outcome, also_late.outcome, good.outcome) == ("provider_timeout", "provider_timeout", "ok")
    assert late.tokens.input > 0
    assert late.cost > 0
    assert late.tokens.output == 0
    spent = sum(one.tokens.total for one in gate.ledger.calls)
    assert (gate.purse.holding, gate.purse.spent) == (0, spent)


async def test_what_a_guard_blocks_is_told(gate: Gate, tmp_path: Any) -> None:
    table = tmp_path / "guards.toml"
    table.write_text("[model_prompt]\nsecrets = 'block'\n[model_answer]\nsecrets = 'block'\n")
    secret = "sk-proj-" + "a1B2c3D4e5F6g7H8" * 3
    client = await gate.client(await gate.open(guards=table))
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(**asked(f"The key is {secret}"))
    assert caught.value.code == "blocked_by_guard"
    assert gate.one.asked == []
    gate.one.script = [
        says(completion(f"It is {secret}.")),
        streams(chunk("It is "), chunk(secret), chunk(end="stop"), LAST, DONE),
    ]
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(**asked("What is the key?"))
    assert secret not in str(caught.value)
    with pytest.raises(openai.APIError) as streamed:
        await said_in(await client.chat.completions.create(**asked("What is the key?", stream=True)))
    assert streamed.value.code == "blocked_by_guard"
    await settled(gate, 2)
    assert [call.outcome for call in gate.ledger.calls] == ["blocked_by_guard"] * 2
