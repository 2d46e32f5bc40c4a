"""Which numbers can be telephone numbers: the plans of 40 regions, as the package phonenumbers has them."""

from __future__ import annotations

from functools import cache

import re2
from phonenumbers.phonemetadata import PhoneMetadata

from pilothouse.errors import InvalidInput
from pilothouse.guards.checks import digits

REGIONS = (
    *(
        "AR",
        "AT",
        "AU",
        "BE",
        "BR",
        "CA",
        "CH",
        "CL",
        "CN",
        "CO",
        "CZ",
        "DE",
        "DK",
        "EG",
        "ES",
        "FI",
        "FR",
        "GB",
    ),
    *(
        "GR",
        "HU",
        "IE",
        "IL",
        "IN",
        "IT",
        "JP",
        "KR",
        "MX",
        "NG",
        "NL",
        "NO",
        "NZ",
        "PL",
        "PT",
        "RO",
        "SE",
        "SG",
    ),
    *("TR", "UA", "US", "ZA"),
)
KINDS = (
    *("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost"),
    *("personal_number", "voip", "pager", "uan", "voicemail"),
)


def _plan(region: str) -> tuple[str, str, str]:
    """Country code, the prefix of national calls (`0` in most) and the pattern of all assigned numbers."""
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None:
        raise InvalidInput(
            f"The package phonenumbers knows no region {region}.", hint="Install a complete one."
        )
    patterns = [getattr(metadata, kind).national_number_pattern for kind in KINDS if getattr(metadata, kind)]
    prefix = metadata.national_prefix or ""
    return str(metadata.country_code), prefix, "|".join(f"(?:{one})" for one in patterns if one)


@cache
def _plans() -> tuple[re2.Set, re2.Set]:
    """Two sets over digits alone: with the country code, and as dialled within a region (by place)."""
    abroad, within = re2.Set.FullMatchSet(), re2.Set.FullMatchSet()
    for region in REGIONS:
        code, prefix, numbers = _plan(region)
        dialled = f"(?:{prefix})?" if prefix else ""
        abroad.Add(f"{code}{dialled}(?:{numbers})")
        within.Add(f"{dialled}(?:{numbers})")
    abroad.Compile()
    within.Compile()
    return abroad, within


ASSIGNED, SHAPED = 0.95, 0.65
"""How sure an international number is that its region assigns, and one that is only as long as one."""


def international(text: str) -> float:
    """How sure a number with `+` or `00` is: it is assigned, or has 8 to 15 digits (ITU-T E.164)."""
    number = _number(text)
    number = number.removeprefix("00")
    if _plans()[0].Match(number):
        return ASSIGNED
    return SHAPED if 8 <= len(number) <= 15 else 0.0


def regions(text: str) -> list[str]:
    """The regions within which the number could be dialled as it is written."""
    return [REGIONS[index] for index in _plans()[1].Match(_number(text)) or ()]


def national(text: str) -> bool:
    """Whether it could be dialled within one of the regions; of fewer than 8 digits only words can tell."""
    number = _number(text)
    return len(number) >= 8 and bool(_plans()[1].Match(number))


def north_american(text: str) -> bool:
    """Whether it could be dialled within the United States or Canada."""
    return not {"US", "CA"}.isdisjoint(regions(text))


def said(text: str) -> bool:
    """Enough digits for a number that words announce, and not one digit over and over."""
    number = digits(text)
    return 6 <= len(number) <= 20 and len(set(number)) > 1


def _number(text: str) -> str:
    """The digits without an extension: `x12`, `ext. 12`, `#12`."""
    for mark in ("x", "e", "#", "X", "E"):
        text = text.partition(mark)[0]
    return digits(text)
