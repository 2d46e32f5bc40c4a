from decimal import Decimal

import pytest

from pilothouse.apps.mlops.intake.numbers import amount_at, parse
from pilothouse.apps.mlops.intake.text import fold
from pilothouse.apps.mlops.intake.tokens import tokenize


@pytest.mark.parametrize(
    ("figure", "value", "grouped"),
    [
        ("5000", "5000", None),
        ("5,000.50", "5000.50", None),
        ("5.000,50", "5000.50", None),
        ("5 000", "5000", None),
        ("5'000", "5000", None),
        ("1,000,000", "1000000", None),
        ("1.000.000", "1000000", None),
        ("1,00,000", "100000", None),
        ("5.5", "5.5", None),
        ("5.50", "5.50", None),
        ("5,5", "5.5", None),
        ("0.999", "0.999", None),
        ("5.000", "5.000", "5000"),
        ("5,000", "5.000", "5000"),
        ("1_000", "1000", None),
    ],
)
def test_figures_are_read_in_every_notation(figure: str, value: str, grouped: str | None) -> None:
    read = parse(figure)
    assert read == (Decimal(value), Decimal(grouped) if grouped else None)


@pytest.mark.parametrize("figure", ["1,2,3", "1.2.3", "1.2,3.4", "9" * 16, "9" * 5000])
def test_malformed_and_endless_figures_are_not_numbers(figure: str) -> None:
    assert parse(figure) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10M", 10_000_000),
        ("5 k", 5000),
        ("2.5 million", 2_500_000),
        ("2 Mio.", 2_000_000),
        ("3 Mrd", 3_000_000_000),
        ("1e6", 1_000_000),
        ("twenty five", 25),
        ("half a million", 500_000),
        ("two hundred thousand", 200_000),
        ("a dozen", 12),
        ("a few", 3),
        ("millions of", 1_000_000),
        ("5 lakh", 500_000),
        ("five", 5),
        ("70b", 70_000_000_000),
        ("10 m", 10),
    ],
)
def test_scales_and_number_words_multiply(text: str, value: int) -> None:
    amount = amount_at(tokenize(fold(text)), 0)
    assert amount is not None
    assert amount.value == value


@pytest.mark.parametrize("text", ["a", "the", "a cat", "thousand", "cat", "%"])
def test_words_that_count_nothing_are_no_amount(text: str) -> None:
    assert amount_at(tokenize(fold(text)), 0) is None
