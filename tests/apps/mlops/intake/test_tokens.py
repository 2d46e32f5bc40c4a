import pytest

from pilothouse.apps.mlops.intake.text import fold
from pilothouse.apps.mlops.intake.tokens import Kind, tokenize


def cut(text: str) -> list[tuple[str, str]]:
    return [(token.kind.name, token.text) for token in tokenize(fold(text))]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("5,000.50$", [("NUMBER", "5,000.50"), ("SYMBOL", "$")]),
        ("5 000 €", [("NUMBER", "5 000"), ("SYMBOL", "€")]),
        ("200ms", [("NUMBER", "200"), ("WORD", "ms")]),
        ("P99.9", [("PERCENTILE", "p99.9")]),
        ("k8s on eu-central-1", [("WORD", "k8s"), ("WORD", "on"), ("REGION", "eu-central-1")]),
        ("us-central1 500", [("REGION", "us-central1"), ("NUMBER", "500")]),
        ("24/7", [("WORD", "24/7")]),
        ("2027-01-31", [("DATE", "2027-01-31")]),
        ("don't we're", [("WORD", "don't"), ("WORD", "we"), ("WORD", "re")]),
        ("l'UE", [("WORD", "l"), ("WORD", "ue")]),
        ("max. 5", [("WORD", "max"), ("NUMBER", "5")]),
        ("a. b", [("WORD", "a"), ("WORD", "b")]),
        ("cloud. next", [("WORD", "cloud"), ("STOP", "."), ("WORD", "next")]),
        ("one\ntwo", [("WORD", "one"), ("WORD", "two")]),
        ("one\nTwo", [("WORD", "one"), ("STOP", "\n"), ("WORD", "two")]),
        ("one\n\ntwo", [("WORD", "one"), ("STOP", "\n"), ("WORD", "two")]),
        ("使用AWS", [("OTHER", "使用"), ("WORD", "aws")]),
    ],
)
def test_text_is_cut_into_words_numbers_symbols_and_breaks(text: str, tokens: list[tuple[str, str]]) -> None:
    assert cut(text) == tokens


def test_tokens_know_their_place_in_the_folded_text() -> None:
    text = fold("Größe: 5 TB, größer!")
    for token in tokenize(text):
        assert text.plain[token.start : token.end].lower() == token.text


def test_kinds_that_phrases_may_hold_come_before_breaks() -> None:
    assert Kind.SYMBOL < Kind.COMMA < Kind.STOP
