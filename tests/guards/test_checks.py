"""Check digits and checksums: held against the libraries and the specifications they come from."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import iban, luhn
from stdnum.us import ssn

from pilothouse.guards import checks, coins, phones

NUMBERS = st.text("0123456789", min_size=1, max_size=19)


@given(NUMBERS)
@settings(max_examples=200)
def test_luhn_is_that_of_the_library(number: str) -> None:
    assert checks.luhn(number) == luhn.is_valid(number)


@given(st.text("0123456789", min_size=9, max_size=9))
@settings(max_examples=200)
def test_social_security_numbers_are_those_of_the_library(number: str) -> None:
    assert checks.ssn(number) == ssn.is_valid(number)


@pytest.mark.parametrize(
    "number", ["078-05-1120", "219-09-9999", "457-55-5462", "000-12-3456", "987-65-4320"]
)
def test_social_security_numbers_of_adverts_are_none(number: str) -> None:
    assert not checks.ssn(number)


@given(
    st.sampled_from(["DE", "GB", "FR", "NL", "MT", "XX", "NO"]),
    st.text("0123456789ABCXYZ", min_size=11, max_size=28),
    st.integers(0, 98),
)
@settings(max_examples=200)
def test_ibans_are_those_of_the_library(country: str, rest: str, check: int) -> None:
    number = f"{country}{check:02}{rest}"
    assert checks.iban_valid(number) == iban.is_valid(number, check_country=False)


@pytest.mark.parametrize(
    "number", ["GB82 WEST 1234 5698 7654 32", "no9386011117947", "MT84MALT011000012345MTLCAST001S"]
)
def test_known_ibans_are_valid(number: str) -> None:
    assert checks.iban_valid(number)
    assert not checks.iban_valid(number[:-1] + ("1" if number[-1] != "1" else "2"))


@pytest.mark.parametrize(
    "number",
    [
        *("4111 1111 1111 1111", "378282246310005", "30569309025904", "6011111111111117", "3530111333300000"),
        *("5555555555554444", "2223003122003222", "6304000000000000", "2200000000000004", "6200000000000005"),
    ],
)
def test_test_cards_of_the_brands_are_cards(number: str) -> None:
    plain = checks.digits(number)
    assert checks.luhn(plain)
    assert checks.brand_fits(plain)


def test_a_card_of_no_brand_is_less_sure_and_numbers_of_one_digit_are_none() -> None:
    assert checks.card("4539 1488 0343 6467") == checks.BRANDED
    assert checks.card("9999 9912 3456 7893") == checks.UNBRANDED
    assert checks.card("4444444444444444") == checks.card("4539") == checks.card("4539148803436468") == 0


@given(st.sampled_from(phones.REGIONS), st.text("0123456789", min_size=6, max_size=12))
@settings(max_examples=300, deadline=None)
def test_numbering_plans_are_those_of_the_library(region: str, number: str) -> None:
    code = phonenumbers.country_code_for_region(region)
    theirs = phonenumbers.is_valid_number_for_region(
        phonenumbers.PhoneNumber(code, int(number or 0), italian_leading_zero=None), region
    )
    if theirs and not number.startswith("0"):
        assert phones.international(f"+{code} {number}") == phones.ASSIGNED


@pytest.mark.parametrize("region", phones.REGIONS)
def test_example_numbers_of_all_regions_are_known(region: str) -> None:
    example = phonenumbers.example_number(region)
    abroad = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    assert phones.international(abroad) == phones.ASSIGNED
    assert region in phones.regions(
        phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
    )


def test_other_numbers_with_a_country_code_are_less_sure_and_short_ones_none() -> None:
    assert phones.international("+999 22 12 34 56") == phones.SHAPED
    assert phones.international("0047 22 12 34 56 x12") == phones.ASSIGNED
    assert phones.international("+47 22") == 0
    assert not phones.said("111 111")


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (checks.nric, "S1234567D", "S1234567E"),
        (checks.nric, "T0123456G", "T0123456H"),
        (checks.resident, "360426199101010071", "360426199101010072"),
        (checks.resident, "11010519491231002X", "11010519491331002X"),
        (checks.registered, "971013-9019902", "971313-9019902"),
        (checks.registered, "000229-3019903", "010229-3019903"),
        (checks.hkid, "G123456(A)", "G123456(B)"),
        (checks.hkid, "WX123456(9)", "WX123456(8)"),
        (checks.snils, "112-233-445 95", "112-233-445 96"),
        (checks.nino, "AB123456C", "GB123456C"),
        (checks.ip_v4, "10.0.0.1", "255.255.255.0"),
        (checks.ip_v4, "8.8.8.8", "08.8.8.256"),
        (checks.ip_v6, "fe80::1%eth0", "::"),
        (checks.ip_v6, "1:2:3:4:5:6:7:8", "1:2:3"),
        (checks.calendar_date, "29/02/2024", "30/02/2024"),
        (checks.calendar_date, "2024-12-31", "2024-13-01"),
        (checks.calendar_date, "3 May 2024", "3 2024"),
        (checks.calendar_date, "12/31/99", "31/31/99"),
        (coins.base58, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"),
        (coins.base58, "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "0J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"),
        (
            coins.bech32,
            "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
            "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdp",
        ),
        (
            coins.bech32,
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "Bc1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        ),
        (coins.ripple, "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTi"),
        (
            coins.ethereum,
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed",
        ),
        (coins.ethereum, "0x" + "5aaeb6053f" * 4, "0x" + "0" * 40),
    ],
)
def test_a_check_tells_right_from_wrong(check: object, right: str, wrong: str) -> None:
    assert callable(check)
    assert check(right)
    assert not check(wrong)


def test_keccak_is_that_of_the_specification() -> None:
    assert coins.keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert coins.keccak256(b"a" * 200) != coins.keccak256(b"a" * 201)
