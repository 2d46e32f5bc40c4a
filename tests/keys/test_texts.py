"""The form of keys, and the comparison of their secrets."""

from __future__ import annotations

import statistics
import time
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.keys import texts
from pilothouse.keys.texts import ALPHABET, SECRET_LENGTH, KeyText, new_text, parse
from pilothouse.kit.secret import Secret

PEPPER = Secret("pepper", "1", bytes(range(32)))
SECRETS = st.text(ALPHABET, min_size=SECRET_LENGTH, max_size=SECRET_LENGTH)


@given(st.from_regex(r"[a-z][a-z0-9]{0,15}", fullmatch=True), st.uuids(), SECRETS)
def test_what_was_made_is_read_again(environment: str, id_: UUID, secret: str) -> None:
    text = KeyText(environment, id_, secret)
    assert parse(text.reveal()) == text


@given(st.text(max_size=120))
def test_other_text_is_no_key_and_harms_nothing(text: str) -> None:
    found = parse(text)
    assert found is None or found.reveal() == text


@given(st.uuids(), SECRETS, st.integers(0, 80), st.characters())
def test_a_key_with_one_character_changed_is_another_or_none(
    id_: UUID, secret: str, place: int, character: str
) -> None:
    text = KeyText("live", id_, secret).reveal()
    place %= len(text)
    changed = text[:place] + character + text[place + 1 :]
    found = parse(changed)
    assert found is None or found.reveal() == changed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ph_",
        "ph_live",
        "ph_live_" + "z" * 22 + "_" + "a" * 43,  # an id beyond 128 bits
        "ph_live_" + "0" * 21 + "_" + "a" * 43,
        "ph_live_" + "0" * 22 + "_" + "a" * 42,
        "ph_live_" + "0" * 22 + "_" + "a" * 43 + "\n",
        "ph_LIVE_" + "0" * 22 + "_" + "a" * 43,
        "ph_live_" + "0" * 22 + "_" + "\N{FULLWIDTH DIGIT ONE}" * 43,
        "PH_live_" + "0" * 22 + "_" + "a" * 43,
        "ph_live_" + "0" * 22 + "_" + "a" * 1_000_000,
    ],
)
def test_what_is_no_key(text: str) -> None:
    assert parse(text) is None


def test_a_secret_has_256_bits_and_is_never_made_twice() -> None:
    assert len(ALPHABET) ** SECRET_LENGTH > 1 << 256
    assert len({new_text("live", uuid4())._secret for _ in range(1_000)}) == 1_000


def test_neither_repr_nor_str_shows_the_secret() -> None:
    text = new_text("live", uuid4())
    assert text._secret not in repr(text) + str(text) + repr([text])


@given(st.uuids(), st.uuids(), SECRETS)
def test_what_is_kept_is_bound_to_the_key_and_to_the_pepper(one: UUID, other: UUID, secret: str) -> None:
    text, elsewhere = KeyText("live", one, secret), KeyText("live", other, secret)
    assert text.matches(PEPPER, text.mac(PEPPER))
    assert (text.mac(PEPPER) == elsewhere.mac(PEPPER)) == (one == other)
    assert not text.matches(Secret("pepper", "2", bytes(32)), text.mac(PEPPER))


def test_the_comparison_is_the_one_whose_time_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(texts.hmac, "compare_digest", compare)
    text = new_text("live", uuid4())
    mac = text.mac(PEPPER)
    assert text.matches(PEPPER, mac)
    assert compared == [(mac, mac)]


def test_the_time_of_a_comparison_does_not_tell_how_much_is_right() -> None:
    text = new_text("live", uuid4())
    right = text.mac(PEPPER)
    early, late = bytes([right[0] ^ 1]) + right[1:], right[:-1] + bytes([right[-1] ^ 1])
    times: dict[bytes, list[int]] = {early: [], late: []}
    for _ in range(3_000):  # in turns, so that what else the machine does concerns both
        for mac, found in times.items():
            started = time.perf_counter_ns()
            text.matches(PEPPER, mac)
            found.append(time.perf_counter_ns() - started)
    one, other = (statistics.median(found) for found in times.values())
    assert abs(one - other) < 0.1 * min(one, other), (one, other)
