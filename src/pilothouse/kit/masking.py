"""Keeps secrets and personal data out of logs and spans: by the names of keys, and by what values look like.

The cost is bounded: of a text `LOOKED_AT` characters are looked at and kept, of a structure `DEEP` levels and
`WIDE` members. Every pattern is linear: its repetitions are bounded or cannot overlap.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from functools import lru_cache

MASK = "***"
LOOKED_AT = 8_192
"""Characters of one text that are looked at; the others are left out."""
SHORT_NAME = 40
"""Characters of a key up to which it is taken for a name that comes again, and remembered."""
DEEP = 8
WIDE = 200

_KEY = re.compile(
    r"""(?ix)(?:^|[_.\- ])(?:
      pass(?:word|wd|phrase)?|pwd|secrets?|credentials?|authorization|cookies?|apikey|token|jwt|dsn
      |(?:access|api|auth|bearer|client|csrf|id|private|refresh|secret|session|signing)[_.\- ]?
       (?:key|token|secret)s?
      |(?:card|cc)[_.\- ]?(?:number|no)|cardnumber|pan|cvv|cvc|iban|ssn|e?mail(?:[_.\- ]?address)?
    )$"""
)
_TEXTS: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    (
        ("-----begin",),
        re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END|\Z)", re.DOTALL),
        MASK,
    ),
    (("://",), re.compile(r"(?<=://)([^\s/@:?#]{0,255}):(?:[^\s/?#]{1,1000})(?=@)"), rf"\1:{MASK}"),
    (("eyj",), re.compile(r"\beyJ[\w-]{5,}\.[\w-]{2,}(?:\.[\w-]*)?"), MASK),
    (
        ("bearer", "basic", "token"),
        re.compile(
            r"(?i)\b(bearer|basic|token)(\s+)(?=[\w.~+/=-]{0,1000}(?:[\d=]|(?-i:[a-z][A-Z])))[\w.~+/=-]{8,1000}"
        ),
        rf"\1\2{MASK}",
    ),
    (
        ("pass", "pwd", "secret", "token", "key", "authorization"),
        re.compile(
            r"""(?ix)\b((?:[a-z0-9]{1,40}[_-]){0,4}
            (?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|apikey|access[_-]?key|authorization))
            (["']?\s{0,5}[=:]\s{0,5})(?!\s|\*\*\*)("[^"]{0,1000}"|'[^']{0,1000}'|["']?[^\s,;&"']{1,1000})"""
        ),
        rf"\1\2{MASK}",
    ),
    (
        ("sk", "pk", "rk", "gh", "github_pat", "glpat-", "xox", "akia", "asia", "aiza", "ph_"),
        re.compile(
            r"\b(?:sk|pk|rk)[-_](?:[A-Za-z0-9]{1,20}[-_]){0,4}[A-Za-z0-9]{16,}|\bgh[opsur]_[A-Za-z0-9]{20,}"
            r"|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abeprs]-[\w-]{10,}|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
            r"|\bAIza[\w-]{30,}|\bph_[a-z0-9]{1,20}_[\w-]{12,}"
        ),
        MASK,
    ),
    (("@",), re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"), MASK),
)
"""What is masked: a text without any of the clues (in small letters) is not looked through."""
_CLUE = re.compile("|".join(sorted({re.escape(clue) for clues, _, _ in _TEXTS for clue in clues})))
"""Finds that there is any clue at all: most texts have none."""
_CARD = re.compile(r"(?<![\w.-])(?:\d[ -]?){12,18}\d(?![\w-])")
_MANY_DIGITS = re.compile(r"(?:\d[ -]?){12}\d")
_DIGITS = re.compile(r"\D")


def mask_text(text: str) -> str:
    """`text` without passwords in URLs, tokens, keys, card numbers and e-mail addresses."""
    if len(text) > LOOKED_AT:
        text = _shortened(text)
    small = text.lower()
    if _CLUE.search(small):
        for clues, pattern, instead in _TEXTS:
            if any(clue in small for clue in clues):
                text = pattern.sub(instead, text)
    return _CARD.sub(_card, text) if _MANY_DIGITS.search(text) else text


@lru_cache(maxsize=16_384)
def mask_address(address: str) -> str:
    """The network that an address is in: its first 24 bits of IPv4, or 48 of IPv6; one machine's own stays.

    `unknown` for what is no address.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.is_loopback:
        return str(found)
    return str(ipaddress.ip_network((int(found), 24 if found.version == 4 else 48), strict=False))


def is_secret(key: str) -> bool:
    """Whether the name of a key says that its value is nobody's business."""
    return _named_secret(key) if len(key) <= SHORT_NAME else _KEY.search(key) is not None


@lru_cache(maxsize=4_096)
def _named_secret(key: str) -> bool:
    return _KEY.search(key) is not None


def mask(value: object, deep: int = DEEP) -> object:
    """`value` masked: texts, and what is inside dicts, lists and tuples. Other types stay as they are."""
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, bytes):
        return mask_text(value[: LOOKED_AT + 1].decode(errors="replace"))
    if value is None or isinstance(value, int | float):
        return value
    if not isinstance(value, Mapping | list | tuple | set | frozenset):
        return mask_text(str(value))
    if deep == 0:
        return f"({len(value)} more inside)"
    if isinstance(value, Mapping):
        return _mask_members(value, deep - 1)
    found = [mask(item, deep - 1) for item, _ in zip(value, range(WIDE), strict=False)]
    return found if len(value) <= WIDE else [*found, f"({len(value) - WIDE} more)"]


def mask_member(key: str, value: object) -> object:
    """`value`, masked as what it is and by what it is called."""
    return _masked(key, value, DEEP)


def _shortened(text: str) -> str:
    """The beginning and the last lines of a long text: a traceback says at its end what went wrong.

    The end begins with a whole line, and behind a key that began before it, so that no half of a secret is
    left without what shows that it is one.
    """
    head, tail = text[: LOOKED_AT * 3 // 4], text[-LOOKED_AT // 4 :].partition("\n")[2]
    began, ended = tail.find("-----BEGIN"), tail.rfind("-----END")
    if ended >= 0 and not 0 <= began < ended:
        tail = tail[ended:].partition("\n")[2]
    return f"{head}… ({len(text) - len(head) - len(tail)} characters left out)\n{tail}"


def _mask_members(members: Mapping[object, object], deep: int) -> dict[str, object]:
    found: dict[str, object] = {}
    for number, (key, value) in enumerate(members.items()):
        if number == WIDE:
            found["…"] = f"({len(members) - WIDE} more)"
            break
        name = str(key)[:LOOKED_AT]
        found[mask_text(name)] = _masked(name, value, deep)
    return found


def _masked(key: str, value: object, deep: int) -> object:
    if value is not None and not isinstance(value, bool) and is_secret(key):
        return MASK
    return mask(value, deep)


def _card(found: re.Match[str]) -> str:
    """Digits that pass the check of card numbers (Luhn) are masked; others, such as times, are not."""
    digits = [int(digit) for digit in _DIGITS.sub("", found.group())]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return MASK if (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0 else found.group()
