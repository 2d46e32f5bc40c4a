"""Passwords: which are refused, how long that takes, and what is stored."""

from __future__ import annotations

import asyncio
import time
import unicodedata
from collections.abc import Iterator

import pytest
from argon2 import extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zxcvbn.matching import RANKED_DICTIONARIES

from pilothouse.people.errors import PasswordRefused
from pilothouse.people.passwords import Passwords
from support.people import CHEAP, GOOD


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords(CHEAP)
    yield made
    made.close()


@pytest.mark.parametrize(
    "weak",
    [
        "eleven char",
        "password1234",
        "qwertyuiop12",
        "123456789012",
        "P@ssw0rd1234",
        "iloveyou1234",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabc",
        "x" * 1_025,
        "\ufb03" * 600,  # 1,800 characters once they are one spelling
        "a quiet\nharbour at dawn",
        "a quiet harbour \ud800 dawn",
        "adalovelace1815",
        "Example.com2030",
    ],
)
async def test_what_is_guessed_soon_too_short_or_too_long_is_refused(passwords: Passwords, weak: str) -> None:
    with pytest.raises(PasswordRefused) as error:
        await passwords.check(weak, ["ada", "lovelace", "adalovelace", "example.com"])
    assert weak not in str(error.value)


@pytest.mark.timed
@pytest.mark.parametrize(
    "good", [GOOD, "xK9#mQ2$vL7p", "мой тихий дом над морем", "green walrus orbit kettle", GOOD * 44]
)
async def test_what_nobody_guesses_is_accepted_and_long_ones_quickly(passwords: Passwords, good: str) -> None:
    began = time.perf_counter()
    await passwords.check(good, ["ada", "lovelace"])
    assert time.perf_counter() - began < 1.0
    assert await passwords.verify(await passwords.hash(good), good)


async def test_words_about_one_person_are_not_kept_for_the_next(passwords: Passwords) -> None:
    await passwords.check(GOOD, ["harrowgate"])
    assert "harrowgate" not in RANKED_DICTIONARIES["user_inputs"]


async def test_the_default_is_the_second_choice_of_rfc_9106() -> None:
    strong = Passwords()
    stored = await strong.hash(GOOD)
    assert extract_parameters(stored) == RFC_9106_LOW_MEMORY
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert not strong.outdated(stored)
    strong.close()


async def test_what_is_no_hash_and_nobody_s_hash_verify_nothing(passwords: Passwords) -> None:
    assert not await passwords.verify(None, GOOD)
    assert not await passwords.verify("plain text", "plain text")
    assert not await passwords.verify(await passwords.hash(GOOD), "\ud800")


@settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(first=st.text(max_size=40), second=st.text(max_size=40))
def test_a_password_is_right_in_any_spelling_and_no_other_is(
    passwords: Passwords, first: str, second: str
) -> None:
    async def check() -> None:
        stored = await passwords.hash(first)
        for form in ("NFC", "NFD", "NFKC", "NFKD"):
            assert await passwords.verify(stored, unicodedata.normalize(form, first))
        same = unicodedata.normalize("NFKC", first) == unicodedata.normalize("NFKC", second)
        assert await passwords.verify(stored, second) == same

    asyncio.run(check())
