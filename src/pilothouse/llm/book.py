"""The models of a tenant: what its aliases stand for, what that costs, and which providers can be asked."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.audit.service import AuditLog
from pilothouse.errors import NotFound, PilothouseError
from pilothouse.kit.clock import Clock, SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope
from pilothouse.kit.secret import SecretSource
from pilothouse.llm.catalogue import Catalogue, Route, key_of
from pilothouse.llm.repository import AliasRepository
from pilothouse.llm.schemas import AliasShown, AliasTerms, ModelShown, ModelsShown, ProviderShown
from pilothouse.llm.tables import AliasRow
from pilothouse.settings import Settings
from pilothouse.usage.schemas import Tokens
from pilothouse.usage.service import Prices

log = structlog.get_logger(__name__)

MILLION = 1_000_000


def model_book(settings: Settings, secrets: SecretSource, session: AsyncSession, scope: Scope) -> ModelBook:
    """The models of a tenant by the settings of this process, in a session."""
    return ModelBook(
        AliasRepository(session, scope),
        Catalogue(settings.providers, settings.models),
        secrets,
        Prices(settings.model_prices, settings.providers),
        scope,
    )


class ModelBook:
    """The models of the scope's tenant."""

    def __init__(
        self,
        repository: AliasRepository,
        catalogue: Catalogue,
        secrets: SecretSource,
        prices: Prices,
        scope: Scope,
        clock: Clock | None = None,
    ) -> None:
        """Read and change what is in `repository`, beside what settings have put into `catalogue`."""
        self._repository, self._catalogue = repository, catalogue
        self._secrets, self._prices = secrets, prices
        self._scope, self._clock = scope, clock or SystemClock()
        self._audit = AuditLog(self._clock, Ids())

    async def all(self) -> ModelsShown:
        """The aliases, by name, and the providers."""
        own = {row.alias: row for row in await self._repository.all()}
        names = sorted({*self._catalogue.aliases, *own})
        return ModelsShown(
            items=[self._shown(name, own.get(name)) for name in names],
            providers=[await self._provider(name) for name in sorted(self._catalogue.providers)],
        )

    async def put(self, alias: str, terms: AliasTerms) -> AliasShown:
        """Put models behind an alias for the tenant. Raises `ModelUnknown` for one at no known provider."""
        for model in terms.models:
            self._catalogue.routes("", model)
        now, by = self._clock.now(), self._scope.principal
        await self._repository.put(alias, terms.models, by, now)
        await self._repository.record(self._audit, self._scope, alias, "set", terms.models)
        log.info("model_alias_set", alias=alias, models=terms.models, by=by)
        return AliasShown(
            alias=alias, own=True, models=self._models(terms.models), changed_by=by, changed_at=now
        )

    async def remove(self, alias: str) -> AliasShown:
        """Take back what the tenant has set: the settings hold again. Raises `NotFound`."""
        models = await self._repository.remove(alias)
        if models is None:
            raise NotFound(
                f"The tenant has nothing of its own behind {alias}.",
                hint="`pilothouse models list` shows what it has set.",
            )
        await self._repository.record(self._audit, self._scope, alias, "unset", models)
        log.info("model_alias_unset", alias=alias, by=self._scope.principal)
        return AliasShown(alias=alias, own=True, models=self._models(models))

    def _shown(self, alias: str, row: AliasRow | None) -> AliasShown:
        if row is None:
            return AliasShown(alias=alias, own=False, models=self._models(self._catalogue.aliases[alias]))
        models = self._models(row.models)
        return AliasShown(
            alias=alias, own=True, models=models, changed_by=row.changed_by, changed_at=row.changed_at
        )

    def _models(self, models: Sequence[str]) -> list[ModelShown]:
        return [
            ModelShown(
                id=model,
                known=model.partition(":")[0] in self._catalogue.providers,
                input_price=self._price(model, Tokens(input=MILLION)),
                output_price=self._price(model, Tokens(output=MILLION)),
            )
            for model in models
        ]

    def _price(self, model: str, tokens: Tokens) -> str | None:
        try:
            return f"{self._prices.cost(model, tokens).amount.normalize():f}"
        except PilothouseError:
            return None  # it is shown as one that nobody knows

    async def _provider(self, name: str) -> ProviderShown:
        terms = self._catalogue.providers[name]
        try:
            await key_of(self._secrets, Route(name, "", terms))
            has_key = not terms.keyless
        except PilothouseError:
            has_key = False  # it is shown as one without
        return ProviderShown(name=name, kind=terms.kind, has_key=has_key, keyless=terms.keyless)
