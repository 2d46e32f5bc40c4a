import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from apps.mlops.intake.expectations import cases
from pilothouse.apps.mlops.coverage import assume, cover
from pilothouse.apps.mlops.intake import InvalidPrompt, read
from pilothouse.apps.mlops.intake.text import MAX_CHARACTERS
from pilothouse.apps.mlops.requirements import Intake, Requirements, Span

SAYINGS = [str(case["say"]) for name in ("phrases.yaml", "prompts.yaml") for case in cases(name)]
FIELDS = [name for name in Requirements.model_fields if name != "prompt"]
CODES = {
    *("empty_prompt", "prompt_too_long", "control_characters", "not_unicode", "no_letters"),
    *("negative_budget", "zero_budget"),
}
PIECES = st.one_of(
    st.sampled_from(SAYINGS),
    st.sampled_from([word for saying in SAYINGS for word in saying.split()]),
    st.text(max_size=8),
    st.sampled_from(
        ["no", "not", ",", ". ", "\n", "-", "$", "€", "5k", "99.9%", "EU", "1.000", "\u0301", "\u200f"]
    ),
)
PROMPTS = st.one_of(
    st.text(max_size=200),
    st.lists(PIECES, min_size=1, max_size=12).map(" ".join),
    st.lists(PIECES, min_size=1, max_size=12).map("".join),
)
CONSISTENT = [
    "We run on AWS.",
    "The budget is $5000 per month.",
    "Fraud detection it is.",
    "Predictions in real time.",
    "p99 under 100 ms.",
    "200 requests per second.",
    "2 TB of data.",
    "GDPR applies.",
    "Data must stay in Germany.",
    "99.9% availability.",
    "Retrain weekly.",
    "The team has some experience.",
    "Every decision must be explained.",
    "The data is tabular.",
    "We use XGBoost.",
    "Personal data is processed.",
]
ENDLESS = [
    *("no ", "1 ", "$1 ", "not AWS, ", "AWS kafka ", "1e5 ", "5 k ", "1-2 ", "budget $5 ", "between 1 and "),
    *("classify a ", "extract from ", "p99 200 ms ", "10 events a day ", "only EU in us-east-1 ", "a'b "),
    *("retrain weekly every 2 days ", "20 stores 4 cameras each 1 event per second each ", "is not allowed "),
    *(
        "95% of requests ",
        "1,",
        "a",
        "\n",
        "-5 ",
        "\u0301",
        "no kafka or ",
        "by end of ",
        "team of 5 engineers ",
    ),
]


def spans(intake: Intake) -> list[Span]:
    constraints = [
        getattr(intake.requirements, name) for name in Requirements.model_fields if name != "prompt"
    ]
    found = [constraint.span for constraint in constraints if constraint is not None and constraint.span]
    return found + [span for contradiction in intake.contradictions for span in contradiction.spans]


def read_or_refuse(prompt: str) -> Intake | str:
    try:
        return read(prompt)
    except InvalidPrompt as refused:
        return refused.code


@settings(max_examples=200, deadline=None)
@given(PROMPTS)
@example("$" * 3000 + "x")
@example("9" * 5000 + " users")
@example("a" + "(" * 3000)
@example("x" + "\u202e" * 100 + "fraud $5k/mo")
def test_any_text_is_read_or_refused_with_a_known_code_and_spans_are_exact(prompt: str) -> None:
    intake = read_or_refuse(prompt)
    if not isinstance(intake, Intake):
        assert intake in CODES
        return
    for span in spans(intake):
        assert prompt[span.start : span.end] == span.text
        assert span.text.strip()
    coverage = cover(intake)
    assert 0 <= coverage.score <= 1
    assert read(prompt) == intake
    assert cover(intake) == coverage
    settled = assume(intake, coverage)
    assert Intake.model_validate_json(settled.model_dump_json()) == settled


@settings(max_examples=25, deadline=None)
@given(st.permutations(CONSISTENT))
def test_saying_more_never_lowers_the_coverage(statements: list[str]) -> None:
    scores = [cover(read(" ".join(statements[:count]))).score for count in range(1, len(statements) + 1)]
    assert scores == sorted(scores)
    assert scores[-1] == pytest.approx(1, abs=0.01)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(SAYINGS), st.sampled_from(["Thanks!", "", "¡Hola!", "\n\nBest regards"]))
def test_courtesies_change_nothing(saying: str, courtesy: str) -> None:
    plain, polite = read(saying), read(f"{saying} {courtesy}")
    for name in FIELDS:
        assert getattr(polite.requirements, name) == getattr(plain.requirements, name)


def calls(prompt: str) -> int:
    """How many function calls reading `prompt` makes: time without a clock."""
    count = 0

    def profile(*_: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(profile)
    try:
        read_or_refuse(prompt)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("unit", ENDLESS)
def test_work_grows_in_proportion_to_the_length(unit: str) -> None:
    read("fraud detection")  # tables are loaded once
    short, long = (calls(f"x {unit * 4000}"[:length]) for length in (1000, 4000))
    assert long < 4.6 * short


def test_the_longest_prompt_is_read_to_its_end() -> None:
    filler = "We are a company with many people and plans. " * 300
    ending = " Fraud detection in real time on Azure for $5000 a month."
    prompt = filler[: MAX_CHARACTERS - len(ending)] + ending
    assert len(prompt) == MAX_CHARACTERS
    found = read(prompt).requirements
    assert found.cloud is not None
    assert found.cloud.span is not None
    assert found.cloud.span.text == "Azure"
    assert found.budget is not None
    assert found.use_case is not None
