"""Language models are priced by the token; a model without a price is unknown."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

Monthly = Callable[..., dict[str, Decimal | None]]
D = Decimal
TOKENS = {"monthly_input_tokens": 10_000_000, "monthly_output_tokens": 1_000_000}


@pytest.mark.parametrize("prefix", ["", "us."])
def test_bedrock_models_are_paid_in_and_out(monthly: Monthly, prefix: str) -> None:
    model = f"{prefix}amazon.nova-micro-v1:0"
    assert monthly("aws_bedrock_model_invocation", {"model_id": model}, TOKENS) == {
        "input tokens (amazon.nova-micro-v1:0)": D("0.35"),
        "output tokens (amazon.nova-micro-v1:0)": D("0.14"),
    }


def test_vertex_models_are_paid_in_and_out(monthly: Monthly) -> None:
    found = monthly(
        "google_vertex_ai_model_invocation", {"model": "gemini-2.5-flash"}, TOKENS, region="us-central1"
    )
    assert list(found.values()) == [D(3), D("2.5")]


def test_azure_models_are_paid_in_and_out_and_embeddings_in_only(monthly: Monthly) -> None:
    usage = {"monthly_language_input_tokens": 1_000_000, "monthly_language_output_tokens": 1_000_000}
    chat = {"model": {"name": "gpt-4o-mini"}}
    assert list(monthly("azurerm_cognitive_deployment", chat, usage, region="eastus").values()) == [
        D("0.15"),
        D("0.6"),
    ]
    embedding = {"model": {"name": "text-embedding-3-small"}}
    usage = {"monthly_text_embeddings_tokens": 1_000_000}
    assert monthly("azurerm_cognitive_deployment", embedding, usage, region="eastus") == {
        "input tokens (text-embedding-3-small)": D("0.02")
    }


def test_an_unknown_model_is_unknown(monthly: Monthly) -> None:
    found = monthly("aws_bedrock_model_invocation", {"model": "someone.new-v1"}, TOKENS)
    assert set(found.values()) == {None}
