"""boto3's client of Bedrock's runtime towards a gateway behind a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Any

import botocore.exceptions
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config

from protocols.openai.conftest import Gate, gate
from support.entrance import Server
from support.provider_clients import aws

__all__ = ["gate"]


class Rim:
    """Opens servers, and clients with keys of their own."""

    def __init__(self, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
        self.gate, self._monkeypatch = gate, monkeypatch
        self._clients: list[Any] = []

    async def open(self, **said: Any) -> Server:
        """Serve."""
        return await self.gate.open(**said)

    async def client(self, server: Server, *roles: str, **said: Any) -> Any:
        """A client with a key."""
        wanted = {"name": "a program", "roles": roles or ["operator"], **said}
        made = await server.client.post("/api/v1/keys", json=wanted)
        assert made.status_code == 201, made.text
        return self.client_with(server, made.json()["secret"])

    def client_with(self, server: Server, key: str) -> Any:
        """A client with what may be a key. It sends one by TLS only, which ends before the server here."""
        self._monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", key)
        config = Config(retries={"total_max_attempts": 1}, read_timeout=10, connect_timeout=5)
        url = str(server.client.base_url).rstrip("/").replace("http:", "https:")
        client = aws().client("bedrock-runtime", endpoint_url=url, config=config, verify=False)
        client.meta.events.register("before-send.bedrock-runtime", _without_tls)
        self._clients.append(client)
        return client

    def close(self) -> None:
        """Close the clients."""
        for client in self._clients:
            client.close()


def _without_tls(request: AWSPreparedRequest, **_: Any) -> None:
    request.url = request.url.replace("https:", "http:")


@pytest.fixture
def rim(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rim]:
    """A gateway to be opened."""
    made = Rim(gate, monkeypatch)
    yield made
    made.close()


def asked(text: str, **said: Any) -> dict[str, Any]:
    """A request with one message of a user."""
    return {"modelId": "fast", "messages": [{"role": "user", "content": [{"text": text}]}], **said}


async def converse(client: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    """A whole answer."""
    return await asyncio.to_thread(partial(client.converse, **wanted))


async def streamed(client: Any, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """The events of a streamed answer."""
    return await asyncio.to_thread(_events, client, wanted)


async def refused(asks: Any) -> botocore.exceptions.ClientError:
    """The error that a client raises."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        await asks
    return caught.value


def _events(client: Any, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    stream = client.converse_stream(**wanted)["stream"]
    try:
        return list(stream)
    finally:
        stream.close()
