"""What calls to models add to the metrics, and what spans say of them."""

from __future__ import annotations

from pilothouse.telemetry.metrics import Metrics
from pilothouse.usage.schemas import Call


def counted(metrics: Metrics, call: Call) -> None:
    """Add a call to the metrics of this process, in its event loop."""
    model, outcome = metrics.model(f"{call.provider}:{call.model}"), metrics.outcome(call.outcome)
    metrics.model_calls.add((model, outcome))
    metrics.model_seconds.observe((model, outcome), call.latency_ms / 1_000)
    metrics.model_cost.add((model,), float(call.cost))
    tokens = call.tokens
    for kind, count in (
        ("input", tokens.input),
        ("output", tokens.output),
        ("cache_read", tokens.cache_read),
        ("cache_write", tokens.cache_write),
    ):
        if count:
            metrics.model_tokens.add((model, kind), count)


def attributes(call: Call) -> dict[str, str | int]:
    """What a span says of a call, by the names of OpenTelemetry's semantic conventions for generative AI."""
    said: dict[str, str | int] = {
        "gen_ai.provider.name": call.provider,
        "gen_ai.request.model": call.model,
        "gen_ai.usage.input_tokens": call.tokens.input,
        "gen_ai.usage.output_tokens": call.tokens.output,
    }
    if call.agent:
        said["gen_ai.agent.name"] = call.agent
    if call.outcome != "ok":
        said["error.type"] = call.outcome
    return said
