"""Agents of Pydantic AI over the simulated provider, with each of its models for the formats."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, ModelHTTPError
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.bedrock import BedrockConverseModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.bedrock import BedrockProvider
from pydantic_ai.providers.openai import OpenAIProvider

from support.provider import Provider, spoiled, status, structured, text, tool
from support.provider_clients import FORMATS, Clients, clients_of

WIRE = pytest.mark.parametrize("wire", FORMATS)


class Triage(BaseModel):
    topic: str
    urgency: int


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with Provider() as made:
        yield made


@pytest.fixture
async def clients(provider: Provider) -> AsyncIterator[Clients]:
    async with clients_of(provider.url) as made:
        yield made


@pytest.fixture
def model(clients: Clients, wire: str) -> Iterator[Model]:
    if wire == "chat":
        yield OpenAIChatModel("gpt-4.1", provider=OpenAIProvider(openai_client=clients.openai))
    elif wire == "responses":
        yield OpenAIResponsesModel("gpt-4.1", provider=OpenAIProvider(openai_client=clients.openai))
    elif wire == "messages":
        anthropic = AnthropicProvider(anthropic_client=clients.anthropic)
        yield AnthropicModel("claude-opus-4-8", provider=anthropic)
    else:
        with closing(clients.bedrock()) as bedrock:
            yield BedrockConverseModel("anthropic.claude:0", provider=BedrockProvider(bedrock_client=bedrock))


@WIRE
async def test_an_agent_calls_a_tool_and_answers(provider: Provider, model: Model, wire: str) -> None:
    provider.play([tool("weather", city="Oslo"), text("It rains in Oslo.")])
    agent = Agent(model)

    @agent.tool_plain
    def weather(city: str) -> str:
        return f"rain in {city}"

    found = await agent.run("How is the weather?")
    assert found.output == "It rains in Oslo."
    assert b"rain in Oslo" in provider.last.body
    assert found.usage.output_tokens > 0


@WIRE
async def test_an_agent_repairs_what_was_invalid(provider: Provider, model: Model, wire: str) -> None:
    value = {"topic": "billing", "urgency": 2}
    provider.play([spoiled(value)[3], structured(value)])
    found = await Agent(model, output_type=Triage, retries=1).run("Sort this.")
    assert found.output == Triage(topic="billing", urgency=2)
    assert len(provider.requests) == 2


@WIRE
async def test_an_agent_streams_its_answer(provider: Provider, model: Model, wire: str) -> None:
    provider.play(text("One ", "two ", "three."))
    async with Agent(model).run_stream("Count.") as stream:
        pieces = [piece async for piece in stream.stream_text(delta=True, debounce_by=None)]
    assert "".join(pieces) == "One two three."
    assert len(pieces) == 3


@WIRE
async def test_an_agent_sees_the_status_of_an_error(provider: Provider, model: Model, wire: str) -> None:
    provider.play(status(503))
    with pytest.raises(ModelHTTPError) as raised:
        await Agent(model).run("Hello")
    assert raised.value.status_code == 503
    assert len(provider.requests) == 1
