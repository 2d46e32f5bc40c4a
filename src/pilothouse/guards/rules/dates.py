"""Rules for dates: of birth where words say so, and others, which are left alone by default."""

from __future__ import annotations

from pilothouse.guards import checks
from pilothouse.guards.rules.rule import Rule

BIRTH = (
    r"born(?: on)?|birth(?:day|date)?|date of birth|d\.?o\.?b\.?|b-?day|geboren(?: am)?|geburts(?:tag"
    r"|datum)|geb"
    r"|n[eé]e?(?: le)?|naissance|nacid[oa]|nacimiento|nat[oa](?: il)?|nascita|nascid[oa]|nascimento"
    r"|geboortedatum"
    r"|urodzon[ya]|f[oö]delsedatum|f[oø]dselsdato|f[oø]dt"
)
MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
NUMBERS = r"(?:\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})|\d{4}[./-]\d{1,2}[./-]\d{1,2})"
WORDS = (
    rf"(?:\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {MONTH}\.?,? \d{{4}}|{MONTH}\.? \d{{1,2}}(?:st|nd|rd"
    rf"|th)?,? \d{{4}})"
)
DATE = rf"(?i)\b(?:{NUMBERS}|{WORDS})\b"

RULES = (
    Rule(
        "date_of_birth",
        DATE,
        "a day that exists, beside a word for birth",
        "She was born on 12 May 1981 in Bergen",
        check=checks.calendar_date,
        context=BIRTH,
        required=True,
        raised=0.95,
        before=40,
        after=8,
    ),
    Rule(
        "date_time",
        rf"(?i)\b(?:{NUMBERS}|{WORDS})(?:[T ,]{{1,2}}\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?: ?[ap]m)?)?",
        "any other day that exists, with its time",
        "It arrives on 2025-03-04 11:20 or so",
        0.7,
        check=checks.calendar_date,
    ),
    Rule(
        "date_time",
        r"\b(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|(?:mon|tues|wednes|thurs|fri|satur|sun)day)s?\b",
        "a day of the week",
        "It arrives on Thursday or so",
        0.6,
    ),
)
