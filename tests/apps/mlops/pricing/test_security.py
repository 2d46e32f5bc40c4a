"""KMS keys and secrets."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

Monthly = Callable[..., dict[str, Decimal | None]]
D = Decimal


def test_a_key_costs_a_dollar_and_its_requests(monthly: Monthly) -> None:
    assert monthly("aws_kms_key") == {"key": D(1)}
    assert monthly("aws_kms_key", {}, {"monthly_requests": 100_000})["requests"] == D("0.3")
    asymmetric = monthly(
        "aws_kms_key", {"customer_master_key_spec": "ECC_NIST_P256"}, {"monthly_requests": 100_000}
    )
    assert asymmetric["requests"] == D("1.5")


def test_a_secret_costs_its_month_and_its_requests(monthly: Monthly) -> None:
    assert monthly("aws_secretsmanager_secret", {}, {"monthly_requests": 100_000}) == {
        "secret": D("0.4"),
        "API requests": D("0.5"),
    }
    assert monthly("aws_secretsmanager_secret")["API requests"] is None
