from decimal import Decimal

import pytest

from pilothouse.apps.mlops.intake.wording import FIELD_NAMES, place_name, say
from pilothouse.apps.mlops.requirements import Budget, Cloud, Regime, Requirements, UseCase, Workload


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        (
            "budget",
            Budget(monthly=Decimal(2500), currency="EUR", stated_amount=Decimal(30000), stated_period="year"),
            "2500 EUR per month",
        ),
        ("cloud", Cloud.GCP, "Google Cloud"),
        ("workload", Workload.ONLINE, "real-time predictions"),
        ("use_case", UseCase.FRAUD_DETECTION, "fraud detection"),
        ("availability", 0.9995, "99.95 %"),
        ("availability", 0.99999, "99.999 %"),
        ("latency_ms", 200.0, "200 ms"),
        ("users", 2_000_000, "2,000,000 users"),
        ("gpu", True, "yes"),
        ("personal_data", False, "no"),
        ("compliance", (Regime.GDPR, Regime.PCI_DSS), "gdpr, pci dss"),
        ("compliance", (), "none"),
        (
            "regions",
            ("eu", "new-zealand", "eu-central-1"),
            "EU, New Zealand, eu-central-1",
        ),
    ],
)
def test_values_are_said_in_words(field: str, value: object, words: str) -> None:
    assert say(field, value) == words


def test_every_field_has_a_name() -> None:
    assert set(FIELD_NAMES) == set(Requirements.model_fields)
    assert not any("_" in name for name in FIELD_NAMES.values())


def test_areas_are_said_in_capitals_and_countries_with_one() -> None:
    assert [place_name(place) for place in ("us", "germany", "us-east-1")] == ["US", "Germany", "us-east-1"]
