"""Postal addresses in running text: a street with its number, a postcode with its place, a country.

Reads what is written as people write addresses in Europe, in one line or several. What cannot be told is
left out, and asked for.
"""

from __future__ import annotations

import re

from pilothouse.apps.support.tickets import Frozen

NAMES = {
    "Austria": ("austria", "österreich"),
    "Belgium": ("belgium", "belgien"),
    "Czechia": ("czechia", "tschechien"),
    "Denmark": ("denmark", "dänemark"),
    "Finland": ("finland", "finnland"),
    "France": ("france", "frankreich"),
    "Germany": ("germany", "deutschland"),
    "Ireland": ("ireland", "irland"),
    "Italy": ("italy", "italien"),
    "Luxembourg": ("luxembourg", "luxemburg"),
    "Netherlands": ("netherlands", "niederlande"),
    "Norway": ("norway", "norwegen"),
    "Poland": ("poland", "polen"),
    "Portugal": ("portugal",),
    "Slovakia": ("slovakia", "slowakei"),
    "Spain": ("spain", "spanien"),
    "Sweden": ("sweden", "schweden"),
    "Switzerland": ("switzerland", "schweiz"),
    "United Kingdom": ("uk", "england"),
}
COUNTRIES = {name: country for country, names in NAMES.items() for name in (*names, country.casefold())}
NAME = r"[^\W\d_][^\W\d_'\u2019.-]*(?:[ '\u2019.-]{1,2}[^\W\d_]+){0,4}\.?"
STREET = re.compile(rf"^(?:{NAME} \d{{1,4}} ?[a-zA-Z]?(?:[/-]\d{{1,4}})?|\d{{1,4}}[a-zA-Z]? {NAME})$")
POSTCODE = r"\d{4} ?[A-Z]{2}|\d{2}-\d{3}|\d{4}-\d{3}|\d{3} \d{2}|[A-Z]{1,2}\d[\dA-Z]? \d[A-Z]{2}|\d{4,5}"
PLACE = re.compile(rf"^(?:(?:[A-Z]{{1,2}}-)?({POSTCODE}) ({NAME})|({NAME}) ({POSTCODE}))$")
LEAD = re.compile(
    r"\A.*\b(?:address is(?: now)?|address to|address:|send (?:it|them|the order|this) to|deliver(?: it)? to|"
    r"ship(?: it| to)* to|instead of .{1,40} to|to|is|an|nach|lautet|anschrift(?: ist)?:?|adresse(?: ist)?:?|"
    r"lives? (?:at|in)|live (?:at|in))\s+(?=\S)",
    re.IGNORECASE,
)
TAIL = re.compile(
    r"(?<!\s)\s++(?:please|instead|bitte|thanks|thank you|danke|senden|schicken|liefern|ändern)\W*+$",
    re.IGNORECASE,
)


class PartialAddress(Frozen):
    """What is known of an address."""

    line1: str | None = None
    postcode: str | None = None
    city: str | None = None
    country: str | None = None

    def over(self, before: PartialAddress | None) -> PartialAddress:
        """This one, completed by what was known before."""
        if before is None:
            return self
        return PartialAddress(
            **{name: getattr(self, name) or getattr(before, name) for name in PartialAddress.model_fields}
        )

    @property
    def missing(self) -> tuple[str, ...]:
        """Which of street, postcode and place were not said."""
        return tuple(name for name in ("line1", "postcode", "city") if not getattr(self, name))


def read_address(message: str) -> PartialAddress | None:
    """The address that a message names; None where it names neither a street nor a place with a postcode."""
    street = place = country = None
    for part in re.split(r"[,;:\n]+|(?<=\w\w)\.\s+", message):
        text = TAIL.sub("", part.strip(" .!?:")).strip()
        if (found_country := COUNTRIES.get(text.casefold().removeprefix("the "))) is not None:
            country = found_country
            continue
        for candidate in _tails(text):
            if place is None and (found := PLACE.match(candidate)) and _is_named(found[2] or found[3]):
                place = (found[1] or found[4], (found[2] or found[3]).strip())
                break
            if street is None and (found := STREET.match(candidate)) and _is_named(candidate):
                street = candidate
                break
    if street is None and place is None:
        return None
    postcode, city = place or (None, None)
    if street is None and postcode and not country and "," not in message and "\n" not in message:
        return None  # a number and a word in a sentence are no address
    return PartialAddress(line1=street, postcode=postcode, city=city, country=country)


def _tails(text: str) -> list[str]:
    """A part of a sentence as a whole, and without what leads to an address in it."""
    rest = LEAD.sub("", text, count=1)
    return [rest, text] if rest != text else [text]


NO_STREETS = frozenset(
    {
        "order",
        "bestellung",
        "size",
        "größe",
        "number",
        "nummer",
        "item",
        "artikel",
        "invoice",
        "rechnung",
        "since",
    }
    | {"vor", "for", "from", "within", "about", "only", "paid", "until", "bis", "the", "day", "days", "week"}
    | {"weeks", "euros", "euro", "pieces"}
)


def _is_named(text: str) -> bool:
    """Whether words beside a number name a street or a place: a capital first, and nothing is counted."""
    words = re.findall(r"[^\W\d_]+", text)
    return words[0][:1].isupper() and not any(word.casefold() in NO_STREETS for word in words)
