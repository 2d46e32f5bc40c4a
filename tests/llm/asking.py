"""Runs in memory whose agents ask a provider of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from pilothouse.agents.ladders import ModelLadders
from pilothouse.kit.ids import Ids
from pilothouse.kit.secret import Secret
from pilothouse.llm.service import Calls, Catalogue, Direct, Line, Providers
from pilothouse.model_settings import LadderTerms, PriceTerms, ProviderKind, ProviderTerms
from pilothouse.secrets.errors import SecretMissing
from pilothouse.usage.service import Prices
from support.clocks import ManualClock
from support.rehearsal import Rehearsal

KEY = "sk-test-0123456789"
PRICE = PriceTerms(input="1", output="10")


class Keys:
    """The keys of providers, by name."""

    def __init__(self, **keys: str) -> None:
        self.keys = keys

    async def versions(self, name: str) -> Sequence[Secret]:
        key = self.keys.get(name.removeprefix("provider/"))
        if key is None:
            raise SecretMissing(f"There is no secret {name}.")
        return [Secret(name, "1", key.encode())]


def compatible(url: str) -> ProviderTerms:
    return ProviderTerms(kind=ProviderKind.COMPATIBLE, url=url)


class Desk:
    """What a process has of models, and what it heard of rungs."""

    def __init__(
        self,
        providers: Mapping[str, ProviderTerms],
        models: Sequence[str] = ("one:m",),
        terms: Mapping[str, LadderTerms] | None = None,
        prices: Mapping[str, PriceTerms] | None = None,
        calls: Calls | None = None,
        **parts: Any,
    ) -> None:
        self.keys = Keys(**dict.fromkeys(providers, KEY))
        self.catalogue = Catalogue(providers, {"default": tuple(models)})
        self.providers = Providers(self.keys)
        priced = dict.fromkeys(models, PRICE) if prices is None else prices
        calls = calls or Direct()
        line = Line(self.catalogue, self.providers, Prices(priced), ManualClock(), Ids(), calls)
        self.told: list[tuple[str, str, str]] = []
        self.ladders = ModelLadders(line, terms or {}, told=lambda *said: self.told.append(said), **parts)

    def run(self, workflow: Any, value: Any = None, **options: Any) -> Rehearsal:
        rehearsal = Rehearsal(workflow, value, **options)
        rehearsal.services = replace(rehearsal.services, ladders=self.ladders)
        return rehearsal


@asynccontextmanager
async def desk(*args: Any, **options: Any) -> AsyncIterator[Desk]:
    made = Desk(*args, **options)
    for route in made.catalogue.routes("", "default"):
        await made.providers.model(route)
    try:
        yield made
    finally:
        await made.providers.close()
