"""Rules for what reaches a person: e-mail addresses and telephone numbers."""

from __future__ import annotations

from pilothouse.guards import phones
from pilothouse.guards.rules.rule import Rule

PHONE = (
    r"(?:tele?)?phone(?: ?(?:no|number))?s?|tel|telefon|telefono|tel[eé]phone|mobile|mobil|m[oó]vil"
    r"|cell|cellphone"
    r"|handy|fax|office|call(?:ing|ed)?(?: (?:me|us|him|her|them|back))?|callback|dial|ring|whats ?app|sms"
    r"|text(?:ing)? (?:me|us|him|her)|answering at|reach(?:ed)? (?:me|us|him|her|them)? ?(?:at|on)"
    r"|contact number"
    r"|hotline|ph|rufnummer|landline|voicemail|pager|extension|ext"
)
EXTENSION = r"(?: ?(?:x|ext\.?|extension|#) ?\d{1,6})?"

RULES = (
    Rule(
        "email",
        r"(?i)[a-z0-9_][a-z0-9.!#$%&'*+/=?^_`{|}~\xdf-\xff-]{0,63}@"
        r"(?:[a-z0-9\xdf-\xff](?:[a-z0-9\xdf-\xff-]{0,61}[a-z0-9\xdf-\xff])?\.){1,8}(?:xn--[a-z0-9-]{2,40}|[a-z\xdf-\xff]{2,24})",
        "local part, `@` and a domain with a top level of letters",
        "Write to nora.quist@fjord-mail.example today",
        0.98,
    ),
    Rule(
        "email",
        r"(?i)\b[a-z0-9_][a-z0-9._+-]{0,63} ?(?:\(at\)|\[at\]| at ) ?(?:[a-z0-9-]{1,63} ?(?:\(dot\)"
        r"|\[dot\]| dot ) ?){1,4}[a-z]{2,24}\b",
        "`at` and `dot` in words",
        "Write to nora.quist [at] fjord-mail [dot] example",
        0.85,
    ),
    Rule(
        "phone",
        r"(?:\+ ?|\b00 ?)[1-9](?:[ ./()-]{0,3}\d){6,14}" + EXTENSION,
        "`+` or `00` and a number that is assigned in one of 40 regions; less sure: any 8 to 15 digits",
        "My number is +47 22 12 34 56",
        check=phones.international,
        context=PHONE,
        raised=0.98,
        shorten=True,
    ),
    Rule(
        "phone",
        r"(?:(?:\+|\b00)?1[-. ]?)?(?:\(\d{3}\) ?|\b\d{3}[-.])\d{3}[-.]\d{4}" + EXTENSION,
        "3, 3 and 4 digits with hyphens, dots or brackets, as in North America",
        "My number is (212) 555-0187",
        0.75,
        context=PHONE,
    ),
    Rule(
        "phone",
        r"\b(?:1 )?\d{3} \d{3} \d{4}\b" + EXTENSION,
        "3, 3 and 4 digits with spaces, as assigned in North America",
        "My number is 212 555 0187",
        0.51,
        check=phones.north_american,
        apart=True,
        context=PHONE,
    ),
    Rule(
        "phone",
        r"\(?\b0\d{1,4}\)?(?:[ ./-]{1,3}\d{2,8}){1,5}\b",
        "a leading 0 and separators, as dialled in one of 40 regions",
        "My number is 020 7946 0958",
        0.6,
        check=phones.national,
        apart=True,
        context=PHONE,
        shorten=True,
    ),
    Rule(
        "phone",
        r"\(\d{2,4}\) ?\d{2,5}[ -]?\d{2,5}\b",
        "a code in brackets, as dialled in one of 40 regions",
        "My number is (11) 4706-6184",
        0.6,
        check=phones.national,
        apart=True,
        context=PHONE,
    ),
    Rule(
        "phone",
        r"(?:\b|\()\d{1,5}\)?(?:[ .-]{0,2}\d{1,8}){0,6}" + EXTENSION,
        "6 to 15 digits beside words that announce a number",
        "You can call me on 9885 1152",
        check=phones.said,
        context=PHONE,
        required=True,
        raised=0.7,
        before=28,
        after=12,
    ),
)
