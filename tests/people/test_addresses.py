"""E-mail addresses: one spelling for each, and tricks with letters that look alike."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pilothouse.errors import InvalidInput
from pilothouse.people.addresses import named, parsed


@pytest.mark.parametrize(
    ("text", "shown", "key"),
    [
        ("Ada@EXAMPLE.com", "Ada@example.com", "ada@example.com"),
        ("ada+runs@example.co.uk", "ada+runs@example.co.uk", "ada+runs@example.co.uk"),
        ("o'hara@example.com", "o'hara@example.com", "o'hara@example.com"),
        (
            "ren\u0065\u0301@b\u00fccher.example",
            "ren\u00e9@b\u00fccher.example",
            "ren\u00e9@xn--bcher-kva.example",
        ),
        (
            "ren\u00e9@xn--bcher-kva.example",
            "ren\u00e9@b\u00fccher.example",
            "ren\u00e9@xn--bcher-kva.example",
        ),
        ("иван@почта.рф", "иван@почта.рф", "иван@xn--80a1acny.xn--p1ai"),
        ("admin@localhost", "admin@localhost", "admin@localhost"),
        ("山田taro@例え.jp", "山田taro@例え.jp", "山田taro@xn--r8jz45g.jp"),
    ],
)
def test_an_address_has_one_spelling(text: str, shown: str, key: str) -> None:
    found = parsed(text)
    assert (found.shown, found.key) == (shown, key)
    assert parsed(found.shown) == found
    assert shown not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "", "@", "ada", "ada@", "@b.example", "ada@com", "ada@example", "ada@.com", "ada@example..com",
        "ada@example.com.", "ada@-a.com", "ada@127.0.0.1", "ada@[127.0.0.1]", "ada@exa mple.com",
        "a da@example.com", ".ada@example.com", "ada.@example.com", "a..b@example.com",
        '"a b"@example.com', "a@b@example.com", "ada@example.com\r\nBcc: eve@example.com",
        "ada\n@example.com", "ada\x00@example.com", "ada\u200b@example.com", "ada\u202e@example.com",
        "a\ud800@example.com", "ada,eve@example.com", "<ada@example.com>", "Ada <ada@example.com>",
        "a" * 65 + "@example.com", "a@" + "b" * 250 + ".com", "ada@xn--0.com", "ada@example.com\u2028",
        "ada@b\u00fc_cher.example", "a\u0430da@example.com", "ada@p\u0430ypal.com",
        "ada@\u0430\u0440\u0440\u04cf\u0435.com", "ada@xn--80ak6aa92e.com", "\u0251lice\u0434@example.com",
    ],
)  # fmt: skip
def test_what_is_no_address_or_pretends_to_be_another_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(InvalidInput) as error:
        parsed(text)
    assert len(text) < 3 or text not in str(error.value)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.one_of(st.text(max_size=40), st.from_regex(r"\A[^@]{1,8}@[^@]{1,8}\.[a-z]{2,3}\Z")))
@example("ß@example.com")
@example("İ@example.com")
def test_whatever_is_accepted_is_stable_and_fit_for_a_header(text: str) -> None:
    try:
        found = parsed(text)
    except InvalidInput:
        return
    assert parsed(found.shown).key == found.key
    assert parsed(found.key).key == found.key
    assert found.shown.isprintable()
    assert not set('\r\n ,;<>"') & set(found.wire)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.text(max_size=30))
def test_a_name_is_one_printable_line(text: str) -> None:
    try:
        name = named(text)
    except InvalidInput:
        return
    assert name.isprintable()
    assert named(name) == name
