"""Providers that speak another language than OpenAI's, asked in their own by the clients of `llm`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
from pydantic_ai import direct

from pilothouse.errors import PilothouseError
from pilothouse.llm.service import ProviderBusy, ProviderFailed, Providers, Route, told
from pilothouse.protocols.openai import telling
from pilothouse.protocols.openai.asking import Kind
from pilothouse.protocols.openai.translating import Translated, translated
from pilothouse.protocols.openai.upstream import (
    ProviderForeign,
    Reply,
    UpstreamBusy,
    UpstreamFailed,
    UpstreamLate,
)

EVENTS = "text/event-stream"


class Foreign:
    """Asks providers of kind `anthropic` and `bedrock`. Use it within one event loop."""

    def __init__(self, providers: Providers, *, deadline: float, silence: float) -> None:
        """A whole answer takes `deadline` seconds at most, and a stream pauses for `silence` seconds."""
        self._providers = providers
        self._deadline, self._silence = deadline, silence

    async def ask(self, route: Route, path: str, data: bytes) -> Reply:
        """The whole answer. Raises `UpstreamFailed` where another model, or another attempt, may help.

        Raises `Untranslated` for what cannot be said to such a model, and errors of providers.
        """
        wanted, key = _read(route, path, data), None
        try:
            async with asyncio.timeout(self._deadline):
                model, key = await self._providers.model(route)
                response = await direct.model_request(
                    model,
                    wanted.messages,
                    model_settings=wanted.settings,
                    model_request_parameters=wanted.parameters,
                )
        except Exception as error:  # noqa: BLE001 - told as an error of ours
            raise _ours(error, route, key) from None  # whose cause may hold the key
        return Reply(200, "application/json", telling.told(response, route.model))

    async def stream(self, route: Route, path: str, data: bytes, reply: Reply) -> AsyncIterator[bytes]:
        """The pieces of an answer as they come; `reply` is filled in before the first one.

        Raises as `ask`; after the first piece it means that the stream was cut.
        """
        wanted, key = _read(route, path, data), None
        chunks = telling.Chunks(route.model)
        try:
            async with asyncio.timeout(self._deadline) as waiting:
                loop = asyncio.get_running_loop()
                model, key = await self._providers.model(route)
                async with direct.model_request_stream(
                    model,
                    wanted.messages,
                    model_settings=wanted.settings,
                    model_request_parameters=wanted.parameters,
                ) as stream:
                    async for happened in stream:
                        piece = chunks.of(happened, stream.get())
                        if piece:
                            reply.status, reply.media_type = 200, EVENTS
                            waiting.reschedule(None)
                            yield piece
                            waiting.reschedule(loop.time() + self._silence)
                    reply.status, reply.media_type = 200, EVENTS
                    waiting.reschedule(None)
                    yield chunks.end(stream.get())
        except Exception as error:  # noqa: BLE001 - told as an error of ours
            raise _ours(error, route, key) from None

    async def close(self) -> None:
        """Close every connection."""
        await self._providers.close()


def _read(route: Route, path: str, data: bytes) -> Translated:
    if path != Kind.CHAT:
        raise ProviderForeign(
            f"{route.id} answers chat completions only.",
            hint="Name its OpenAI-compatible address as a provider of its own, of kind compatible.",
        )
    return translated(orjson.loads(data))


def _ours(error: Exception, route: Route, key: str | None) -> PilothouseError:
    """The error as the gateway knows it."""
    if isinstance(error, TimeoutError):
        return UpstreamLate(f"{route.id} does not answer in time.")
    found = told(error, route.id, key)
    if isinstance(found, UpstreamFailed) or not isinstance(found, ProviderFailed):
        return found
    kind = UpstreamBusy if isinstance(found, ProviderBusy) else UpstreamFailed
    return kind(str(found), retry_after=found.retry_after)
