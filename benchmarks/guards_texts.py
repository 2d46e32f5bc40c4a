"""Invents texts with personal data and secrets, and says where in them they stand.

Written apart from the rules: numbers are made by their algorithms or drawn until python-stdnum or
phonenumbers accept them, and stand in sentences, tables, JSON and logs. A third of the texts holds nothing to
be found but what looks like it: broken check digits, hashes, versions, order numbers, amounts, dates.
"""

from __future__ import annotations

import base64
import hashlib
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

import phonenumbers

import guards_keys
from pilothouse.guards.phones import REGIONS

PLAIN = (
    "Could somebody look into {} before noon?",
    "{}",
    "We received {} from them, and again {} a day later.",
    'payload={{"value": "{}", "state": "open"}}',
    "| 17 | {} | pending |",
    "level=info msg=stored item='{}' after=12ms",
    "Hi team,\n\n{}\n\nThat is all I have.",
    "fwd: ({})",
)
BARE = "Could somebody look into {} before noon?"


@dataclass(frozen=True)
class Labelled:
    """A text and what is in it: type, start and end of each."""

    text: str
    spans: tuple[tuple[str, int, int], ...]


def luhn(digits: str) -> str:
    """The digits with Luhn's check digit behind them."""
    total = 0
    for place, one in enumerate(reversed(digits)):
        value = int(one) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)


def grouped(rng: random.Random, digits: str, sizes: tuple[int, ...]) -> str:
    """The digits in groups, or in one."""
    mark = rng.choice(("", " ", "-"))
    parts, at = [], 0
    for size in sizes:
        parts.append(digits[at : at + size])
        at += size
    return mark.join([*parts, digits[at:]] if at < len(digits) else parts)


def number(rng: random.Random, length: int) -> str:
    """So many random digits."""
    return "".join(rng.choices(string.digits, k=length))


CARDS = (
    *(("4", 16), ("4", 13), ("4", 19), ("52", 16), ("2345", 16), ("37", 15), ("36", 14), ("6011", 16)),
    *(("3530", 16), ("62", 17), ("5018", 12), ("2202", 16), ("6521", 16)),
)
"""First digits of brands, and lengths of their numbers."""


def card(rng: random.Random) -> str:
    """A number of one of eleven brands."""
    first, length = rng.choice(CARDS)
    digits = luhn(first + number(rng, length - len(first) - 1))
    return grouped(rng, digits, (4, 6) if length in {14, 15} else (4, 4, 4))


IBANS = (
    *(("DE", "d18"), ("FR", "d20A"), ("GB", "aaaad14"), ("NL", "aaaad10"), ("ES", "d20"), ("CH", "d17")),
    *(("PL", "d24"), ("NO", "d11"), ("BE", "d12"), ("AT", "d16"), ("SE", "d20"), ("IE", "aaaad14")),
)
"""Countries, and what follows the check digits: letters, so many digits, a letter and two digits for `A`."""


def iban(rng: random.Random) -> str:
    """One of twelve countries."""
    country, form = rng.choice(IBANS)
    letters = "".join(rng.choices(string.ascii_uppercase, k=form.count("a")))
    digits = form.strip("aA").removeprefix("d")
    bban = letters + number(rng, int(digits))
    if form.endswith("A"):
        bban += rng.choice(string.ascii_uppercase) + number(rng, 2)
    as_number = int("".join(str(int(one, 36)) for one in f"{bban}{country}00"))
    whole = f"{country}{98 - as_number % 97:02}{bban}"
    spaced = " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))
    return rng.choice((whole, spaced, whole.lower()))


def word(rng: random.Random, least: int, most: int) -> str:
    """So many small letters."""
    return "".join(rng.choices(string.ascii_lowercase, k=rng.randint(least, most)))


def email(rng: random.Random) -> str:
    """Plain, tagged, dotted, with a long top level."""
    tagged, dotted = f"{word(rng, 3, 6)}+{word(rng, 2, 5)}", f"{word(rng, 1, 1)}.{word(rng, 4, 9)}"
    local = rng.choice((word(rng, 3, 9), dotted, tagged, f"{word(rng, 3, 8)}_{number(rng, 2)}"))
    top = rng.choice(("com", "co.uk", "photography", "de", "io", "com.br", "museum"))
    return f"{local}@{word(rng, 4, 10)}.{top}"


def phone(rng: random.Random) -> str:
    """A number that phonenumbers holds for valid, as it writes it for abroad, or E.164."""
    mobile = phonenumbers.PhoneNumberType.MOBILE
    while True:
        example = phonenumbers.example_number_for_type(rng.choice(REGIONS), mobile)
        if example is None:
            continue
        national = str(example.national_number)
        drawn = phonenumbers.PhoneNumber(example.country_code, int(national[:-6] + number(rng, 6)))
        if phonenumbers.is_valid_number(drawn):
            break
    kind = rng.choice((phonenumbers.PhoneNumberFormat.INTERNATIONAL, phonenumbers.PhoneNumberFormat.E164))
    return str(phonenumbers.format_number(drawn, kind))


def ip(rng: random.Random) -> str:
    """IPv4, or IPv6 in full or shortened."""
    if rng.random() < 0.6:
        return ".".join(str(rng.randint(1, 254)) for _ in range(4))
    groups = [f"{rng.randint(1, 65535):x}" for _ in range(8)]
    return ":".join(groups) if rng.random() < 0.5 else f"2001:db8:{groups[2]}::{groups[3]}"


def mac(rng: random.Random) -> str:
    """With colons or hyphens, in either case."""
    text = rng.choice((":", "-")).join(f"{rng.randint(0, 255):02x}" for _ in range(6))
    return text.upper() if rng.random() < 0.5 else text


def coin(rng: random.Random) -> str:
    """Bitcoin's old form, or Ethereum's in lower case."""
    if rng.random() < 0.4:
        return "0x" + "".join(rng.choices("0123456789abcdef", k=40))
    raw = bytes([rng.choice((0, 5))]) + rng.randbytes(20)
    raw += hashlib.sha256(hashlib.sha256(raw).digest()).digest()[:4]
    alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    value, out = int.from_bytes(raw, "big"), ""
    while value:
        value, rest = divmod(value, 58)
        out = alphabet[rest] + out
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + out


def credentials(rng: random.Random) -> str:
    """A URL with user and password."""
    scheme = rng.choice(("https", "postgresql", "redis", "amqps", "mongodb+srv"))
    password = base64.urlsafe_b64encode(rng.randbytes(9)).decode()
    host = f"host{number(rng, 2)}.internal:{rng.randint(1000, 9999)}"
    return f"{scheme}://u{number(rng, 3)}:{password}@{host}/path"


Make = Callable[[random.Random], str]
MAKERS: dict[str, Make] = {
    "card": card,
    "iban": iban,
    "email": email,
    "phone": phone,
    "ip_address": ip,
    "mac_address": mac,
    "crypto_address": coin,
    "url_credentials": credentials,
}
"""Types whose form speaks for itself."""


def drawn(module: str, form: str) -> Make:
    """Draws until python-stdnum accepts; in `form` 0 stands for a digit, d for a date, A for a letter."""
    checker: ModuleType = import_module(f"stdnum.{module}")

    def make(rng: random.Random) -> str:
        for _ in range(50_000):
            text = form.replace(
                "yymmdd", f"{rng.randint(50, 99)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
            )
            text = text.replace(
                "ddmmyy", f"{rng.randint(1, 28):02}{rng.randint(1, 12):02}{rng.randint(50, 99)}"
            )
            text = "".join(
                rng.choice(string.digits)
                if one == "0"
                else rng.choice(string.ascii_uppercase)
                if one == "A"
                else one
                for one in text
            )
            if checker.is_valid(text):
                return text
        raise LookupError(f"{module} accepts nothing of the form {form}")

    return make


NATIONAL: tuple[tuple[str, str, str, str], ...] = (
    # Type, module of python-stdnum, form, sentence.
    ("us_ssn", "us.ssn", "000-00-0000", "{} is what the payroll office has on file."),
    ("us_ssn", "us.ssn", "000000000", "Her SSN is {} as of today."),
    ("ca_sin", "ca.sin", "000 000 000", "social insurance number {} was given"),
    ("fr_nir", "fr.nir", "1 85 05 78 000 000 00", "For the file: {}"),
    ("de_idnr", "de.idnr", "00000000000", "Steueridentifikationsnummer: {}"),
    ("es_dni", "es.dni", "00000000A", "For the file: {}"),
    ("es_nie", "es.nie", "X0000000A", "For the file: {}"),
    ("pt_nif", "pt.nif", "200000000", "NIF {} (contribuinte)"),
    ("nl_bsn", "nl.bsn", "000000000", "burgerservicenummer {} ontvangen"),
    ("be_nn", "be.nn", "yymmdd00000", "rijksregisternummer {} ontvangen"),
    ("ch_ahv", "ch.ssn", "756.0000.0000.00", "For the file: {}"),
    ("pl_pesel", "pl.pesel", "yymmdd00000", "PESEL: {}"),
    ("cz_rc", "cz.rc", "yymmdd/0000", "For the file: {}"),
    ("hr_oib", "hr.oib", "00000000000", "OIB: {}"),
    ("gr_amka", "gr.amka", "ddmmyy00000", "AMKA {} is hers"),
    ("tr_kimlik", "tr.tckimlik", "10000000000", "T.C. kimlik no {}"),
    ("se_personnummer", "se.personnummer", "yymmdd-0000", "For the file: {}"),
    ("no_fodselsnummer", "no.fodselsnummer", "ddmmyy00000", "fødselsnummer {} er registrert"),
    ("dk_cpr", "dk.cpr", "ddmmyy-0000", "cpr-nummer {} er registreret"),
    ("fi_hetu", "fi.hetu", "ddmmyy-000A", "For the file: {}"),
    ("it_codice_fiscale", "it.codicefiscale", "MRTLNZ70C14F205A", "For the file: {}"),
    ("br_cpf", "br.cpf", "000.000.000-00", "For the file: {}"),
    ("ar_cuil", "ar.cuit", "20-00000000-0", "For the file: {}"),
    ("cl_rut", "cl.rut", "00.000.000-0", "For the file: {}"),
    ("in_aadhaar", "in_.aadhaar", "4000 0000 0000", "For the file: {}"),
    ("kr_rrn", "kr.rrn", "yymmdd-1000000", "For the file: {}"),
    ("th_pin", "th.pin", "0-0000-00000-00-0", "For the file: {}"),
    ("za_id", "za.idnr", "yymmdd0000080", "South African ID {}"),
    ("au_tfn", "au.tfn", "000 000 000", "tax file number {} was given"),
    ("nz_ird", "nz.ird", "00-000-000", "IRD number {} was given"),
    ("gb_nhs", "gb.nhs", "900 000 0000", "NHS no. {}"),
    ("il_id", "il.idnr", "000000000", "teudat zehut {}"),
)


def decoy(rng: random.Random) -> str:
    """Something that looks like personal data or a secret and is none."""
    broken = luhn("45" + number(rng, 13))
    iban_ = iban(rng).replace(" ", "").upper()
    return rng.choice(
        (
            broken[:-1] + str((int(broken[-1]) + 5) % 10),
            iban_[:2] + f"{(int(iban_[2:4]) + 7) % 89 + 2:02}" + iban_[4:] + "XX",
            hashlib.sha256(rng.randbytes(8)).hexdigest(),
            hashlib.sha256(rng.randbytes(8)).hexdigest()[:12],
            f"v{rng.randint(1, 20)}.{rng.randint(0, 30)}.{rng.randint(0, 99)}",
            f"SO-{number(rng, 6)}",
            f"INV{number(rng, 8)}/26",
            f"EUR {rng.randint(1, 9)},{number(rng, 3)}.{number(rng, 2)}",
            f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}",
            f"2025-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T09:{rng.randint(10, 59)}:00Z",
            f"{number(rng, 4)} x {number(rng, 3)} mm",
            f"https://docs.internal/pages/{number(rng, 7)}?tab=2",
            "0x" + "".join(rng.choices("0123456789abcdef", k=8)),
            f"@handle{number(rng, 2)}",
            f"key-{number(rng, 4)}",
            "sk-" + "x" * 48,
            "AKIA" + "A" * 16,
            f"std::vector<{rng.choice(('int', 'Token', 'Key'))}>",
        )
    )


def _filled(sentence: str, kind: str, value: str) -> Labelled:
    places: list[tuple[str, int, int]] = []
    text = ""
    parts = sentence.replace("{{", "\0").replace("}}", "\1").split("{}")
    for at, part in enumerate(parts):
        text += part.replace("\0", "{").replace("\1", "}")
        if at < len(parts) - 1:
            places.append((kind, len(text), len(text) + len(value)))
            text += value
    return Labelled(text, tuple(places) if kind else ())


def texts(seed: int, count: int) -> Iterator[Labelled]:
    """So many texts; the same for the same seed."""
    rng = random.Random(seed)
    national = [(kind, drawn(module, form), sentence) for kind, module, form, sentence in NATIONAL]
    kinds = sorted(guards_keys.FORMS)
    for _ in range(count):
        choice = rng.random()
        if choice < 0.34:
            yield _filled(rng.choice(PLAIN), "", decoy(rng))
        elif choice < 0.6:
            kind = rng.choice(sorted(MAKERS))
            yield _filled(rng.choice(PLAIN), kind, MAKERS[kind](rng))
        elif choice < 0.8:
            kind, make, sentence = rng.choice(national)
            yield _filled(sentence, kind, make(rng))
        else:
            kind = rng.choice(kinds)
            sentence = guards_keys.NAMED.get(kind) or rng.choice(PLAIN)
            yield _filled(sentence, kind, guards_keys.key(rng, kind))
