"""Prices language models by the token on Bedrock, Vertex AI and Azure OpenAI."""

from __future__ import annotations

from pilothouse.apps.mlops.pricing.model import CostLine
from pilothouse.apps.mlops.pricing.quote import Quote
from pilothouse.apps.mlops.pricing.reading import block, text

MILLION = 1_000_000


def _add_tokens(quote: Quote, service: str, model: str, keys: tuple[str, str]) -> None:
    for direction, key in zip(("input", "output"), keys, strict=True):
        tokens = quote.use(key)
        if direction == "output" and not tokens and "embed" in model:
            continue
        quote.metered(service, f"{model}.{direction}", f"{direction} tokens ({model})", tokens, per=MILLION)


def bedrock(quote: Quote) -> tuple[CostLine, ...]:
    """aws_bedrock_model_invocation: `model_id`. Usage: monthly_input_tokens, monthly_output_tokens."""
    model = quote.text("model_id") or quote.text("model")
    for prefix in ("us.", "eu.", "global."):
        model = model.removeprefix(prefix)
    _add_tokens(quote, "aws/bedrock", model, ("monthly_input_tokens", "monthly_output_tokens"))
    return quote.done()


def vertex(quote: Quote) -> tuple[CostLine, ...]:
    """google_vertex_ai_model_invocation: `model`. Usage: monthly_input_tokens, monthly_output_tokens."""
    model = quote.text("model")
    _add_tokens(quote, "gcp/gemini", model, ("monthly_input_tokens", "monthly_output_tokens"))
    return quote.done()


def azure_openai(quote: Quote) -> tuple[CostLine, ...]:
    """azurerm_cognitive_deployment: `model` block with its name.

    Usage: monthly_language_input_tokens and monthly_language_output_tokens, or
    monthly_text_embeddings_tokens for an embedding model.
    """
    attributes = quote.resource.attributes
    model = text(block(attributes, "model"), "name") or quote.text("model")
    keys = ("monthly_language_input_tokens", "monthly_language_output_tokens")
    if "embedding" in model:
        keys = ("monthly_text_embeddings_tokens", "monthly_language_output_tokens")
    _add_tokens(quote, "azure/openai", model, keys)
    return quote.done()
