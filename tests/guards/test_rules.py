"""The tables of rules: each finds its own example, names its type, and stands in the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilothouse.guards.detector import Detector
from pilothouse.guards.rules import RULES, national, secrets
from pilothouse.guards.rules.rule import Rule
from pilothouse.guards.treatment import DEFAULTS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "personal-data.md"
WITH_EXAMPLE = [rule for rule in RULES if rule.example]


def table() -> list[str]:
    """What the documentation says of every type."""
    lines = ["| type | recognised by | severity | by default |", "|---|---|---|---|"]
    for kind in dict.fromkeys(rule.type for rule in RULES):
        ways = "; ".join(dict.fromkeys(rule.what for rule in RULES if rule.type == kind))
        lines.append(f"| `{kind}` | {ways} | {DEFAULTS[kind].severity} | {DEFAULTS[kind].action} |")
    return lines


@pytest.mark.parametrize("rule", WITH_EXAMPLE, ids=lambda rule: f"{rule.type}: {rule.what}")
def test_a_rule_finds_its_example_and_nothing_else(rule: Rule, detector: Detector) -> None:
    assert [found.type for found in detector.scan(rule.example)] == [rule.type]
    assert [found.type for found in Detector(rules=[rule]).scan(rule.example)] == [rule.type]


def test_there_are_as_many_kinds_as_promised() -> None:
    assert len({row.type for row in secrets.ROWS} | {"private_key"}) >= 60
    assert len({row.type for row in national.ROWS} - {"us_ssn"}) >= 20


def test_every_type_has_a_treatment() -> None:
    assert {rule.type for rule in RULES} == set(DEFAULTS)


def test_rules_without_an_example_are_the_keys_that_the_benchmark_invents() -> None:
    assert {rule.type for rule in RULES if not rule.example} == {row.type for row in secrets.ROWS}


def test_the_documentation_has_every_type_as_the_rules_say() -> None:
    said = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]
    assert said == table()


@pytest.mark.parametrize(
    "text",
    [
        "password: hunter",  # a word
        "password = os.environ['DB_PASSWORD']",
        "api_key = xxxxxxxxxxxxxxxxxxxxxxxx",
        "AKIAAAAAAAAAAAAAAAAA",
        "sk-proj-" + "a" * 48,
        "4539-1488-0343-6468",
        "GB69PMNJ18913943430746",
        "version 10.2.3.4",
        "300.300.300.300",
        "00:00:00:00:00:00",
        "666-45-6789",
        "see section 1.2.3 of order 123456789",
        "0x" + "0" * 40,
        "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdz",
        "Call it a day.",
        "the number 9999991234567893",
    ],
)
def test_what_only_looks_like_personal_data_is_left_alone(text: str, detector: Detector) -> None:
    assert [found.type for found in detector.scan(text) if found.type not in {"date_time", "url"}] == []


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("she was born on 1981-05-12", "date_of_birth", "1981-05-12"),
        ("it arrives on 1981-05-12", "date_time", "1981-05-12"),
        ("PESEL 44051401359", "pl_pesel", "44051401359"),
        ("identity number: 943 476 5870", "gb_nhs", "943 476 5870"),
        ("passwort: Gr0sser-Wal", "password", "Gr0sser-Wal"),
        ("ruf mich an, Handy 0151 23456789", "phone", "0151 23456789"),
        ("see https://user:s3cret@host.example/x.", "url_credentials", "https://user:s3cret@host.example/x"),
        ("4539148803436467 12/28", "card", "4539148803436467"),
        ("my card is 9999 9912 3456 7893", "card", "9999 9912 3456 7893"),
        ("id 99 4539 1488 0343 6467", "card", "4539 1488 0343 6467"),
        ("1/4052449423731668:cc5020ecbae298184e5c2dd5d3d60fe7", "asana_token", None),
        ("see https://shop.example/?c=4539148803436467&x=1", "card", "4539148803436467"),
        ("see https://shop.example/p/219-45-7281/", "us_ssn", "219-45-7281"),
        ("Ask Mr. Quillfeather, please", "person_name", "Quillfeather"),
    ],
)
def test_context_says_what_a_number_is(text: str, kind: str, value: str | None, detector: Detector) -> None:
    found = [(found.type, text[found.start : found.end]) for found in detector.scan(text)]
    assert found == [(kind, text if value is None else value)]
