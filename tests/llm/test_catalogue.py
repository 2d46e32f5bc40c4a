"""Names of models: aliases, a tenant's own, and models that are named themselves."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pilothouse.llm.catalogue import Catalogue
from pilothouse.llm.errors import ModelUnknown
from pilothouse.model_settings import ProviderTerms

OPENAI = ProviderTerms(kind="openai")
OLLAMA = ProviderTerms(url="http://127.0.0.1:11434/v1/", keyless=True)


@pytest.fixture
def catalogue() -> Catalogue:
    aliases = {"default": ("openai:gpt-5.2", "ollama:llama3:8b"), "fast": ("ollama:llama3:8b",)}
    return Catalogue({"openai": OPENAI, "ollama": OLLAMA}, aliases)


def test_an_alias_leads_to_its_models_in_order(catalogue: Catalogue) -> None:
    routes = catalogue.routes("default", "default")
    assert [route.id for route in routes] == ["openai:gpt-5.2", "ollama:llama3:8b"]
    assert [route.secret for route in routes] == ["provider/openai", "provider/ollama"]
    assert routes[1].terms.url == "http://127.0.0.1:11434/v1"


def test_a_model_can_be_named_itself(catalogue: Catalogue) -> None:
    assert [route.id for route in catalogue.routes("default", "openai:gpt-5.2-mini")] == [
        "openai:gpt-5.2-mini"
    ]


def test_a_tenants_own_alias_goes_first_and_is_seen_by_nobody_else(catalogue: Catalogue) -> None:
    catalogue.overrides["acme"] = {"fast": ("openai:gpt-5.2-nano",)}
    assert [route.id for route in catalogue.routes("acme", "fast")] == ["openai:gpt-5.2-nano"]
    assert [route.id for route in catalogue.routes("default", "fast")] == ["ollama:llama3:8b"]
    assert catalogue.names("acme")["fast"] == ("openai:gpt-5.2-nano",)


@pytest.mark.parametrize("wanted", ["slow", "azure:gpt", "openai:", ":", ""])
def test_what_names_no_model_is_said_with_what_there_is(catalogue: Catalogue, wanted: str) -> None:
    with pytest.raises(ModelUnknown, match="default, fast; a model is written provider:name") as told:
        catalogue.routes("default", wanted)
    assert "ollama, openai" in str(told.value)


@pytest.mark.parametrize(
    "terms",
    [
        {"kind": "compatible"},
        {"url": "ftp://example.com"},
        {"url": "https://user:word@example.com/v1"},
        {"url": "https://example.com/v1?key=1"},
        {"kind": "openai", "region": "eu-west-1"},
    ],
)
def test_a_provider_that_cannot_be_is_refused(terms: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        ProviderTerms.model_validate(terms)
