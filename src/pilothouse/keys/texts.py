"""What a key looks like, `ph_<environment>_<id>_<secret>`, and what is kept of its secret."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from uuid import UUID

from pilothouse.kit.secret import Secret

PREFIX = "ph_"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID_LENGTH = 22
"""Characters of an id: 62 ** 22 is more than 2 ** 128."""
SECRET_LENGTH = 43
"""Characters of a secret: 62 ** 43 is more than 2 ** 256."""

_PURPOSE = b"pilothouse api key\0"
_FORM = re.compile(
    rf"ph_([a-z][a-z0-9]{{0,15}})_([0-9A-Za-z]{{{ID_LENGTH}}})_([0-9A-Za-z]{{{SECRET_LENGTH}}})"
)
_VALUES = {character: value for value, character in enumerate(ALPHABET)}


@dataclass(frozen=True)
class KeyText:
    """A key as its holder has it. Neither `repr` nor `str` shows the secret; `reveal` does."""

    environment: str
    id: UUID
    _secret: str = field(repr=False)

    def reveal(self) -> str:
        """The whole key, to be shown once."""
        return f"{PREFIX}{self.environment}_{_digits(self.id.int)}_{self._secret}"

    def mac(self, pepper: Secret) -> bytes:
        """What is kept of the secret: an HMAC-SHA-256 that the pepper keys, bound to the key's id."""
        said = _PURPOSE + self.id.bytes + self._secret.encode()
        return hmac.new(pepper.reveal(), said, hashlib.sha256).digest()

    def matches(self, pepper: Secret, mac: bytes) -> bool:
        """Whether `mac` was made of this secret; how long that takes tells nothing of either."""
        return hmac.compare_digest(self.mac(pepper), mac)


def new_text(environment: str, id_: UUID) -> KeyText:
    """A new secret for a key: 256 random bits."""
    return KeyText(environment, id_, "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH)))


def parse(text: str) -> KeyText | None:
    """The key that a text is; None where it is none."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    number = 0
    for character in found[2]:
        number = number * len(ALPHABET) + _VALUES[character]
    return KeyText(found[1], UUID(int=number), found[3]) if number < 1 << 128 else None


def _digits(number: int) -> str:
    found = ""
    for _ in range(ID_LENGTH):
        number, value = divmod(number, len(ALPHABET))
        found = ALPHABET[value] + found
    return found
