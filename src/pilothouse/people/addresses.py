"""E-mail addresses: one spelling for each, and none that looks like another one's.

An address is shown as it was written, with its domain in lower case. It is compared without regard to case
and compatibility forms of Unicode, so that nobody becomes a second person by writing it another way.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import idna

from pilothouse.errors import InvalidInput
from pilothouse.kit.text import LONGEST_NAME, name
from pilothouse.people.schemas import LONGEST_ADDRESS

LOCAL_DOMAIN = "localhost"
_LONGEST_LOCAL = 64
_SPECIAL = frozenset('"(),:;<>[]\\')
_TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
)
"""Scripts that are written together (Unicode UTS 39, section 5.2, highly restrictive)."""

_LOOKALIKES = frozenset("асԁеһіјӏорԛѕԝхуѵгτνοραικ")
"""Cyrillic and Greek letters that look like Latin ones: a word of them alone is one that pretends."""


@dataclass(frozen=True)
class EmailAddress:
    """An address: `shown` to people, `key` to compare, `wire` for the mail's envelope."""

    shown: str
    key: str
    wire: str

    def __repr__(self) -> str:
        return "EmailAddress(***)"

    @property
    def words(self) -> list[str]:
        """What somebody who knows the address might try as a password."""
        local, _, domain = self.key.partition("@")
        return [self.key, local, domain, *_split(local), *_split(domain)]


def parsed(text: str) -> EmailAddress:
    """Read an address; raises `InvalidInput`, whose message does not show it."""
    text = unicodedata.normalize("NFC", text.strip(" "))
    local, separator, domain = text.rpartition("@")
    if not separator or not local or not domain or len(text) > LONGEST_ADDRESS:
        raise _no_address("Write it as name@example.com.")
    local_key = unicodedata.normalize("NFKC", local).casefold()
    if not _is_local(local) or not _is_local(local_key) or not _of_one_script(local_key):
        raise _no_address("The part before the @ has characters that no mailbox has, or of mixed scripts.")
    ascii_domain, shown_domain = _domain(domain)
    return EmailAddress(
        shown=f"{local}@{shown_domain}", key=f"{local_key}@{ascii_domain}", wire=f"{local}@{ascii_domain}"
    )


def named(text: str) -> str:
    """What a person is called, in one spelling; raises `InvalidInput` for what no name has."""
    try:
        return name(text)
    except ValueError as error:
        raise InvalidInput(
            f"The name {error}.", hint=f"At most {LONGEST_NAME} letters, digits, spaces and signs."
        ) from None


def words_of(name: str) -> list[str]:
    """What somebody who knows the name might try as a password."""
    return [name, name.replace(" ", ""), *name.split()]


def _domain(domain: str) -> tuple[str, str]:
    """A domain as it goes over the wire, and as it is shown; raises `InvalidInput`."""
    try:
        ascii_domain = idna.encode(domain, uts46=True, std3_rules=True, transitional=False).decode().lower()
        shown = idna.decode(ascii_domain)
    except (idna.IDNAError, UnicodeError):
        raise _no_address("The part behind the @ is no domain.") from None
    labels = shown.split(".")
    if (len(labels) < 2 and shown != LOCAL_DOMAIN) or labels[-1].isdecimal() or shown.endswith("."):
        raise _no_address("The part behind the @ is no domain.")
    if not all(_of_one_script(label) for label in labels) or _pretends(labels):
        raise _no_address("The part behind the @ mixes scripts so that it looks like another domain.")
    return ascii_domain, shown


def _is_local(local: str) -> bool:
    """Whether a text may stand before the @ (RFC 5321, RFC 6531): nothing quoted or unseen."""
    if not local or len(local.encode(errors="replace")) > _LONGEST_LOCAL or "@" in local:
        return False
    dots = local.startswith(".") or local.endswith(".") or ".." in local
    return not dots and all(_in_local(character) for character in local)


def _in_local(character: str) -> bool:
    if character.isascii():
        return character.isprintable() and character != " " and character not in _SPECIAL
    return unicodedata.category(character)[0] in "LMN"


def _of_one_script(text: str) -> bool:
    scripts = {
        unicodedata.name(character, "UNKNOWN").split(" ")[0].split("-")[0]
        for character in text
        if unicodedata.category(character)[0] == "L"
    }
    return len(scripts) <= 1 or any(scripts <= together for together in _TOGETHER)


def _pretends(labels: list[str]) -> bool:
    """Whether a label of letters that look like Latin ones stands below a Latin top-level domain."""
    if not labels[-1].isascii():
        return False
    letters = [{character for character in label if character.isalpha()} for label in labels]
    return any(found and found <= _LOOKALIKES for found in letters)


def _split(text: str) -> list[str]:
    return [part for part in text.replace("-", ".").replace("_", ".").replace("+", ".").split(".") if part]


def _no_address(hint: str) -> InvalidInput:
    return InvalidInput("This is no e-mail address.", hint=hint)
