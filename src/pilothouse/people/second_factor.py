"""The authenticator: six digits that change every 30 seconds (RFC 6238), and codes for when it is lost."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
from uuid import UUID

import pyotp

from pilothouse.people.repository import PersonRepository

ISSUER = "Pilothouse"
STEP = 30
CODES = 10
_CODE_BYTES = 10
_CODE_LENGTH = 16


def new_secret() -> str:
    """A secret of 160 bits, as RFC 4226 asks, in base 32."""
    return pyotp.random_base32(32)


def uri_of(secret: str, account: str) -> str:
    """What an authenticator reads from a QR code."""
    return pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=account, issuer_name=ISSUER)


def new_codes() -> list[str]:
    """Recovery codes of 80 bits: enough to store their plain digests."""
    made = (base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode() for _ in range(CODES))
    return ["-".join(code[at : at + 4] for at in range(0, _CODE_LENGTH, 4)) for code in made]


def digest_of(person_id: UUID, code: str) -> bytes:
    """By what a recovery code is known."""
    return hashlib.sha256(person_id.bytes + _plain(code).encode(errors="replace")).digest()


def step_of(secret: str, code: str, now: dt.datetime) -> int | None:
    """The time step of which `code` is the code, one before or after `now` included; None for any other."""
    given = _plain(code)
    present = int(now.timestamp()) // STEP
    generator, found = pyotp.TOTP(secret, interval=STEP), None
    for step in (present - 1, present, present + 1):
        if hmac.compare_digest(generator.generate_otp(step).encode(), given.encode(errors="replace")):
            found = step
    return found


async def is_right(
    people: PersonRepository,
    person_id: UUID,
    secret: str,
    code: str,
    now: dt.datetime,
    *,
    recovery: bool = True,
) -> bool:
    """Whether a code is the authenticator's, or a recovery code where that will do; it is used up."""
    step = step_of(secret, code, now)
    if step is not None:
        return await people.use_step(person_id, step)
    if not recovery or len(_plain(code)) != _CODE_LENGTH:
        return False
    return await people.use_code(person_id, digest_of(person_id, code))


def _plain(code: str) -> str:
    return code.replace(" ", "").replace("-", "").upper()
