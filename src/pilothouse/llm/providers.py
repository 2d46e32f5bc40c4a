"""Clients for providers of models, kept as long as their key is the same and closed with the process.

Pydantic AI speaks the providers' formats. Retries of the SDKs and of botocore are off: ours are the only
ones. Addresses come from settings, never from the environment.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, NamedTuple

from pydantic_ai.models import Model

from pilothouse.kit.secret import SecretSource
from pilothouse.llm.catalogue import Route, key_of
from pilothouse.llm.errors import ProviderMissing
from pilothouse.model_settings import ProviderKind

OPENAI, ANTHROPIC = "https://api.openai.com/v1", "https://api.anthropic.com"
"""Where the providers are, unless settings say otherwise."""

TIMEOUT = 600.0
"""Seconds after which a request ends in any case; a rung's deadline is what ends it before."""


class Client(NamedTuple):
    """What speaks with one provider under one key."""

    provider: Any
    close: Callable[[], Awaitable[None]]
    digest: bytes


class Asked(NamedTuple):
    """A model that can be asked, and the key that no text may show."""

    model: Model
    key: str | None


class Providers:
    """The clients of a process. Use it within one event loop."""

    def __init__(self, secrets: SecretSource) -> None:
        """Take keys from `secrets` whenever a model is asked: a new one needs no restart."""
        self._secrets = secrets
        self._clients: dict[str, Client] = {}
        self._replaced: list[Client] = []
        self._loaded: set[ProviderKind] = set()

    async def model(self, route: Route) -> Asked:
        """The model of a route. Raises `SecretMissing` without a key, `ProviderMissing` without its SDK."""
        key = await key_of(self._secrets, route)
        if route.terms.kind not in self._loaded:  # an SDK takes seconds to load
            await asyncio.to_thread(_load, route.terms.kind)
            self._loaded.add(route.terms.kind)
        digest = hashlib.sha256((key or "").encode()).digest()
        client = self._clients.get(route.provider)
        if client is None or client.digest != digest:
            if client is not None:
                self._replaced.append(client)  # calls may be under way with the old key
            client = self._clients[route.provider] = _made(route, key, digest)
        return Asked(_model(route, client.provider), key)

    async def close(self) -> None:
        """Close every client."""
        clients = [*self._clients.values(), *self._replaced]
        self._clients, self._replaced = {}, []
        for client in clients:
            await client.close()


def _load(kind: ProviderKind) -> None:
    """Import what speaks with such a provider. Raises `ProviderMissing`."""
    needed = {
        ProviderKind.BEDROCK: ("boto3", "pydantic_ai.models.bedrock", "pydantic_ai.providers.bedrock"),
        ProviderKind.ANTHROPIC: ("pydantic_ai.models.anthropic", "pydantic_ai.providers.anthropic"),
    }.get(kind, ("pydantic_ai.models.openai", "pydantic_ai.providers.openai"))
    for module in needed:
        try:
            import_module(module)
        except ImportError as error:
            extra = "Install pilothouse[aws]." if kind is ProviderKind.BEDROCK else "Install pilothouse anew."
            raise ProviderMissing(f"{kind} needs what is not installed: {error}.", hint=extra) from None


def _made(route: Route, key: str | None, digest: bytes) -> Client:
    kind, url = route.terms.kind, route.terms.url
    if kind is ProviderKind.BEDROCK:
        return _bedrock(route, key, digest)
    if kind is ProviderKind.ANTHROPIC:
        from anthropic import AsyncAnthropic
        from pydantic_ai.providers.anthropic import AnthropicProvider

        messages = AsyncAnthropic(
            api_key=key or "none", base_url=url or ANTHROPIC, max_retries=0, timeout=TIMEOUT
        )
        return Client(AnthropicProvider(anthropic_client=messages), messages.close, digest)
    from openai import AsyncOpenAI
    from pydantic_ai.providers.openai import OpenAIProvider

    client = AsyncOpenAI(api_key=key or "none", base_url=url or OPENAI, max_retries=0, timeout=TIMEOUT)
    return Client(OpenAIProvider(openai_client=client), client.close, digest)


def _bedrock(route: Route, key: str | None, digest: bytes) -> Client:
    """Bedrock by a bearer key, or keyless by what AWS finds on the machine (a role, a profile)."""
    import boto3
    from botocore.config import Config
    from botocore.session import get_session
    from botocore.tokens import FrozenAuthToken
    from pydantic_ai.providers.bedrock import BedrockProvider

    signed: dict[str, Any] = {} if key is None else {"signature_version": "bearer"}
    config = Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        read_timeout=TIMEOUT,
        connect_timeout=10,
        **signed,
    )
    session = get_session()
    if key is not None:
        session.get_auth_token = lambda **_: FrozenAuthToken(key)
    client = boto3.Session(botocore_session=session, region_name=route.terms.region).client(
        "bedrock-runtime", endpoint_url=route.terms.url, config=config
    )

    async def close() -> None:
        client.close()

    return Client(BedrockProvider(bedrock_client=client), close, digest)


def _model(route: Route, provider: Any) -> Model:
    kind = route.terms.kind
    if kind is ProviderKind.BEDROCK:
        from pydantic_ai.models.bedrock import BedrockConverseModel

        return BedrockConverseModel(route.model, provider=provider)
    if kind is ProviderKind.ANTHROPIC:
        from pydantic_ai.models.anthropic import AnthropicModel

        return AnthropicModel(route.model, provider=provider)
    if kind is ProviderKind.OPENAI and route.terms.api == "responses":
        from pydantic_ai.models.openai import OpenAIResponsesModel

        return OpenAIResponsesModel(route.model, provider=provider)
    from pydantic_ai.models.openai import OpenAIChatModel

    return OpenAIChatModel(route.model, provider=provider)
