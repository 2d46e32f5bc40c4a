"""Tree heads as notes that are signed: what exactly is signed, and how it is verified.

The text is a checkpoint as C2SP's tlog-checkpoint defines it (origin, size, root), with the time as an
extension line; the signature is Ed25519, in C2SP's signed-note form. Both are read by other programs, too.
"""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from pilothouse.audit.errors import KeyUnfit

_ALGORITHM = b"\x01"  # Ed25519, in C2SP's signed-note


def origin_of(tenant_id: str) -> str:
    """The name of a tenant's log, which is part of what is signed."""
    return f"pilothouse/{tenant_id}"


def key_id_of(public: bytes) -> str:
    """The id of a public key of 32 bytes: half of its SHA-256."""
    return sha256(public).hexdigest()[:32]


def as_base64(data: bytes) -> str:
    """Bytes as text."""
    return base64.b64encode(data).decode()


@dataclass(frozen=True)
class SignedHead:
    """A tree head with its signature, which need not be right before `is_signed_by` says so."""

    tenant_id: str
    size: int
    root: bytes
    at: dt.datetime
    key_id: str
    signature: bytes

    @property
    def body(self) -> str:
        """What is signed."""
        moment = self.at.astimezone(dt.UTC).isoformat(timespec="microseconds")
        return f"{origin_of(self.tenant_id)}\n{self.size}\n{as_base64(self.root)}\n{moment}\n"

    def note(self, public: bytes) -> str:
        """The text with its signature, as it is published; `public` is the key's."""
        origin = origin_of(self.tenant_id)
        mark = sha256(origin.encode() + b"\n" + _ALGORITHM + public).digest()[:4]
        return f"{self.body}\n\u2014 {origin} {as_base64(mark + self.signature)}\n"

    def is_signed_by(self, public: bytes) -> bool:
        """Whether the holder of the public key's other half has signed exactly this."""
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(self.signature, self.body.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer:
    """Signs tree heads with one Ed25519 key."""

    def __init__(self, pem: bytes) -> None:
        """Read a private key in PEM (PKCS#8); raises `KeyUnfit` for another kind of key."""
        found = load_pem_private_key(pem, password=None)
        if not isinstance(found, Ed25519PrivateKey):
            raise KeyUnfit(
                "The secret audit_key is no Ed25519 key.",
                hint="`pilothouse secrets rotate audit_key` makes one.",
            )
        self._private = found
        self.public = found.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key_id = key_id_of(self.public)

    def head(self, tenant_id: str, size: int, root: bytes, at: dt.datetime) -> SignedHead:
        """The signed head of a tree."""
        unsigned = SignedHead(tenant_id, size, root, at, self.key_id, b"")
        signature = self._private.sign(unsigned.body.encode())
        return SignedHead(tenant_id, size, root, at, self.key_id, signature)


def as_pem(public: bytes) -> str:
    """A public key of 32 bytes as PEM."""
    key = Ed25519PublicKey.from_public_bytes(public)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def from_pem(pem: bytes) -> bytes:
    """The 32 bytes of an Ed25519 public key in PEM; raises `KeyUnfit`."""
    try:
        found = load_pem_public_key(pem)
    except ValueError:
        found = None
    if not isinstance(found, Ed25519PublicKey):
        raise KeyUnfit(
            "This is no Ed25519 public key in PEM.", hint="`pilothouse audit key` prints that of a log."
        )
    return found.public_bytes(Encoding.Raw, PublicFormat.Raw)
