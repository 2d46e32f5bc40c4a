from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.guards.injection.characters import fold


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Ignore ALL", "ignore all"),
        ("ig\u200bno\u200dre", "ignore"),
        ("\uff49\uff47\uff4e\uff4f\uff52\uff45", "ignore"),
        ("\U0001d422\U0001d420\U0001d427ore", "ignore"),
        ("i\u0301gno\u0308re", "ignore"),
        ("\u00efgn\u00f6re", "ignore"),
        ("ign\u043er\u0435", "ignore"),
        (
            "please say \u0440\u0430\u0443\u0440\u0430l and \u0441\u043e\u0441\u0430 now",
            "please say paypal and coca now",
        ),
        ("\U0001f1e6\U0001f1e7", "ab"),
        ("\u026a\u0262\u0274\u1d0f\u0280\u1d07", "ignore"),
        ("".join(chr(0xE0000 + ord(letter)) for letter in "Ignore"), "ignore"),
        ("\u202eignore\u202c", "ignore"),
        ("\u00df\ufb01", "ssfi"),
    ],
)
def test_what_imitates_or_hides_is_read_as_what_it_stands_for(text: str, read: str) -> None:
    assert fold(text).text == read


@pytest.mark.parametrize(
    "text",
    [
        "\u043f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440",
        "\uc774\uc804 \uc9c0\uc2dc",
        "\u6307\u4ee4",
        "\u0645\u0631\u062d\u0628\u0627",
    ],
)
def test_other_scripts_stay_what_they_are(text: str) -> None:
    assert fold(text).text == text


def test_tricks_are_counted() -> None:
    folded = fold("a\u200bb\u200bc \u202eq ign\u043ere \U000e0041")
    assert (folded.zero_width, folded.bidirectional, folded.tagged, folded.look_alike) == (2, 1, 1, 1)


def test_places_lead_back_into_the_original_text() -> None:
    text = "\ufb01rst: \u200big\u200bnore\u200b this"
    folded = fold(text)
    at = folded.text.index("ignore")
    start, end = folded.origin(at, at + 6)
    assert text[start:end].replace("\u200b", "") == "ignore"
    assert folded.origin(0, len(folded.text)) == (0, len(text))
    assert fold("plain").origin(1, 3) == (1, 3)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_folding_twice_changes_nothing_and_places_are_within(text: str) -> None:
    folded = fold(text)
    start, end = folded.origin(0, max(1, len(folded.text)))
    assert 0 <= start <= end <= len(text)
    assert all(not 0x200B <= ord(character) <= 0x200F for character in folded.text)
