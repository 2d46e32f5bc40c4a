"""Anthropic's own client towards a gateway behind a real socket."""

from __future__ import annotations

from typing import Any

import anthropic

from protocols.openai.conftest import Gate, gate
from support.entrance import Server

__all__ = ["gate"]


async def client_of(gate: Gate, server: Server, *roles: str, **said: Any) -> anthropic.AsyncAnthropic:
    """A client with a key of its own."""
    wanted = {"name": "a program", "roles": roles or ["operator"], **said}
    made = await server.client.post("/api/v1/keys", json=wanted)
    assert made.status_code == 201, made.text
    return client_with(gate, server, api_key=made.json()["secret"])


def client_with(gate: Gate, server: Server, **credential: str) -> anthropic.AsyncAnthropic:
    """A client with a credential, without certificates, which take long to load."""
    http = anthropic.DefaultAsyncHttpxClient(verify=False)
    client = anthropic.AsyncAnthropic(
        base_url=str(server.client.base_url).rstrip("/"), max_retries=0, http_client=http, **credential
    )
    gate.stack.push_async_callback(client.close)
    return client


def asked(text: str, **said: Any) -> dict[str, Any]:
    """A request with one message of a user."""
    return {"model": "fast", "max_tokens": 50, "messages": [{"role": "user", "content": text}], **said}


async def streamed(client: anthropic.AsyncAnthropic, wanted: dict[str, Any]) -> anthropic.types.Message:
    """What the client makes of a stream."""
    async with client.messages.stream(**wanted) as events:
        return await events.get_final_message()
