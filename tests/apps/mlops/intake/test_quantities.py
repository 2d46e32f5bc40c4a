from decimal import Decimal

import pytest

from pilothouse.apps.mlops.intake.quantities import Measure, Quantity, quantities
from pilothouse.apps.mlops.intake.text import fold
from pilothouse.apps.mlops.intake.tokens import tokenize


def only(text: str, language: str = "en") -> tuple[Quantity, str]:
    folded = fold(text)
    tokens = tokenize(folded)
    found = list(quantities(folded, tokens, language))
    assert len(found) == 1, found
    quantity = found[0]
    return quantity, folded.span(tokens[quantity.first].start, tokens[quantity.last - 1].end).text


@pytest.mark.parametrize(
    ("text", "measure", "value", "unit", "per", "words"),
    [
        ("spend $5k/mo on it", Measure.MONEY, 5000, "USD", "month", "$5k/mo"),
        ("A$5 a day", Measure.MONEY, 5, "AUD", "day", "A$5 a day"),
        ("R$ 5 por mês", Measure.MONEY, 5, "BRL", "month", "R$ 5 por mês"),
        ("5 US dollars", Measure.MONEY, 5, "USD", "", "5 US dollars"),
        ("5 US$", Measure.MONEY, 5, "USD", "", "5 US$"),
        ("CHF 5'000 pro Monat", Measure.MONEY, 5000, "CHF", "month", "CHF 5'000 pro Monat"),
        ("5000 USD p.a.", Measure.MONEY, 5000, "USD", "year", "5000 USD p.a"),
        ("5000 dollars month", Measure.MONEY, 5000, "USD", "month", "5000 dollars month"),
        ("99.999%", Measure.PERCENT, "99.999", "percent", "", "99.999%"),
        ("20 percent a year", Measure.PERCENT, 20, "percent", "year", "20 percent a year"),
        ("20 pour cent", Measure.PERCENT, 20, "percent", "", "20 pour cent"),
        ("5 minutes", Measure.DURATION, 5, "minute", "", "5 minutes"),
        ("30d", Measure.DURATION, 30, "day", "", "30d"),
        ("1.5 TB", Measure.DATA, 1500, "gb", "", "1.5 TB"),
        ("512 KiB/s", Measure.DATA, "0.000512", "gb", "second", "512 KiB/s"),
        ("10M card transactions processed per day", Measure.COUNT, 10_000_000, "event", "day", None),
        ("500 per second", Measure.COUNT, 500, "", "second", "500 per second"),
        ("5 krps", Measure.COUNT, 5000, "event", "second", "5 krps"),
        ("20 PDF documents", Measure.COUNT, 20, "document", "", "20 PDF documents"),
        ("5000+ rps", Measure.COUNT, 5000, "event", "second", "5000+ rps"),
        ("7B parameters", Measure.COUNT, 7_000_000_000, "ignored", "", "7B parameters"),
    ],
)
def test_number_unit_noun_and_rate_belong_together(
    text: str, measure: Measure, value: int | str, unit: str, per: str, words: str | None
) -> None:
    quantity, span = only(text)
    assert (quantity.measure, quantity.value, quantity.unit, quantity.per) == (
        measure,
        Decimal(value),
        unit,
        per,
    )
    assert span == (text if words is None else words)


@pytest.mark.parametrize(
    ("text", "low", "value"),
    [
        ("2-3k USD", 2000, 3000),
        ("$5k to $10k", 5000, 10_000),
        ("between 100 and 200 ms", 100, 200),
        ("100ms-200ms", 100, 200),
        ("von 2 bis 3 Wochen", 2, 3),
        ("entre 2 y 3 TB", 2000, 3000),
        ("99 - 99.9 %", 99, Decimal("99.9")),
        ("1 up to 5 rps", 1, 5),
    ],
)
def test_a_range_keeps_both_ends_and_designs_for_the_upper(text: str, low: object, value: object) -> None:
    quantity, _ = only(text)
    assert (quantity.low, quantity.value) == (low, value)


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("1.500 GB", "en", Decimal("1.5")),
        ("1.500 GB", "de", 1500),
        ("1.500 €", "en", 1500),
        ("1.500 ms", "de", 1500),
        ("99,999 %", "en", Decimal("99.999")),
        ("1,500 GB", "en", 1500),
        ("500 Go", "fr", 500),
    ],
)
def test_an_ambiguous_figure_is_read_by_its_unit_and_language(
    text: str, language: str, value: object
) -> None:
    quantity, _ = only(text, language)
    assert quantity.value == value


@pytest.mark.parametrize("text", ["-5 USD", "minus 5 USD", "$-5", "costs -$5"])
def test_a_minus_sign_makes_it_negative(text: str) -> None:
    assert only(text)[0].negative


@pytest.mark.parametrize("text", ["10-5 USD", "a-5 USD"])
def test_a_hyphen_does_not_make_it_negative(text: str) -> None:
    folded = fold(text)
    found = list(quantities(folded, tokenize(folded), "en"))
    assert not any(item.negative or item.low for item in found)


def test_octets_are_data_in_french_only() -> None:
    folded = fold("500 to")
    assert [item.measure for item in quantities(folded, tokenize(folded), "en")] == [Measure.COUNT]
