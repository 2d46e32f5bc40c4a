"""Prices keys and secrets on AWS: KMS and Secrets Manager."""

from __future__ import annotations

from decimal import Decimal

from pilothouse.apps.mlops.pricing.model import CostLine
from pilothouse.apps.mlops.pricing.quote import Quote


def kms_key(quote: Quote) -> tuple[CostLine, ...]:
    """aws_kms_key, aws_kms_external_key, aws_kms_replica_key.

    Usage: monthly_requests; asymmetric keys are billed at their own request price.
    """
    quote.fixed("aws/kms", "key", "key", Decimal(1))
    spec = quote.text("customer_master_key_spec", "SYMMETRIC_DEFAULT")
    cheap = spec in ("SYMMETRIC_DEFAULT", "RSA_2048") or spec.startswith("HMAC")
    item = "requests" if cheap else "requests.asymmetric"
    quote.optional("aws/kms", item, "requests", quote.use("monthly_requests"), per=10_000)
    return quote.done()


def secret(quote: Quote) -> tuple[CostLine, ...]:
    """aws_secretsmanager_secret. Usage: monthly_requests."""
    service = "aws/secretsmanager"
    quote.fixed(service, "secret", "secret", Decimal(1))
    quote.metered(service, "requests", "API requests", quote.use("monthly_requests"), per=10_000)
    return quote.done()
