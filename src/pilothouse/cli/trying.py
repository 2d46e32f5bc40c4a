"""What `pilothouse models try` does: one small request to each model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.app import secrets_of
from pilothouse.errors import PilothouseError
from pilothouse.kit.clock import elapsed
from pilothouse.usage.schemas import Tokens
from pilothouse.usage.service import Prices

if TYPE_CHECKING:
    from pilothouse.cli.opening import Options
    from pilothouse.llm.service import Providers, Route
    from pilothouse.settings import Settings

PROMPT = "Answer with the one word: ready"
MOST = 64
"""Tokens of the answer: enough for models that think before they speak."""


async def tried(options: Options, model: str) -> list[tuple[str, bool]]:
    """A line for each model behind an alias, and whether it has answered. Raises `ModelUnknown`."""
    from pilothouse.llm.service import Catalogue, Providers

    settings = options.settings()
    routes = Catalogue(settings.providers, settings.models).routes("", model)
    providers = Providers(secrets_of(settings))
    try:
        return [await _one(settings, providers, route) for route in routes]
    finally:
        await providers.close()


async def _one(settings: Settings, providers: Providers, route: Route) -> tuple[str, bool]:
    from pilothouse.llm.service import asked_once

    begun = elapsed()
    try:
        said, tokens = await asked_once(providers, route, PROMPT, MOST)
    except PilothouseError as error:
        return f"{route.id}: {error}", False
    seconds = elapsed() - begun
    took = f"{seconds * 1_000:,.0f} ms, {tokens.input} tokens in and {tokens.output} out"
    return f"{route.id}: {said[:40]!r} in {took}, {_cost(settings, route.id, tokens)}", True


def _cost(settings: Settings, model: str, tokens: Tokens) -> str:
    try:
        return f"${Prices(settings.model_prices).cost(model, tokens).amount.normalize():f}"
    except PilothouseError as error:
        return f"price unknown ({error.hint})"
