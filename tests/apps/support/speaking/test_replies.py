from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from string import Formatter

import pytest

from pilothouse.apps.support.proposals import Say
from pilothouse.apps.support.shop.schemas import Status
from pilothouse.apps.support.speaking.replies import languages, spoken
from pilothouse.apps.support.speaking.summary import masked

LINES = tomllib.loads((files("pilothouse.apps.support.speaking") / "replies.toml").read_text("utf-8"))
WORDS = re.compile(r"^(?:reason|state|part)_")  # words that stand in a place: a language may do without


def places(line: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(line) if name}


def test_every_language_says_everything_with_the_same_places() -> None:
    english = LINES["en"]
    assert languages() == {"en", "de"}
    for language in languages():
        lines = LINES[language]
        assert english.keys() - lines.keys() == set()
        assert all(WORDS.match(name) for name in lines.keys() - english.keys())
        assert {name: places(lines[name]) for name in english} == {
            name: places(english[name]) for name in english
        }


def test_every_state_of_an_order_can_be_told() -> None:
    for status in Status:
        assert f"status_{status.value}" in LINES["en"]
        assert f"state_{status.value}" in LINES["en"]


def test_what_stands_in_a_place_is_never_read_as_a_template() -> None:
    evil = "{0.__class__} {order}"
    assert evil in spoken(Say(line="no_such_order", places={"order": evil, "orders": "none"}), "en")


def test_a_language_that_the_desk_does_not_have_is_answered_in_english() -> None:
    assert spoken(Say(line="goodbye"), "fr") == LINES["en"]["goodbye"]


@pytest.mark.parametrize("email", ["anna@example.com", "a@b.org", "broken", ""])
def test_a_masked_address_hides_the_name(email: str) -> None:
    assert email.partition("@")[0][1:] not in masked(email) or len(email.partition("@")[0]) < 2
