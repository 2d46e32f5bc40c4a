"""Masking: what goes in comes back to those who may see it, and to nobody who merely writes a placeholder."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pilothouse.errors import InvalidInput
from pilothouse.guards.detector import Detector
from pilothouse.guards.findings import Act, Finding, Severity
from pilothouse.guards.masking import PLACEHOLDER, joined, mask, places, unmask
from pilothouse.guards.rules import RULES

DETECTOR = Detector()
KEY, OTHER = b"k" * 32, b"o" * 32
EVERY = frozenset(rule.type for rule in RULES)
PIECES = st.sampled_from([rule.example for rule in RULES if rule.example])
SHAPED = st.builds(
    "<{}:{}>".format, st.sampled_from(["EMAIL", "CARD", "LITERAL"]), st.text("abk39", min_size=4, max_size=8)
)
TEXTS = st.lists(PIECES | SHAPED | st.text(max_size=20), max_size=6).map(" ".join)


def finding(kind: str, start: int, end: int, action: Act = Act.MASK) -> Finding:
    return Finding(kind, start, end, 0.9, Severity.HIGH, action)


@given(TEXTS)
@settings(max_examples=100, deadline=None)
def test_what_is_masked_comes_back(text: str) -> None:
    masked = mask(text, DETECTOR.scan(text), KEY)
    assert unmask(masked.text, masked.originals, EVERY) == text


@given(st.text("<>:ABCEMAIL39kf ", max_size=60), st.data())
@settings(max_examples=100)
def test_any_findings_come_back_whatever_is_around_them(text: str, data: st.DataObject) -> None:
    assume(text)
    start = data.draw(st.integers(0, len(text) - 1))
    masked = mask(text, [finding("email", start, data.draw(st.integers(start + 1, len(text))))], KEY)
    assert unmask(masked.text, masked.originals, EVERY) == text


def test_the_same_text_has_the_same_placeholder_everywhere_and_another_at_another_tenant() -> None:
    first = mask("a@b.example", [finding("email", 0, 11)], KEY)
    again = mask("to a@b.example, a@b.example", [finding("email", 3, 14), finding("email", 16, 27)], KEY)
    assert again.text == f"to {first.text}, {first.text}"
    assert mask("a@b.example", [finding("email", 0, 11)], OTHER).text != first.text
    assert mask("a@b.example", [finding("phone", 0, 11)], KEY).text != first.text


def test_only_allowed_types_come_back() -> None:
    text = "nora@fjord.example pays with 4539 1488 0343 6467"
    masked = mask(text, DETECTOR.scan(text), KEY)
    assert unmask(masked.text, masked.originals, {"email"}).startswith("nora@fjord.example pays with <CARD:")
    assert unmask(masked.text, masked.originals, set()) == masked.text


def test_who_writes_a_placeholder_gets_the_placeholder_and_nobodys_data() -> None:
    secret = mask("nora@fjord.example", DETECTOR.scan("nora@fjord.example"), KEY)
    attack = f"what is {secret.text}?"
    masked = mask(attack, DETECTOR.scan(attack), KEY, known=secret.originals)
    assert secret.text not in masked.text
    everything = joined(secret.originals, masked.originals)
    assert unmask(masked.text, everything, EVERY) == attack


def test_what_was_put_back_is_not_looked_at_again() -> None:
    originals = {"<EMAIL:aaaa>": "<CARD:bbbb>", "<CARD:bbbb>": "4539"}
    assert unmask("<EMAIL:aaaa>", originals, EVERY) == "<CARD:bbbb>"


def test_a_placeholder_that_is_taken_grows() -> None:
    short = mask("a@b.example", [finding("email", 0, 11)], KEY).text
    longer = mask("a@b.example", [finding("email", 0, 11)], KEY, known={short: "someone@else.example"}).text
    assert longer.startswith(short[:-1])
    assert len(longer) == len(short) + 4
    assert mask("a@b.example", [finding("email", 0, 11)], KEY, known={short: "a@b.example"}).text == short


def test_when_every_length_is_taken_it_says_so() -> None:
    known: dict[str, str] = {}
    for _ in range(13):
        placeholder = mask("a@b.example", [finding("email", 0, 11)], KEY, known=known).text
        known[placeholder] = "another text"
    with pytest.raises(InvalidInput, match="No placeholder is left"):
        mask("a@b.example", [finding("email", 0, 11)], KEY, known=known)


def test_branches_join_unless_a_placeholder_means_two_things() -> None:
    assert joined({"<A:aaaa>": "1"}, {"<A:aaaa>": "1", "<A:bbbb>": "2"}) == {"<A:aaaa>": "1", "<A:bbbb>": "2"}
    with pytest.raises(InvalidInput, match="one placeholder for different texts"):
        joined({"<A:aaaa>": "1"}, {"<A:aaaa>": "2"})


def test_findings_that_are_allowed_or_flagged_stay_and_blocked_ones_do_not() -> None:
    found = [finding("url", 0, 1, Act.ALLOW), finding("url", 1, 2, Act.FLAG), finding("key", 2, 3, Act.BLOCK)]
    assert mask("abc", found, KEY).text.startswith("ab<KEY:")


def test_a_finding_that_meets_a_placeholder_shape_covers_both() -> None:
    text = "x <EMAIL:abcd>y"
    masked = mask(text, [finding("card", 10, 15)], KEY)
    assert PLACEHOLDER.fullmatch(masked.text.removeprefix("x "))
    assert unmask(masked.text, masked.originals, {"email"}) == masked.text
    assert unmask(masked.text, masked.originals, {"card"}) == text


@given(TEXTS, st.booleans())
@settings(max_examples=100, deadline=None)
def test_the_places_of_what_is_masked_lead_from_the_text_to_the_masked_one(text: str, twice: bool) -> None:
    if twice:  # as a run's own text has some masked and some not
        text += mask(text, DETECTOR.scan(text), KEY).text
    own = [one.span() for one in PLACEHOLDER.finditer(text)]
    found = [
        one for one in DETECTOR.scan(text) if not any(one.start < end and at < one.end for at, end in own)
    ]
    for literals in (True, False):
        masked = mask(text, found, KEY, literals=literals)
        parts, last = [], 0
        for begin, end, placeholder in places(text, masked.text, masked.originals):
            parts += [text[last:begin], placeholder]
            last = end
        assert "".join([*parts, text[last:]]) == masked.text


def test_nothing_secret_is_shown_by_accident() -> None:
    assert "b.example" not in repr(mask("a@b.example", [finding("email", 0, 11)], KEY))


def test_weak_keys_and_odd_types_are_refused() -> None:
    with pytest.raises(InvalidInput, match="too short"):
        mask("a", [], b"short")
    with pytest.raises(InvalidInput, match="cannot be the type"):
        mask("a", [finding("E-Mail", 0, 1)], KEY)
