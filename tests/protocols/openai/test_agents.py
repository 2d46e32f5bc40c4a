"""Agents that answer as models."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import openai
import pytest

from pilothouse.agents.running import running
from protocols.openai.conftest import Gate, asked, said_in
from support import parcels
from support.entrance import House
from support.scripted import Provider

APP = replace(parcels.app, workflows=[*parcels.app.workflows, running(parcels.judge)])


async def test_an_agent_answers_as_a_model(conninfo: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(House(conninfo, tmp_path, APP))
        one, two = [await stack.enter_async_context(Provider()) for _ in range(2)]
        gate = Gate(house, stack, one, two)
        client = await gate.client(await gate.open(execute=True))
        listed = [model.id async for model in client.models.list()]
        assert "agent/judge" in listed
        assert "workflow/agent.judge" not in listed
        wanted = asked('{"text": "hello"}') | {"model": "agent/judge"}
        raw = await client.chat.completions.with_raw_response.create(**wanted)
        assert raw.parse().choices[0].message.content == "HELLO"
        assert raw.headers["x-pilothouse-run"]
        assert await said_in(await client.chat.completions.create(**wanted, stream=True)) == "HELLO"
        with pytest.raises(openai.NotFoundError) as caught:
            await client.chat.completions.create(**wanted | {"model": "agent/nobody"})
        assert caught.value.code == "model_not_found"
        assert one.asked == []
