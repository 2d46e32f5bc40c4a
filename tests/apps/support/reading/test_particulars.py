from __future__ import annotations

import pytest

from pilothouse.apps.support.reading.addresses import read_address
from pilothouse.apps.support.reading.particulars import read_particulars


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("cancel H-10005 please", {"orders": ("H-10005",)}),
        ("order #W1234567 and order 7654321", {"orders": ("W1234567", "7654321")}),
        ("mail me at Ann.Lee+shop@example.co.uk.", {"email": "ann.lee+shop@example.co.uk"}),
        ("my postcode is 3511 AB", {"postcode": "3511 AB"}),
        ("PLZ 04109", {"postcode": "04109"}),
        ("jonas@example.com, 8010", {"postcode": "8010"}),
        ("my name is Nadia Haddad", {"first_name": "Nadia", "last_name": "Haddad"}),
        ("Ich heiße Lucia de Conti".replace("de ", ""), {"first_name": "Lucia", "last_name": "Conti"}),
        ("refund 12,50 € please", {"amount_cents": 1250}),
        ("give me EUR 80 back", {"amount_cents": 8000}),
        ("I ordered it by mistake", {"cancel_reason": "ordered by mistake"}),
        ("I don't need it any more", {"cancel_reason": "no longer needed"}),
        ("it arrived broken", {"refund_reason": "damaged"}),
        ("the mouse does not work", {"refund_reason": "defective"}),
        ("die Tasse fehlt", {"refund_reason": "missing item"}),
        ("put it on my gift card", {"payment": "gift_card"}),
        ("return all of it", {"everything": True}),
    ],
)
def test_a_particular_is_read(message: str, expected: dict[str, object]) -> None:
    found = read_particulars(message)
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize("message", ["refund 1000 euros", "call me at 10:30", "I am happy", "2026 was good"])
def test_what_is_no_postcode_and_no_name_is_read_as_none(message: str) -> None:
    found = read_particulars(message)
    assert (found.email, found.first_name, found.address) == (None, None, None)
    assert found.postcode in {None, "2026"}


def test_what_is_said_later_beats_what_was_said_before() -> None:
    before = read_particulars("order H-1001 to Mill Lane 1, it is damaged")
    both = before.beside(read_particulars("sorry, order H-2002, Utrecht 3511 AB, x@example.com"))
    assert both.orders == ("H-2002",)
    assert both.refund_reason == "damaged"
    assert both.email == "x@example.com"
    assert both.text.count("\n") == 1


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Mill Lane 12, 3511 AB Utrecht, Netherlands", ("Mill Lane 12", "3511 AB", "Utrecht", "Netherlands")),
        ("please send it to Hafengasse 9, 8010 Graz", ("Hafengasse 9", "8010", "Graz", None)),
        (
            "Bitte an Lange Straße 7a, 04109 Leipzig, Deutschland schicken",
            ("Lange Straße 7a", "04109", "Leipzig", "Germany"),
        ),
        ("My new address:\n12 Rue Verte\n69001 Lyon\nFrance", ("12 Rue Verte", "69001", "Lyon", "France")),
        ("Quay Street 9, Porto 4000-011", ("Quay Street 9", "4000-011", "Porto", None)),
        ("to my office instead: Orchard Row 2, 602 00 Brno", ("Orchard Row 2", "602 00", "Brno", None)),
    ],
)
def test_an_address_is_read_as_people_write_it(message: str, expected: tuple[str | None, ...]) -> None:
    found = read_address(message)
    assert found is not None
    assert (found.line1, found.postcode, found.city) == expected[:3]
    assert found.country in {expected[3], None}


@pytest.mark.parametrize(
    "message",
    ["Please cancel order 10005", "I have waited for 12345 days", "the shirt in size 42", "hello there", ""],
)
def test_a_sentence_with_a_number_is_no_address(message: str) -> None:
    assert read_address(message) is None
