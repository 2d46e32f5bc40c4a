"""Units of time, data, rate and money as numbers; the words for them are in `lexicon/words/units.txt`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

HOURS_PER_MONTH = Decimal(730)
DAYS_PER_MONTH = Decimal("30.4")
WEEKS_PER_MONTH = Decimal("4.345")
"""A month is a twelfth of a year of 365 days, as clouds bill it."""

SECONDS: Mapping[str, Decimal] = {
    "ms": Decimal("0.001"),
    "second": Decimal(1),
    "minute": Decimal(60),
    "hour": Decimal(3600),
    "day": Decimal(86_400),
    "week": Decimal(604_800),
    "month": HOURS_PER_MONTH * 3600,
    "quarter": HOURS_PER_MONTH * 3 * 3600,
    "year": HOURS_PER_MONTH * 12 * 3600,
}
"""Period -> seconds."""

RATES: Mapping[str, tuple[str, int]] = {
    **dict.fromkeys(("rps", "qps", "tps", "eps", "hz"), ("second", 1)),
    **dict.fromkeys(("krps", "kqps", "ktps"), ("second", 1000)),
    **dict.fromkeys(("rpm", "qpm", "tpm"), ("minute", 1)),
}
"""Unit -> (period, events in it)."""

_PREFIXES: Mapping[str, Decimal] = {
    "k": Decimal("0.000001"),
    "m": Decimal("0.001"),
    "g": Decimal(1),
    "t": Decimal(1000),
    "p": Decimal(1_000_000),
}
_NAMES: Mapping[str, str] = {"k": "kilo", "m": "mega", "g": "giga", "t": "tera", "p": "peta"}
GIGABYTES: Mapping[str, Decimal] = {
    word: size
    for letter, size in _PREFIXES.items()
    for word in (f"{letter}b", f"{letter}ib", f"{_NAMES[letter]}byte", f"{_NAMES[letter]}bytes")
} | {"gig": Decimal(1), "gigs": Decimal(1)}
"""Decimal gigabytes, as clouds bill; binary prefixes are taken as their decimal neighbours."""
OCTETS: Mapping[str, Decimal] = {"go": Decimal(1), "to": Decimal(1000), "mo": Decimal("0.001")}
"""French units, read in French text only."""

SIGNS: Mapping[str, str] = {
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "₽": "RUB",
    "₩": "KRW",
    "₺": "TRY",
    "₪": "ILS",
}
THOUSANDS_OF: Mapping[str, str] = {
    **dict.fromkeys(("teur", "keur"), "EUR"),
    **dict.fromkeys(("kusd", "tusd", "grand"), "USD"),
    **dict.fromkeys(("tchf", "kchf"), "CHF"),
}
"""Currency words that mean a thousand of it ("5 TEUR")."""
DIALECTS: Mapping[str, str] = {
    "us": "USD",
    "a": "AUD",
    "au": "AUD",
    "c": "CAD",
    "ca": "CAD",
    "hk": "HKD",
    "s": "SGD",
    "r": "BRL",
    "nz": "NZD",
    "mx": "MXN",
}
"""Letters that stand right before a dollar sign -> currency."""
