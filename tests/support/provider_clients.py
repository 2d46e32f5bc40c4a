"""The official clients of the providers, each asked in the same words: what a reply shows through them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import anthropic
import boto3
import botocore.exceptions
import openai
from botocore.config import Config

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FORMATS = ("chat", "responses", "messages", "converse")


@dataclass
class Heard:
    """What a client understood. `pieces` are those of a stream, also of one that failed afterwards."""

    text: str = ""
    pieces: list[str] = field(default_factory=list)
    thinking: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    stop: str | None = None
    tokens: tuple[int, int] | None = None
    error: BaseException | None = None
    raw: Any = None


@cache
def aws() -> boto3.Session:
    """A session with invented keys, kept because it reads the descriptions of services only once."""
    return boto3.Session("AKIATEST", "test", region_name="eu-central-1")


class Clients:
    """One client of each kind, without retries, towards one address."""

    def __init__(self, url: str, key: str = "sk-test") -> None:
        self._url, self._key = url, key

    @cached_property
    def openai(self) -> openai.AsyncOpenAI:
        """Without certificates, which take long to load."""
        http = openai.DefaultAsyncHttpxClient(verify=False)
        return openai.AsyncOpenAI(
            base_url=f"{self._url}/v1", api_key=self._key, max_retries=0, timeout=10, http_client=http
        )

    @cached_property
    def anthropic(self) -> anthropic.AsyncAnthropic:
        """As `openai`."""
        http = anthropic.DefaultAsyncHttpxClient(verify=False)
        return anthropic.AsyncAnthropic(
            base_url=self._url, api_key=self._key, max_retries=0, timeout=10, http_client=http
        )

    def bedrock(self) -> Any:
        """A client, which whoever asks for it closes."""
        config = Config(retries={"total_max_attempts": 1}, read_timeout=10, connect_timeout=5)
        return aws().client("bedrock-runtime", endpoint_url=self._url, config=config)

    async def close(self) -> None:
        """Close what is open."""
        for name in ("openai", "anthropic"):
            if name in self.__dict__:
                await self.__dict__[name].close()

    async def ask(
        self, wire: str, *, stream: bool = False, tools: bool = False, said: str = "Hello"
    ) -> Heard:
        """What the client of a format understood; an error is a part of it."""
        heard = Heard()
        try:
            await ASKED[wire, stream](self, heard, tools, said)
        except Exception as error:
            heard.error = error
        return heard


async def _chat(clients: Clients, heard: Heard, tools: bool, said: str) -> None:
    offered = [{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}] if tools else []
    found = await clients.openai.chat.completions.create(
        model="gpt-4.1",
        messages=[{"role": "user", "content": said}],
        **({"tools": offered} if tools else {}),
    )
    heard.raw = found
    choice = found.choices[0]
    heard.text, heard.stop = choice.message.content or "", choice.finish_reason
    for call in choice.message.tool_calls or []:
        heard.calls.append((call.function.name, _parsed(call.function.arguments)))
    if found.usage:
        heard.tokens = (found.usage.prompt_tokens, found.usage.completion_tokens)


async def _chat_stream(clients: Clients, heard: Heard, tools: bool, said: str) -> None:
    offered = [{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}] if tools else []
    stream = await clients.openai.chat.completions.create(
        model="gpt-4.1",
        messages=[{"role": "user", "content": said}],
        stream=True,
        stream_options={"include_usage": True},
        **({"tools": offered} if tools else {}),
    )
    calls: dict[int, list[str]] = {}
    async for chunk in stream:
        for choice in chunk.choices:
            if choice.delta.content:
                heard.pieces.append(choice.delta.content)
            for call in choice.delta.tool_calls or []:
                kept = calls.setdefault(call.index, [call.function.name or "", ""])
                kept[1] += call.function.arguments or ""
            heard.stop = choice.finish_reason or heard.stop
        if chunk.usage:
            heard.tokens = (chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
    heard.text = "".join(heard.pieces)
    heard.calls = [(name, _parsed(arguments)) for name, arguments in calls.values()]


async def _responses(clients: Clients, heard: Heard, tools: bool, said: str) -> None:
    offered = [{"type": "function", "name": "weather", "parameters": WEATHER, "strict": False}]
    found = await clients.openai.responses.create(
        model="gpt-4.1", input=said, **({"tools": offered} if tools else {})
    )
    _understood(heard, found)


def _understood(heard: Heard, found: Any) -> None:
    heard.raw = found
    heard.text = found.output_text
    heard.stop = found.incomplete_details.reason if found.incomplete_details else found.status
    for item in found.output:
        if item.type == "function_call":
            heard.calls.append((item.name, _parsed(item.arguments)))
        if item.type == "reasoning":
            heard.thinking += "".join(part.text for part in item.summary)
    if found.usage:
        heard.tokens = (found.usage.input_tokens, found.usage.output_tokens)


async def _responses_stream(clients: Clients, heard: Heard, tools: bool, said: str) -> None:
    offered = [{"type": "function", "name": "weather", "parameters": WEATHER, "strict": False}]
    more = {"tools": offered} if tools else {}
    async with clients.openai.responses.stream(model="gpt-4.1", input=said, **more) as stream:
        async for event in stream:
            if event.type == "response.output_text.delta":
                heard.pieces.append(event.delta)
            if event.type in {"response.completed", "response.incomplete"}:
                _understood(heard, event.response)
            if event.type == "response.failed":
                raise RuntimeError(event.response.error.message)


async def _messages(clients: Clients, heard: Heard, tools: bool, said: str) -> None:
    offered = [{"name": "weather", "input_schema": WEATHER}]
    found = await clients.anthropic.messages.create(
        model="claude-opus-4-8",
        max_tokens=100,
        messages=[{"role": "user", "content": said}],
        **({"tools": offered} if tools else {}),
    )
    _read(heard, found)


def _read(heard: Heard, found: Any) -> None:
    heard.raw = found
    heard.text = "".join(block.text for block in found.content if block.type == "text")
    heard.thinking = "".join(block.thinking for block in found.content if block.type == "thinking")
    heard.calls = [(block.name, block.input) for block in found.content if block.type == "tool_use"]
    heard.stop = found.stop_reason
    if found.usage:
        heard.tokens = (found.usage.input_tokens, found.usage.output_tokens)


async def _messages_stream(clients: Clients, heard: Heard, tools: bool, said: str) -> None:
    offered = [{"name": "weather", "input_schema": WEATHER}]
    stream = clients.anthropic.messages.stream(
        model="claude-opus-4-8",
        max_tokens=100,
        messages=[{"role": "user", "content": said}],
        **({"tools": offered} if tools else {}),
    )
    async with stream as events:
        async for event in events:
            if event.type == "content_block_delta" and event.delta.type == "text_delta":
                heard.pieces.append(event.delta.text)
            if event.type == "message_stop":
                _read(heard, event.message)


def _asked_of_bedrock(tools: bool, said: str) -> dict[str, Any]:
    spec = {"name": "weather", "inputSchema": {"json": WEATHER}}
    offered = {"toolConfig": {"tools": [{"toolSpec": spec}]}}
    messages = [{"role": "user", "content": [{"text": said}]}]
    return {"modelId": "anthropic.claude:0", "messages": messages} | (offered if tools else {})


async def _converse(clients: Clients, heard: Heard, tools: bool, said: str) -> None:
    def work() -> None:
        client = clients.bedrock()
        try:
            found = client.converse(**_asked_of_bedrock(tools, said))
        finally:
            client.close()
        heard.raw = found
        for block in found["output"]["message"]["content"]:
            heard.text += block.get("text", "")
            if "toolUse" in block:
                heard.calls.append((block["toolUse"]["name"], block["toolUse"]["input"]))
            thought = block.get("reasoningContent", {}).get("reasoningText", {})
            heard.thinking += thought.get("text", "")
        heard.stop = found["stopReason"]
        if used := found.get("usage"):
            heard.tokens = (used["inputTokens"], used["outputTokens"])

    await asyncio.to_thread(work)


async def _converse_stream(clients: Clients, heard: Heard, tools: bool, said: str) -> None:
    def work() -> None:
        client = clients.bedrock()
        stream = None
        try:
            stream = client.converse_stream(**_asked_of_bedrock(tools, said))["stream"]
            _followed(heard, stream)
        finally:
            if stream is not None:
                stream.close()
            client.close()

    await asyncio.to_thread(work)


def _followed(heard: Heard, stream: Any) -> None:
    calls: dict[int, list[str]] = {}
    for event in stream:
        if start := event.get("contentBlockStart"):
            calls[start["contentBlockIndex"]] = [start["start"]["toolUse"]["name"], ""]
        if block := event.get("contentBlockDelta"):
            delta = block["delta"]
            if "text" in delta:
                heard.pieces.append(delta["text"])
            if "toolUse" in delta:
                calls[block["contentBlockIndex"]][1] += delta["toolUse"]["input"]
            heard.thinking += delta.get("reasoningContent", {}).get("text", "")
        if stopped := event.get("messageStop"):
            heard.stop = stopped["stopReason"]
        if used := event.get("metadata", {}).get("usage"):
            heard.tokens = (used["inputTokens"], used["outputTokens"])
    heard.text = "".join(heard.pieces)
    heard.calls = [(name, _parsed(arguments)) for name, arguments in calls.values()]


def _parsed(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


Asking = Callable[[Clients, Heard, bool, str], Any]
ASKED: dict[tuple[str, bool], Asking] = {
    ("chat", False): _chat,
    ("chat", True): _chat_stream,
    ("responses", False): _responses,
    ("responses", True): _responses_stream,
    ("messages", False): _messages,
    ("messages", True): _messages_stream,
    ("converse", False): _converse,
    ("converse", True): _converse_stream,
}


def code_of(error: BaseException | None) -> int | None:
    """The status that a client's error tells."""
    if isinstance(error, botocore.exceptions.ClientError):
        return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
    return getattr(error, "status_code", None)


def header_of(error: BaseException | None, name: str) -> str | None:
    """A header of the reply that a client's error tells."""
    if isinstance(error, botocore.exceptions.ClientError):
        return error.response["ResponseMetadata"]["HTTPHeaders"].get(name)
    response = getattr(error, "response", None)
    return None if response is None else response.headers.get(name)


@asynccontextmanager
async def clients_of(url: str) -> AsyncIterator[Clients]:
    """Clients towards an address, closed afterwards."""
    made = Clients(url)
    try:
        yield made
    finally:
        await made.close()
