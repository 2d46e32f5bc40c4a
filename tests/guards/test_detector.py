"""The detector: places in the original text, overlaps, treatments, and time that no text can stretch."""

from __future__ import annotations

import itertools
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.guards.detector import Detector
from pilothouse.guards.findings import Act, Finding, Severity
from pilothouse.guards.overlaps import Candidate, resolved
from pilothouse.guards.rules import RULES
from pilothouse.guards.rules.rule import Rule
from pilothouse.guards.treatment import Treatment

DETECTOR = Detector()
PIECES = [rule.example for rule in RULES if rule.example]


def test_a_text_without_anything_has_no_findings() -> None:
    assert DETECTOR.scan("The release waits for nobody, and nobody waits for the release.") == []
    assert DETECTOR.scan("") == []


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("card \uff14\uff15\uff13\uff19 1488 0343 6467", "card", "\uff14\uff15\uff13\uff19 1488 0343 6467"),
        ("card ٤٥٣٩١٤٨٨٠٣٤٣٦٤٦٧", "card", "٤٥٣٩١٤٨٨٠٣٤٣٦٤٦٧"),
        ("card 4539\u200b1488\u200b0343\u200b6467!", "card", "4539\u200b1488\u200b0343\u200b6467"),
        ("card 4539\u00ad148803436467", "card", "4539\u00ad148803436467"),
        ("SSN 219\u201145\u20117281", "us_ssn", "219\u201145\u20117281"),
        ("card 4539\u00a01488\u20070343\u30006467", "card", "4539\u00a01488\u20070343\u30006467"),
        ("\U0001f6a2\U0001f6a2 nora\uff20fjord.example", "email", "nora\uff20fjord.example"),
        ("Пишите: nora@fjord.example", "email", "nora@fjord.example"),
    ],
)
def test_places_are_those_of_the_original_text(text: str, kind: str, value: str) -> None:
    assert [(found.type, text[found.start : found.end]) for found in DETECTOR.scan(text)] == [(kind, value)]


def test_a_name_with_accents_is_found_whole() -> None:
    text = "Yesterday Łukasz Wiśniewski wrote"
    assert [text[found.start : found.end] for found in DETECTOR.scan(text)] == ["Łukasz Wiśniewski"]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=30), max_size=6).map(" | ".join))
@settings(max_examples=80, deadline=None)
def test_findings_lie_within_the_text_in_order_without_overlap(text: str) -> None:
    found = DETECTOR.scan(text)
    assert all(0 <= one.start < one.end <= len(text) and 0.5 <= one.confidence <= 1 for one in found)
    assert all(first.end <= second.start for first, second in itertools.pairwise(found))


PLAIN = Detector(rules=[replace(rule, hint="") for rule in RULES])


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=30), max_size=4).map(" ".join))
@settings(max_examples=60, deadline=None)
def test_hints_and_the_prefilter_lose_nothing(text: str) -> None:
    assert DETECTOR.scan(text) == PLAIN.scan(text)


@given(
    st.lists(
        st.builds(
            lambda start, length, sure, order: Candidate("t", start, start + length, sure / 10, order),
            st.integers(0, 40),
            st.integers(1, 12),
            st.integers(5, 9),
            st.integers(0, 3),
        ),
        max_size=12,
    )
)
@settings(max_examples=100)
def test_whatever_gives_way_overlaps_something_at_least_as_sure(candidates: list[Candidate]) -> None:
    kept = resolved(candidates)
    for one in candidates:
        rivals = [other for other in kept if other.start < one.end and one.start < other.end]
        assert any(other.confidence >= one.confidence for other in rivals)
    assert kept == sorted(kept, key=lambda one: one.start)


def test_the_longer_of_two_equally_sure_ones_stays() -> None:
    short, long = Candidate("a", 3, 6, 0.9, 0), Candidate("b", 0, 9, 0.9, 1)
    assert resolved([short, long]) == [long]
    assert resolved([Candidate("b", 0, 9, 0.9, 1), Candidate("a", 0, 9, 0.9, 0)]) == [
        Candidate("a", 0, 9, 0.9, 0)
    ]


def test_a_finding_shows_nothing_of_the_text() -> None:
    found = DETECTOR.scan("Write to nora.quist@fjord.example")[0]
    assert found == Finding("email", 9, 33, 0.98, Severity.MEDIUM, Act.MASK)
    assert not re.search("nora|quist|fjord", repr(found))


def test_treatments_can_be_replaced_and_rules_added() -> None:
    own = Rule("ticket", r"\bTK-\d{4}\b", "four digits behind TK", "TK-1234")
    detector = Detector({"email": Treatment(Severity.LOW, Act.FLAG)}, [*RULES, own])
    found = {
        one.type: (one.severity, one.action) for one in detector.scan("nora@fjord.example about TK-1234")
    }
    assert found == {"email": (Severity.LOW, Act.FLAG), "ticket": (Severity.HIGH, Act.MASK)}


def test_a_long_text_has_what_its_parts_have() -> None:
    text = "\n".join(
        f"row {at}: {piece}" for at, piece in enumerate(["nora@fjord.example", "219-45-7281"] * 300)
    )
    kinds = [found.type for found in DETECTOR.scan(text)]
    assert kinds == ["email", "us_ssn"] * 300


def test_a_required_word_reaches_only_as_far_as_its_rule_says() -> None:
    near, far = "SSN 219457281", "SSN " + "and so on " * 12 + "219457281"
    assert [one.type for one in DETECTOR.scan(near)] == ["us_ssn"]
    assert DETECTOR.scan(far) == []
    both = near + " and then nothing for long " * 12 + near
    assert [one.type for one in DETECTOR.scan(both)] == ["us_ssn", "us_ssn"]


def test_threads_may_share_a_detector() -> None:
    texts = [f"{piece} {at}" for at in range(4) for piece in PIECES]
    alone = [DETECTOR.scan(text) for text in texts]
    shared = Detector()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(shared.scan, texts)) == alone


HOSTILE = {
    "digits": "0123456789",
    "groups": "1234 ",
    "dots": "1.2.3.",
    "colons": "a:b:",
    "mail": "a.b-c",
    "at": "a@b.",
    "capitals": "Ab Cd ",
    "key": "eyJabcdefghij.",
    "begin": "-----BEGIN RSA PRIVATE KEY-----",
    "password": "password: ",
    "bearer": "bearer aaaaaaaaaaaaaaaa ",
    "schemes": "http://",
    "ssn": "ssn 123456789 ",
    "slots": "<EMAIL:aaaa",
    "unseen": "\u200b1",
    "names": "Ingrid ",
    "streets": "1 Aa Bb ",
}


@pytest.mark.timed
@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_text_takes_longer_than_its_length_allows(unit: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        began = time.thread_time()
        DETECTOR.scan(text)
        return time.thread_time() - began

    seconds(2_000)
    short, long = seconds(8_000), seconds(32_000)
    assert long < max(8 * short, 0.4)  # four times the text
