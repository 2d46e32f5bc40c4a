"""Which models a caller may use: aliases, single models, and the workflows and agents that answer as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import orjson

from pilothouse.kit.scope import Scope
from pilothouse.llm.service import Catalogue, ModelUnknown
from pilothouse.protocols.openai.errors import ModelForbidden

WORKFLOW, AGENT = "workflow/", "agent/"


def allowed(caller: Scope, name: str) -> bool:
    """Whether a caller may use a model, by the list that its key has; one that ends in * fits any end."""
    if caller.models is None or name in caller.models:
        return True
    return any(one.endswith("*") and name.startswith(one[:-1]) for one in caller.models)


def insist(caller: Scope, name: str) -> None:
    """Raise `ModelForbidden` for a model that a caller may not use."""
    if not allowed(caller, name):
        error = ModelForbidden(
            f"Your key may not use the model {name[:200]!r}.", hint="GET /v1/models lists those it may use."
        )
        error.__dict__["param"] = "model"
        raise error


class Models:
    """The models that there are, as OpenAI's clients list them."""

    def __init__(
        self,
        catalogue: Catalogue,
        prices: Iterable[str],
        runnable: Iterable[str] = (),
    ) -> None:
        """Show those of `catalogue`, those with `prices` of their own, and what is `runnable`."""
        self._catalogue = catalogue
        self._prices = tuple(prices)
        self._runnable = tuple(runnable)

    async def told(self, caller: Scope, wanted: str | None = None) -> bytes:
        """All models that a caller may use, or the `wanted` one. Raises `ModelUnknown`."""
        if wanted is not None:
            if wanted not in self._names(caller) and not self._is_model(caller, wanted):
                raise ModelUnknown(f"{wanted[:200]!r} is no model.", hint="GET /v1/models lists them.")
            return orjson.dumps(_shown(wanted))
        return orjson.dumps({"object": "list", "data": [_shown(name) for name in self._names(caller)]})

    def _names(self, caller: Scope) -> list[str]:
        return sorted(name for name in set(self._all(caller.tenant_id)) if allowed(caller, name))

    def _all(self, tenant_id: str) -> Iterator[str]:
        for alias, models in self._catalogue.names(tenant_id).items():
            yield alias
            yield from models
        yield from (name for name in self._prices if name.partition(":")[0] in self._catalogue.providers)
        yield from self._runnable

    def _is_model(self, caller: Scope, wanted: str) -> bool:
        if wanted.startswith((WORKFLOW, AGENT)) or not allowed(caller, wanted):
            return False
        return bool(self._catalogue.routes(caller.tenant_id, wanted))


def _shown(name: str) -> dict[str, object]:
    owner = name.partition(":")[0] if ":" in name else "pilothouse"
    return {"id": name, "object": "model", "created": 0, "owned_by": owner}
