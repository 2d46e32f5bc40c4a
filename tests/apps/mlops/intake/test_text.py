import pytest

from pilothouse.apps.mlops.intake import InvalidPrompt, read
from pilothouse.apps.mlops.intake.text import MAX_CHARACTERS, check, fold


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("plain ASCII", "plain ASCII"),
        ("Détection à l\u2019été", "Detection a l'ete"),
        ("de\u0301tection", "detection"),
        ("Größe", "Grosse"),
        ("\uff15\uff10\uff10\uff10\uff04", "5000$"),
        ("\u0665\u0660\u0660\u0660", "5000"),
        ("5\u00a0000\u202f€", "5 000 €"),
        ("p99 ≤ 50 ms", "p99 < 50 ms"),
        ("a\u200bb\u200f", "ab"),
        ("real\u2011time \u2013 now", "real-time - now"),
        ("AWS™ ½", "AWS  0.5"),
    ],
)
def test_folding_removes_accents_widths_and_exotic_spaces(written: str, folded: str) -> None:
    assert fold(written).plain == folded


@pytest.mark.parametrize("written", ["für die Größe", "e\u0301te\u0301 €", "\u200fabc\u200f", "ﬁnal ½ €"])
def test_every_folded_character_knows_where_it_came_from(written: str) -> None:
    text = fold(written)
    for index in range(len(text.plain)):
        span = text.span(index, index + 1)
        assert written[span.start : span.end] == span.text
        assert span.text


def test_span_of_an_accented_word_holds_its_combining_marks() -> None:
    written = "une de\u0301te\u0301 x"
    text = fold(written)
    start = text.plain.index("dete")
    assert text.span(start, start + 4).text == "de\u0301te\u0301"


@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        ("", "empty_prompt"),
        (" \n\t ", "empty_prompt"),
        ("x" * (MAX_CHARACTERS + 1), "prompt_too_long"),
        ("x" * 1_000_000, "prompt_too_long"),
        ("123 456 !?", "no_letters"),
        ("\U0001f680\U0001f4a5", "no_letters"),
        ("fraud\x00detection", "control_characters"),
        ("\x1b[31mfraud detection", "control_characters"),
        ("fraud\x7f", "control_characters"),
        ("fraud \ud800 detection", "not_unicode"),
        ("fraud detection with a budget of -$5000 a month", "negative_budget"),
        ("fraud detection, -5000$ budget", "negative_budget"),
        ("-5000$ budget for fraud detection", "negative_budget"),
        ("a budget of minus 5000 dollars", "negative_budget"),
        ("budget $-5000/month", "negative_budget"),
        ("fraud detection with $0/month", "zero_budget"),
        ("0 budget fraud detection", "zero_budget"),
        ("we have a negative budget", "negative_budget"),
    ],
)
def test_unusable_prompt_is_refused_with_a_code_and_a_message(prompt: str, code: str) -> None:
    with pytest.raises(InvalidPrompt) as refused:
        read(prompt)
    assert refused.value.code == code
    assert refused.value.message == str(refused.value)
    assert refused.value.message.endswith(".")


@pytest.mark.parametrize("prompt", ["a\tb\r\nc", "x" * MAX_CHARACTERS, "שלום", "a \x85 b"])
def test_usable_prompt_passes_the_check(prompt: str) -> None:
    check(prompt)
    read(prompt)


@pytest.mark.parametrize(
    "prompt",
    ["budget - $5000/month", "budget: 2000-5000 USD", "- $5000/month\n- AWS", "a list\n-$5000\n-AWS"],
)
def test_a_dash_is_not_a_minus_sign(prompt: str) -> None:
    budget = read(prompt).requirements.budget
    assert budget is not None
    assert budget.value.monthly == 5000
