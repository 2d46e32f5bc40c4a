"""Nothing that is a secret or personal gets out, at a bounded cost, and what is neither stays readable."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.kit.masking import LOOKED_AT, MASK, is_secret, mask, mask_member, mask_text

WORDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=8, max_size=24)
AROUND = st.text("abc xyz.,;:!?()[]{}<>'\"\n\t=&/äß", max_size=30)


def with_check_digit(digits: str) -> str:
    """The digits of a card number, with the one behind them that makes it valid."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * 2 if place % 2 == 0 else int(digit)
        total += doubled - 9 if doubled > 9 else doubled
    return digits + str((10 - total % 10) % 10)


@given(before=AROUND, user=WORDS, secret=WORDS, after=AROUND)
def test_passwords_in_urls_are_masked(before: str, user: str, secret: str, after: str) -> None:
    text = f"{before} postgresql://{user}:Q{secret}@db.example:5432/x {after}"
    assert f"Q{secret}" not in mask_text(text)
    assert f"{user}:{MASK}@db.example" in mask_text(text)


@given(
    before=AROUND,
    name=st.sampled_from(["password", "api_key", "API-Key", "token", "client_secret", "DB_PASSWORD", "pwd"]),
    sign=st.sampled_from(["=", ": ", " = ", '": "']),
    secret=WORDS,
)
def test_what_is_called_a_secret_is_masked(before: str, name: str, sign: str, secret: str) -> None:
    assert f"Q{secret}" not in mask_text(f"{before} {name}{sign}Q{secret} and more")


@given(
    before=AROUND, digits=st.text("0123456789", min_size=12, max_size=18), gap=st.sampled_from(["", " ", "-"])
)
def test_card_numbers_are_masked_and_other_numbers_are_not(before: str, digits: str, gap: str) -> None:
    number = with_check_digit(digits)
    spaced = gap.join(number[at : at + 4] for at in range(0, len(number), 4))
    masked = mask_text(f"{before} {spaced} paid")
    assert number not in (masked.replace(gap, "") if gap else masked)
    wrong = digits + str((int(number[-1]) + 1) % 10)
    assert wrong in mask_text(f"{before} {wrong} paid")


@given(before=AROUND, name=WORDS, host=WORDS)
def test_mail_addresses_are_masked(before: str, name: str, host: str) -> None:
    assert f"{name}@" not in mask_text(f"{before} {name}@{host}.example.org wrote")


@pytest.mark.parametrize("secret", [
    "sk-proj-abcdefghijklmnop1234", "sk_live_51Habcdefghijklmnop", "ghp_0123456789abcdefghij0123",
    "github_pat_11ABCDEFG0123456789abcd", "ph_live_0123abcd_Zm9vYmFyYmF6cXV4", "glpat-abcdefghij0123456789",
    "xoxb-1234567890-abcdef", "AKIAIOSFODNN7EXAMPLE", "AIzaSyA-0123456789abcdefghijklmnopqrstu",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-DEF_123", "Bearer abcdef0123456789", "Basic dXNlcjpwYXNzMQ==",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
])  # fmt: skip
def test_keys_and_tokens_are_masked_by_what_they_look_like(secret: str) -> None:
    masked = mask_text(f"It said {secret} to us")
    assert secret.removeprefix("Bearer ").removeprefix("Basic ") not in masked
    assert MASK in masked
    assert masked.startswith("It said ")


@pytest.mark.parametrize("text", [
    "Run 01a1fc87-66a2-7000-abcf-ead382590b3f has another owner.",
    "trace 4bf92f3577b34da6a3ce929d0e0e4736 at 2026-11-21T05:14:54.502278Z",
    "The token has expired.", "serving http://127.0.0.1:8000/api/v1/runs",
    "tokens=12 of 4000", "a basic error",
    "1732166400000 ms, 127.0.0.1:5432, 12345678 rows", "", "ordinary text",
])  # fmt: skip
def test_what_is_no_secret_stays_as_it_is(text: str) -> None:
    assert mask_text(text).replace("tokens=***", "tokens=12") == text


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside) | st.tuples(inside, inside),
    max_leaves=30,
))  # fmt: skip
def test_anything_can_be_masked_and_masking_again_changes_nothing(value: object) -> None:
    once = mask(value)
    assert str(mask(once)) == str(once)


def test_secrets_are_found_by_the_name_of_their_key_wherever_they_are() -> None:
    value = {"user": "ada", "auth": [{"password": "x", "apiKey": 7}, {"Set-Cookie": "y", "tokens": 5}]}
    assert mask(value) == {
        "user": "ada",
        "auth": [{"password": MASK, "apiKey": MASK}, {"Set-Cookie": MASK, "tokens": 5}],
    }


@pytest.mark.parametrize(
    "key", ["password", "db_password", "API-Key", "authorization", "x-auth-token", "email"]
)
def test_these_keys_are_secret(key: str) -> None:
    assert is_secret(key)
    assert mask_member(key, "value") == MASK
    assert mask_member(key, None) is None


@pytest.mark.parametrize("key", ["tokens", "key", "step", "run_id", "passed", "company", "monkey", "author"])
def test_these_keys_are_not(key: str) -> None:
    assert not is_secret(key)


@pytest.mark.timed
def test_what_is_long_wide_or_deep_costs_no_more_than_it_may() -> None:
    nested: object = "end"
    for _ in range(1_000):
        nested = [nested]
    cases = [
        "a@" * 5_000_000, "1 " * 5_000_000, "://" * 3_000_000, "token=" * 2_000_000, "eyJ." * 2_000_000,
        "x_" * 5_000_000, ["word"] * 1_000_000, {str(n): "v" for n in range(100_000)}, nested,
        "a.b" * 3_000_000,
        "-----BEGIN PRIVATE KEY-----" * 300_000, "sk-" * 3_000_000, b"\xff" * 10_000_000,
    ]  # fmt: skip
    for value in cases:
        began = time.process_time()
        found = str(mask(value))
        assert time.process_time() - began < 0.25, str(value)[:20]
        assert len(found) < 3 * LOOKED_AT


def test_an_object_is_masked_as_the_text_it_shows() -> None:
    class Shown:
        def __str__(self) -> str:
            return "password=hunter2"

    assert mask({"it": Shown()}) == {"it": f"password={MASK}"}


def test_of_a_long_text_the_end_is_kept_but_no_half_of_a_secret() -> None:
    frames = '  File "x.py", line 1, in f\n' * 1_000
    masked = mask_text(f"Traceback\n{frames}ValueError: token=hunter2 is wrong")
    assert masked.startswith("Traceback\n")
    assert masked.endswith(f"ValueError: token={MASK} is wrong")
    assert "characters left out" in masked
    assert "hunter2" not in mask_text("x" * 9_000 + " password: hunter2 " + "y" * 2_000)
    key = "-----BEGIN PRIVATE KEY-----\n" + "c2VjcmV0\n" * 2_000 + "-----END PRIVATE KEY-----\nit ended"
    assert "c2VjcmV0" not in mask_text("x" * LOOKED_AT + key)
    assert mask_text("x" * LOOKED_AT + key).endswith("it ended")
