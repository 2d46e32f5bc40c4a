"""Pure tests of what a number says about itself: check digits, randomness, ranges."""

from __future__ import annotations

import ipaddress
import math
from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import cache

from stdnum import numdb
from stdnum.iso7064 import mod_11_2
from stdnum.kr import rrn

from pilothouse.guards.linear import NOWHERE, Search, searcher

_OTHERS = bytes(sorted(set(range(256)) - set(b"0123456789")))


def digits(text: str) -> str:
    """The ASCII digits of a text, in order."""
    return text.encode("latin-1", "ignore").translate(None, _OTHERS).decode("ascii")


_LOGS = tuple(count * math.log2(count) if count else 0.0 for count in range(65))


def entropy(text: str) -> float:
    """Shannon's entropy of the characters of a text that has some, in bits per character."""
    length, counts = len(text), Counter(text).values()
    terms = [_LOGS[count] if count < 65 else count * math.log2(count) for count in counts]
    return math.log2(length) - sum(terms) / length


def random_enough(bits: float) -> Callable[[str], bool]:
    """A check that asks for so many bits per character: examples such as `xxxx…` have fewer."""

    def check(text: str) -> bool:
        return entropy(text) >= bits

    return check


_BRANDS = (
    # First digits, as a range of numbers of one length; lengths. ISO/IEC 7812 and the brands' own pages.
    (4, 4, (13, 16, 19)),  # Visa
    (51, 55, (16,)),  # Mastercard
    (2221, 2720, (16,)),  # Mastercard
    (34, 34, (15,)),  # American Express
    (37, 37, (15,)),  # American Express
    (300, 305, range(14, 20)),  # Diners Club
    (3095, 3095, range(14, 20)),  # Diners Club
    (36, 36, range(14, 20)),  # Diners Club
    (38, 39, range(14, 20)),  # Diners Club
    (35, 35, range(16, 20)),  # JCB (3528 to 3589), and cards of shops
    (1800, 1800, (15,)),  # JCB
    (2131, 2131, (15,)),  # JCB
    (6011, 6011, range(16, 20)),  # Discover
    (622126, 622925, range(16, 20)),  # Discover
    (644, 659, range(16, 20)),  # Discover, UnionPay, RuPay, Troy, Elo
    (60, 60, range(16, 20)),  # RuPay, Hipercard
    (62, 62, range(16, 20)),  # UnionPay
    (81, 82, range(16, 20)),  # UnionPay, RuPay
    (508, 508, (16,)),  # RuPay
    (50, 50, range(12, 20)),  # Maestro, Elo
    (56, 59, range(12, 20)),  # Maestro
    (61, 61, range(12, 20)),  # Maestro
    (63, 64, range(12, 20)),  # Maestro, InstaPayment
    (66, 69, range(12, 20)),  # Maestro
    (2200, 2204, range(16, 20)),  # Mir
    (9792, 9792, (16,)),  # Troy
    (8600, 8600, (16,)),  # Uzcard
    (9860, 9860, (16,)),  # Humo
    (1, 1, (15,)),  # UATP
    (5019, 5019, (16,)),  # Dankort
    (4571, 4571, (16,)),  # Dankort
    (5610, 5610, (16,)),  # Bankcard
    (9704, 9704, (16, 19)),  # Napas
    (357111, 357111, (16,)),  # LankaPay
)


@cache
def _brands() -> dict[str, frozenset[int]]:
    """The lengths that numbers with these first digits may have."""
    found = {"0604": frozenset(range(12, 20))}  # Maestro; the only one that begins with 0
    for first, last, lengths in _BRANDS:
        for digits_ in range(first, last + 1):
            found[str(digits_)] = found.get(str(digits_), frozenset()) | frozenset(lengths)
    return found


def brand_fits(number: str) -> bool:
    """Whether a brand of payment cards uses these first digits with this length."""
    brands = _brands()
    length = len(number)
    for first in range(1, 7):
        lengths = brands.get(number[:first])
        if lengths and length in lengths:
            return True
    return False


_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def luhn(number: str) -> bool:
    """The check digit of ISO/IEC 7812 over ASCII digits; python-stdnum's takes five times as long."""
    values = [ord(one) - 48 for one in reversed(number)]
    return (sum(values[::2]) + sum([_DOUBLED[value] for value in values[1::2]])) % 10 == 0


BRANDED, UNBRANDED = 0.85, 0.3
"""How sure a number with Luhn's check digit is without words: of a known brand, and of none."""


def card(text: str) -> float:
    """How sure 12 to 19 digits are, not all of them alike: one random number in ten has the check digit."""
    number = digits(text)
    if not 12 <= len(number) <= 19 or not luhn(number) or len(set(number)) < 3:
        return 0.0
    return BRANDED if brand_fits(number) else UNBRANDED


_VALUES = {ord(one): str(value) for value, one in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ", start=10)}
_PARTS = {"n": "[0-9]", "a": "[A-Z]", "c": "[A-Z0-9]", "e": " "}


@cache
def _structure(country: str) -> Search | None:
    """What follows the check digits in IBANs of a country, from python-stdnum's copy of the registry."""
    _, properties = numdb.get("iban").info(country)[0]
    said = properties.get("bban")
    if not said:
        return None
    parts = said.replace("!", " ").replace("n", "n,").replace("a", "a,").replace("c", "c,").split(",")
    pairs = [part.split() for part in parts if part]
    return searcher("^" + "".join(f"{_PARTS[kind]}{{{count}}}" for count, kind in pairs) + "$")


def iban_valid(text: str) -> bool:
    """An IBAN of a known country, with its length, structure and check digits (ISO 13616)."""
    number = text.replace(" ", "").replace("-", "").upper()
    if int((number[4:] + number[:4]).translate(_VALUES)) % 97 != 1:
        return False
    structure = _structure(number[:2])
    return structure is not None and structure(number[4:].encode("ascii"), 0, len(number) - 4) != NOWHERE


def ip_v4(text: str) -> bool:
    """Four numbers up to 255 without leading zeros; not all zero, no network mask."""
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return int(address) != 0 and not text.startswith("255.")


def ip_v6(text: str) -> bool:
    """An address of RFC 4291 in any of its forms; `::` alone is none."""
    try:
        address = ipaddress.IPv6Address(text.partition("%")[0])
    except ValueError:
        return False
    return int(address) != 0 and sum(character in "0123456789abcdefABCDEF" for character in text) > 2


def mac(text: str) -> bool:
    """Not the address of nobody or of everybody."""
    return len(set(text.replace("-", "").replace(":", "").replace(".", ""))) > 1


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def calendar_date(text: str) -> bool:
    """A day that exists, in any order of day, month and year; a month may be said in English."""
    parts = "".join(one if one.isalnum() else " " for one in text).split()
    if any(part[:1].isalpha() for part in parts):
        return any(part[:3].lower() in _MONTHS for part in parts)
    numbers = [int(part) for part in parts if part.isdigit()][:3]
    if len(numbers) < 3:
        return False
    first, second, third = numbers
    if len(parts[0]) == 4:
        orders = [(first, second, third)]
    else:
        year = third if len(parts[2]) == 4 else 2000 + third
        orders = [(year, second, first), (year, first, second)]
    return any(_exists(*order) for order in orders)


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return 1850 <= year <= 2150


def nric(text: str) -> bool:
    """Singapore's NRIC and FIN: weights 2, 7, 6, 5, 4, 3, 2, an offset for T, G and M, a letter."""
    text = text.upper()
    total = sum(weight * int(one) for weight, one in zip((2, 7, 6, 5, 4, 3, 2), text[1:8], strict=True))
    total += {"T": 4, "G": 4, "M": 3}.get(text[0], 0)
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK"}
    return letters.get(text[0], "XWUTRQPNJLK")[total % 11] == text[8]


def resident(text: str) -> bool:
    """A Chinese identity number: a day of birth that exists, and the check digit of ISO 7064 MOD 11-2.

    Regions are not looked at: they change, and people keep the numbers of old ones.
    """
    born = (int(text[6:10]), int(text[10:12]), int(text[12:14]))
    return _exists(*born) and bool(mod_11_2.is_valid(text.upper()))


def registered(text: str) -> float:
    """A Korean registration number: since October 2020 they have no check digit, only a birthday."""
    number = digits(text)
    born = (1900 + int(number[:2]), int(number[2:4]), int(number[4:6]))
    if not _exists(*born) and not _exists(born[0] + 100, *born[1:]):
        return 0.0
    return True if rrn.is_valid(number) else 0.6


def hkid(text: str) -> bool:
    """Hong Kong's identity card: letters count from 10, a missing one 36, weights 9 to 2, remainder of 11."""
    plain = "".join(one for one in text.upper() if one.isalnum()).rjust(9)
    values = [36 if one == " " else int(one, 36) for one in plain[:8]]
    total = sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True))
    return "0123456789A"[(11 - total % 11) % 11] == plain[8]


def snils(text: str) -> bool:
    """Russia's SNILS: weights 9 to 1, the sum modulo 101 (100 counts as 0)."""
    number = digits(text)
    total = sum(int(one) * weight for one, weight in zip(number[:9], range(9, 0, -1), strict=True))
    return total % 101 % 100 == int(number[9:])


def ssn(text: str) -> bool:
    """A number that the Social Security Administration may have given out; not those of adverts."""
    number = digits(text)
    area, group, serial = number[:3], number[3:5], number[5:]
    if area in {"000", "666"} or area[0] == "9" or group == "00" or serial == "0000":
        return False
    return number not in {"078051120", "219099999", "457555462"}


def nino(text: str) -> bool:
    """A British national insurance number with a prefix that is given out."""
    prefix = text[:2].upper()
    refused = {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}
    return not set(prefix) & set("DFIQUV") and prefix[1] != "O" and prefix not in refused
