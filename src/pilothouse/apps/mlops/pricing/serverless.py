"""Prices serverless AWS services: Lambda, API Gateway, Step Functions.

Free allowances belong to an account, not to a resource, and are not deducted.
"""

from __future__ import annotations

from decimal import Decimal

from pilothouse.apps.mlops.pricing.model import CostLine
from pilothouse.apps.mlops.pricing.quote import Quote
from pilothouse.apps.mlops.pricing.reading import HOURS, amount, block, text

LAMBDA = "aws/lambda"
GATEWAY = "aws/apigateway"
STEPS = "aws/sfn"
MILLION = 1_000_000
FREE_EPHEMERAL_MB = Decimal(512)


def _ceiling(value: Decimal, step: int) -> Decimal:
    """`value` rounded up to a whole multiple of `step`, at least one step."""
    return max((value / step).to_integral_value(rounding="ROUND_CEILING"), Decimal(1)) * step


def lambda_function(quote: Quote) -> tuple[CostLine, ...]:
    """aws_lambda_function. Usage: monthly_requests, request_duration_ms (rounded up to 1 ms)."""
    attributes = quote.resource.attributes
    architectures = attributes.get("architectures")
    chip = "arm64" if isinstance(architectures, list) and "arm64" in architectures else "x86_64"
    requests, duration = quote.use("monthly_requests"), quote.use("request_duration_ms")
    quote.metered(LAMBDA, "requests", "requests", requests, per=MILLION)
    seconds: Decimal | None = None
    if requests is not None and duration is not None:
        seconds = requests * _ceiling(duration, 1) / 1000
    gigabytes = amount(attributes, "memory_size", 128) / 1024
    total = None if seconds is None else seconds * gigabytes
    quote.metered(LAMBDA, f"duration.{chip}", "duration", total)
    disk = amount(block(attributes, "ephemeral_storage"), "size", 512) - FREE_EPHEMERAL_MB
    if disk > 0:
        used = None if seconds is None else seconds * disk / 1024
        quote.metered(LAMBDA, f"ephemeral.{chip}", "ephemeral storage above 512 MB", used)
    return quote.done()


def provisioned_concurrency(quote: Quote) -> tuple[CostLine, ...]:
    """aws_lambda_provisioned_concurrency_config.

    Usage: monthly_duration_hrs (730), monthly_requests, request_duration_ms, architecture, memory_mb (512).
    """
    chip = text(quote.usage, "architecture", "x86_64")
    gigabytes = quote.use_or("memory_mb", 512) / 1024
    requests, duration = quote.use("monthly_requests"), quote.use("request_duration_ms")
    kept = amount(quote.resource.attributes, "provisioned_concurrent_executions", 1)
    hours = quote.use("monthly_duration_hrs")
    quote.metered(LAMBDA, "requests", "requests", requests, per=MILLION)
    reserved = None if hours is None else kept * hours * 3600 * gigabytes
    quote.metered(LAMBDA, f"provisioned.{chip}", "provisioned concurrency", reserved)
    known = requests is not None and duration is not None
    used = requests * duration / 1000 * gigabytes if known and requests and duration else None
    quote.metered(LAMBDA, f"provisioned_duration.{chip}", "duration", used)
    return quote.done()


def api_v2(quote: Quote) -> tuple[CostLine, ...]:
    """aws_apigatewayv2_api, HTTP or WebSocket.

    Usage: monthly_requests and request_size_kb (each 512 KB begun is a request), or monthly_messages and
    message_size_kb (each 32 KB begun is a message) and monthly_connection_mins.
    """
    if quote.text("protocol_type", "HTTP").upper() == "WEBSOCKET":
        messages = quote.use("monthly_messages")
        chunks = _ceiling(quote.use_or("message_size_kb", 32), 32) / 32
        total = None if messages is None else messages * chunks
        quote.metered(GATEWAY, "messages", "messages", total, per=MILLION)
        minutes = quote.use("monthly_connection_mins")
        quote.metered(GATEWAY, "connections", "connection minutes", minutes, per=MILLION)
        return quote.done()
    requests = quote.use("monthly_requests")
    chunks = _ceiling(quote.use_or("request_size_kb", 512), 512) / 512
    total = None if requests is None else requests * chunks
    quote.metered(GATEWAY, "http", "requests", total, per=MILLION)
    return quote.done()


def rest_api(quote: Quote) -> tuple[CostLine, ...]:
    """aws_api_gateway_rest_api. Usage: monthly_requests."""
    quote.metered(GATEWAY, "rest", "requests", quote.use("monthly_requests"), per=MILLION)
    return quote.done()


def api_stage(quote: Quote) -> tuple[CostLine, ...]:
    """aws_api_gateway_stage: its cache, by size in GB; without one it is free."""
    size = quote.text("cache_cluster_size")
    if size:
        quote.fixed(GATEWAY, f"cache.{size}", f"cache of {size} GB", HOURS)
    return quote.done()


def state_machine(quote: Quote) -> tuple[CostLine, ...]:
    """aws_sfn_state_machine.

    Usage, standard: monthly_transitions. Express: monthly_requests, workflow_duration_ms (rounded up to
    100 ms) and memory_mb (rounded up to 64 MB).
    """
    if quote.text("type", "STANDARD").upper() != "EXPRESS":
        quote.metered(STEPS, "transitions", "state transitions", quote.use("monthly_transitions"), per=1000)
        return quote.done()
    requests = quote.use("monthly_requests")
    quote.metered(STEPS, "requests", "requests", requests, per=MILLION)
    duration, memory = quote.use("workflow_duration_ms"), quote.use("memory_mb")
    hours: Decimal | None = None
    if requests is not None and duration is not None and memory is not None:
        hours = requests * _ceiling(duration, 100) / 1000 * _ceiling(memory, 64) / 1024 / 3600
    quote.metered(STEPS, "duration", "duration", hours)
    return quote.done()
