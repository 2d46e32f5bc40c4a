"""Which secrets there are, what each has to look like, and how a new one is made."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from pilothouse.errors import InvalidInput
from pilothouse.secrets.errors import SecretInvalid

KEY_BYTES = 32
"""Bytes of a key that is made here, and the fewest that a key may have."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}(?:/[a-z][a-z0-9_-]{0,62})?")


class Form(StrEnum):
    """What the text that is kept holds.

    `key`: random bytes in base64 or hexadecimal digits. `private_key`: an Ed25519 or P-256 private key, as
    PKCS#8 PEM. `text`: the secret itself.
    """

    KEY = "key"
    PRIVATE_KEY = "private_key"
    TEXT = "text"


@dataclass(frozen=True)
class Kind:
    """What is known of a secret by its name.

    `made` is whether Pilothouse may make it, `shared` whether all machines of an installation need the same
    one, and `days` after how many a new version is due (None: never).
    """

    summary: str
    form: Form
    made: bool = False
    shared: bool = True
    days: int | None = None


KINDS = {
    "pepper": Kind("hashes of API keys", Form.KEY, made=True, days=365),
    "signing_key": Kind("signatures of access tokens", Form.PRIVATE_KEY, made=True, days=90),
    "audit_key": Kind("signatures of the audit log", Form.PRIVATE_KEY, made=True, days=365),
    "vault_key": Kind("wraps the keys of tenants", Form.KEY, made=True, days=365),
    "local_token": Kind("programs of this machine", Form.TEXT, made=True, shared=False),
    "database_password": Kind("the login of the database", Form.TEXT, days=90),
    "smtp_password": Kind("sending mail", Form.TEXT, days=365),
    "oidc_client_secret": Kind("sign-in by OpenID Connect", Form.TEXT, days=365),
}
"""The secrets with names of their own. Besides there is `provider/<name>` for each provider of models."""

PROVIDER = Kind("a provider of models", Form.TEXT, days=90)


def kind_of(name: str) -> Kind:
    """What is known of the secret `name`; raises `InvalidInput` for what names none."""
    if _NAME.fullmatch(name):
        if name in KINDS:
            return KINDS[name]
        if name.startswith("provider/"):
            return PROVIDER
    known = ", ".join(KINDS)
    raise InvalidInput(
        f"{name[:80]!r} is no name of a secret.", hint=f"There are {known} and provider/<name>."
    )


def new_value(kind: Kind) -> bytes:
    """A new secret, as it is kept: 256 random bits, in the form of its kind."""
    if kind.form is Form.PRIVATE_KEY:
        return _new_private_key()
    if kind.form is Form.KEY:
        return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES))
    return secrets.token_urlsafe(KEY_BYTES).encode()


def read(name: str, raw: bytes) -> bytes:
    """The secret that the text `raw` holds; raises `SecretInvalid`, which tells nothing of it."""
    text = raw.strip()
    if not text:
        raise SecretInvalid(f"The secret {name} is empty.", hint="Write it again, or rotate it.")
    return _READERS[kind_of(name).form](name, text)


def is_strong(name: str, value: bytes) -> bool:
    """Whether nobody can guess it: a key has its bytes and is no pattern; a text is long and mixed."""
    form = kind_of(name).form
    if form is Form.PRIVATE_KEY:
        return True  # it was read, and only kinds that are strong are
    distinct = len(set(value))
    return (
        len(value) >= KEY_BYTES and distinct >= 16 if form is Form.KEY else len(value) >= 16 and distinct >= 8
    )


def _key(name: str, text: bytes) -> bytes:
    for decode in (bytes.fromhex, _base64):
        try:
            found = decode(text.decode())
        except (ValueError, binascii.Error):
            continue
        if len(found) >= KEY_BYTES:
            return found
    raise SecretInvalid(
        f"The secret {name} is no key: {KEY_BYTES} bytes or more in base64 or hexadecimal digits.",
        hint=f"Make one: `pilothouse secrets rotate {name}`, or `openssl rand -base64 {KEY_BYTES}`.",
    )


def _base64(text: str) -> bytes:
    padded = text + "=" * (-len(text) % 4)
    return base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)


def _private_key(name: str, text: bytes) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        found = load_pem_private_key(text, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        found = None
    p256 = isinstance(found, ec.EllipticCurvePrivateKey) and isinstance(found.curve, ec.SECP256R1)
    if not (p256 or isinstance(found, ed25519.Ed25519PrivateKey)):
        raise SecretInvalid(
            f"The secret {name} is no Ed25519 or P-256 private key in PEM.",
            hint=f"Make one: `pilothouse secrets rotate {name}`.",
        )
    return text + b"\n"


def _new_private_key() -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


_READERS: dict[Form, Callable[[str, bytes], bytes]] = {
    Form.KEY: _key,
    Form.PRIVATE_KEY: _private_key,
    Form.TEXT: lambda _, text: text,
}
