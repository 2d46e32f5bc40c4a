"""Access tokens: JWTs (RFC 9068) that hold for ten minutes, signed with keys that only this installation has.

A token names a session and whose it is, and nothing that it could be believed for: roles are looked up.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey
from joserfc.jws import JWSRegistry

from pilothouse.auth.errors import CredentialInvalid
from pilothouse.kit.clock import Clock
from pilothouse.kit.secret import Secret, SecretSource

LASTS = dt.timedelta(minutes=10)
SKEW = 5
"""Seconds by which the clocks of machines that share an installation may differ."""
AUDIENCE = "pilothouse"
TYPE = "at+jwt"
LONGEST = 2_048
"""Characters of a token; ours have some 500."""

_SHAPE = re.compile(r"[A-Za-z0-9_-]{10,600}\.[A-Za-z0-9_-]{10,1400}\.[A-Za-z0-9_-]{20,200}")


@dataclass(frozen=True)
class Claims:
    """What a genuine token says."""

    session_id: UUID
    principal: str
    tenant_id: str


@dataclass(frozen=True)
class _Signer:
    kid: str
    algorithm: str
    key: OKPKey | ECKey


class OneEach(json.JSONDecoder):
    """Reads JSON whose objects name each member once: of two, each reader could believe another one."""

    def __init__(self, **said: Any) -> None:
        super().__init__(**said | {"object_pairs_hook": _once})


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a member is there twice"
        raise ValueError(message)
    return found


class Tokens:
    """Signs with the newest version of `signing_key`; what older ones have signed still holds."""

    def __init__(self, source: SecretSource, issuer: str, clock: Clock) -> None:
        """Issue tokens as `issuer`, and accept that one's only."""
        self._source = source
        self._issuer = issuer
        self._clock = clock
        self._signers: dict[str, _Signer] = {}

    async def issue(self, session_id: UUID, principal: str, tenant_id: str) -> str:
        """A new access token."""
        signer = next(iter((await self._known()).values()))
        now = int(self._clock.now().timestamp())
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": principal,
            "sid": str(session_id),
            "tid": tenant_id,
            "iat": now,
            "nbf": now,
            "exp": now + int(LASTS.total_seconds()),
            "jti": secrets.token_urlsafe(12),
        }
        header = {"alg": signer.algorithm, "kid": signer.kid, "typ": TYPE}
        return jwt.encode(header, claims, signer.key, algorithms=[signer.algorithm])

    async def verify(self, text: str) -> Claims:
        """What a token says; raises `CredentialInvalid` for one not issued here, or over."""
        header = _read(text)
        signer = (await self._known()).get(str(header["kid"]))
        if signer is None or header["alg"] != signer.algorithm:
            _refuse("it is signed with a key that is not known here")
        try:
            found = jwt.decode(
                text,
                signer.key,
                algorithms=[signer.algorithm],
                registry=JWSRegistry(algorithms=[signer.algorithm]),
                decoder_cls=OneEach,
            )
        except (JoseError, ValueError):
            _refuse("its signature is wrong")
        claims = found.claims
        check_claims(claims, int(self._clock.now().timestamp()), self._issuer, AUDIENCE, SKEW)
        try:
            return Claims(UUID(str(claims["sid"])), str(claims["sub"]), str(claims["tid"]))
        except (KeyError, ValueError):
            _refuse("it names no session")

    async def public(self) -> list[dict[str, str]]:
        """The public keys, the newest first (RFC 7517)."""
        return [
            {
                **{name: str(value) for name, value in signer.key.as_dict(private=False).items()},
                "kid": signer.kid,
                "alg": signer.algorithm,
                "use": "sig",
            }
            for signer in (await self._known()).values()
        ]

    async def _known(self) -> Mapping[str, _Signer]:
        found: dict[str, _Signer] = {}
        for version in await self._source.versions("signing_key"):
            if version.version not in self._signers:
                self._signers[version.version] = _signer(version)
            signer = self._signers[version.version]
            found[signer.kid] = signer
        return found


def _signer(secret: Secret) -> _Signer:
    """The key that a secret holds; it is called by its thumbprint (RFC 7638), which tells no version."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key: OKPKey | ECKey
    if isinstance(load_pem_private_key(secret.reveal(), None), EllipticCurvePrivateKey):
        key, algorithm = ECKey.import_key(secret.reveal()), "ES256"
    else:
        key, algorithm = OKPKey.import_key(secret.reveal()), "Ed25519"
    return _Signer(key.thumbprint(), algorithm, key)


def _read(text: str) -> dict[str, Any]:
    """The header of a token, before anything of it is believed; raises `CredentialInvalid`."""
    if len(text) > LONGEST or _SHAPE.fullmatch(text) is None:
        _refuse("it has not the form of one")
    header = head_of(text)
    if set(header) != {"alg", "kid", "typ"} or header["typ"] != TYPE:
        _refuse("its header is none of ours")
    return header


def head_of(text: str) -> dict[str, Any]:
    """What the header of a JWS says; raises `CredentialInvalid`."""
    part = text.partition(".")[0]
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)), cls=OneEach)
    except (ValueError, RecursionError):
        _refuse("its header makes no sense")
    if not isinstance(found, dict) or not all(isinstance(found.get(name), str) for name in ("alg", "kid")):
        _refuse("its header makes no sense")
    return found


def check_claims(claims: Mapping[str, Any], now: int, issuer: str, audience: str, skew: int) -> None:
    """Raise `CredentialInvalid` unless a token is by `issuer`, for `audience`, and holds at `now`."""
    wanted = {name: {"essential": True} for name in ("sub", "iat", "exp")}
    registry = jwt.JWTClaimsRegistry(
        now=now,
        leeway=skew,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        **wanted,  # type: ignore[arg-type]  # TypedDicts from a loop
    )
    try:
        registry.validate(dict(claims))
    except JoseError as error:
        _refuse(f"{getattr(error, 'claim', None) or 'a claim'} is not right")


def _refuse(why: str) -> NoReturn:
    raise CredentialInvalid(f"The token is not valid: {why}.", hint="Get a new one: POST /api/v1/auth/token.")
