"""Rules for numbers of documents that have no check digit: words beside them must say what they are."""

from __future__ import annotations

from pilothouse.guards.rules.rule import Rule

PASSPORT = (
    r"passports?(?: ?(?:no|number|num|nr))?|reisepass(?:nummer)?|passeport|pasaporte|passaporto"
    r"|passaporte|paspoort|pass-?nr"
)
LICENCE = (
    r"driv(?:er|ing)[' ]?s?'? ?licen[cs]e|licen[cs]e (?:no|number)|dl(?: ?(?:no|number|#))?"
    r"|f[uü]hrerschein(?:nummer)?"
    r"|permis de conduire|licencia de conducir|carnet de conducir|patente di guida|rijbewijs"
    r"|driver licen[cs]e"
)


def _with_digits(text: str) -> bool:
    return sum(one.isdigit() for one in text) >= 5


RULES = (
    Rule(
        "passport",
        r"(?i)\b[a-z]{0,3} ?\d(?:[a-z0-9]{5,8})\b",
        "6 to 12 letters and digits beside a word for passports",
        "Her passport number is XK4410937 now",
        check=_with_digits,
        context=PASSPORT,
        required=True,
        raised=0.9,
        before=40,
        after=14,
    ),
    Rule(
        "passport",
        r"(?i)\b[CFGHJKLMNPRTVWXYZ][0-9CFGHJKLMNPRTVWXYZ]{8}\b",
        "nine letters and digits of a German passport beside a word for passports",
        "Passport C01X00T47 was shown",
        check=_with_digits,
        context=PASSPORT,
        required=True,
        raised=0.9,
        before=40,
        after=14,
    ),
    Rule(
        "passport",
        r"\bP[A-Z<][A-Z]{3}[A-Z<]{39}\s{1,2}[A-Z0-9<]{44}",
        "the two lines of ICAO 9303 that machines read",
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10",
        0.99,
    ),
    Rule(
        "driver_license",
        r"(?i)\b[a-z]{0,5}[ -]?\d(?:[ -]?[a-z0-9]){4,17}\b",
        "5 to 20 letters and digits beside words for driving licences",
        "My driver's license number is A56319335",
        check=_with_digits,
        context=LICENCE,
        required=True,
        raised=0.85,
        before=36,
        after=14,
        shorten=True,
    ),
)
