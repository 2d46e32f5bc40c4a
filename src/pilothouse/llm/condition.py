"""What health tells of models: whether there are any, and which providers have no key."""

from __future__ import annotations

from collections.abc import Mapping

from pilothouse.errors import PilothouseError
from pilothouse.health.schemas import Condition, Part
from pilothouse.kit.secret import SecretSource
from pilothouse.llm.catalogue import Route, key_of
from pilothouse.model_settings import ProviderTerms

NAME = "models"
MISSING = "secret_missing"
"""The code of the error for a secret that is nowhere."""


async def examined(providers: Mapping[str, ProviderTerms], secrets: SecretSource) -> Part:
    """The providers of the settings. None is well: experts answer. Raises what the secrets' places raise."""
    missing = [name for name, terms in sorted(providers.items()) if not await _has_key(name, terms, secrets)]
    figures = {"providers": float(len(providers)), "without_key": float(len(missing))}
    if not providers:
        detail = "None are set up: experts answer. See the setting `providers`."
        return Part(name=NAME, status=Condition.ABSENT, detail=detail, figures=figures)
    if not missing:
        detail = "Every provider has what it needs to be asked."
        return Part(name=NAME, status=Condition.WELL, detail=detail, figures=figures)
    named = ", ".join(f"provider/{name}" for name in missing)
    detail = f"Without a key these are not asked, and others or experts answer. Missing secrets: {named}."
    return Part(name=NAME, status=Condition.DEGRADED, detail=detail, figures=figures)


async def _has_key(name: str, terms: ProviderTerms, secrets: SecretSource) -> bool:
    """Whether a provider has its key, or takes none."""
    try:
        await key_of(secrets, Route(name, "", terms))
    except PilothouseError as error:
        if error.code != MISSING:
            raise
        return False
    return True
