"""Which models there are: an alias such as `default` leads to models, the first of which is tried first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pilothouse.kit.secret import SecretSource
from pilothouse.llm.errors import ModelUnknown
from pilothouse.model_settings import ProviderTerms

Aliases = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Route:
    """A model at a provider."""

    provider: str
    model: str
    terms: ProviderTerms

    @property
    def id(self) -> str:
        """How settings, usage and policies call it: `provider:model`."""
        return f"{self.provider}:{self.model}"

    @property
    def secret(self) -> str:
        """The name of the secret with the provider's key."""
        return f"provider/{self.provider}"


class Catalogue:
    """The models of an installation, with what tenants have set for themselves."""

    def __init__(self, providers: Mapping[str, ProviderTerms], aliases: Aliases) -> None:
        """Know the `providers` by name, and for each alias the models that stand behind it."""
        self.providers = dict(providers)
        self.aliases: dict[str, tuple[str, ...]] = {name: tuple(models) for name, models in aliases.items()}
        self.overrides: dict[str, Aliases] = {}

    def routes(self, tenant_id: str, wanted: str) -> tuple[Route, ...]:
        """The models behind an alias of a tenant, or the one model that is named; the first is tried first.

        Raises `ModelUnknown`.
        """
        models = self.overrides.get(tenant_id, {}).get(wanted) or self.aliases.get(wanted)
        if models is None:
            models = (wanted,)
        return tuple(self._route(model) for model in models)

    def names(self, tenant_id: str) -> dict[str, tuple[str, ...]]:
        """The aliases of a tenant, by name, with the models behind them."""
        own = {name: tuple(models) for name, models in self.overrides.get(tenant_id, {}).items()}
        return dict(sorted({**self.aliases, **own}.items()))

    def _route(self, wanted: str) -> Route:
        provider, _, model = wanted.partition(":")
        terms = self.providers.get(provider)
        if terms is None or not model:
            known = ", ".join(sorted(self.aliases)) or "no alias"
            named = ", ".join(sorted(self.providers)) or "no provider"
            raise ModelUnknown(
                f"{wanted[:200]!r} is no model.",
                hint=f"Settings name {known}; a model is written provider:name, and there is {named}.",
            )
        return Route(provider, model, terms)


async def key_of(secrets: SecretSource, route: Route) -> str | None:
    """The key for a model's provider; None where it takes none. Raises `SecretMissing`."""
    if route.terms.keyless:
        return None
    return (await secrets.versions(route.secret))[0].reveal().decode().strip()
