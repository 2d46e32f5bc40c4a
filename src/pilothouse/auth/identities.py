"""Sign-in by an identity provider: from the browser's leaving until it is back with a code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from pilothouse.auth.errors import IdentityRefused
from pilothouse.auth.places import local_path
from pilothouse.auth.provider import Provider
from pilothouse.auth.repository import AuthRepository
from pilothouse.errors import PilothouseError
from pilothouse.kit.cipher import Tampered, bound, derived, seal, unseal
from pilothouse.kit.clock import Clock
from pilothouse.kit.scope import HOME_TENANT
from pilothouse.kit.secret import SecretSource
from pilothouse.kit.session import Database
from pilothouse.people.schemas import Standing
from pilothouse.people.service import SignIn

log = structlog.get_logger(__name__)

CALLBACK = "/sign-in/identity/callback"
LASTS = 600
"""Seconds that somebody has for signing in at the provider."""

_PLACE = bound("sign-in by identity")
_TENANT = re.compile(r"[a-z][a-z0-9-]{0,62}")


@dataclass(frozen=True)
class Mapped:
    """Who belongs where: the claim with groups, the roles of each group, and the tenant.

    Where there is a `tenant_claim`, that claim names the tenant.
    """

    groups_claim: str
    roles: Mapping[str, Sequence[str]]
    tenant: str = HOME_TENANT
    tenant_claim: str | None = None


@dataclass(frozen=True)
class Leaving:
    """Where the browser is sent, and the cookie with which it is known again."""

    url: str
    cookie: str = field(repr=False)


class Identities:
    """Signs in whom the provider vouches for. What has to be remembered meanwhile is sealed in a cookie."""

    def __init__(
        self,
        provider: Provider,
        mapped: Mapped,
        sign_in: SignIn,
        database: Database,
        source: SecretSource,
        *,
        clock: Clock,
        origin: str,
    ) -> None:
        """Have the provider send browsers back to `origin`."""
        self.provider = provider
        self._mapped = mapped
        self._sign_in = sign_in
        self._database = database
        self._source = source
        self._clock = clock
        self._redirect_uri = origin.rstrip("/") + CALLBACK

    async def begin(self, following: str | None) -> Leaving:
        """Send a browser to the provider; afterwards it goes to `following`, a path of this server."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        url = await self.provider.authorization_url(self._redirect_uri, state, nonce, challenge)
        kept = {
            "state": state,
            "nonce": nonce,
            "verifier": verifier,
            "until": self._clock.now().timestamp() + LASTS,
            "following": local_path(following),
        }
        key = (await self._keys())[0]
        return Leaving(url, base64.urlsafe_b64encode(seal(key, _PLACE, json.dumps(kept).encode())).decode())

    async def end(self, said: Mapping[str, str], cookie: str | None) -> tuple[Standing, str]:
        """Who has come back, and where to go; raises `IdentityRefused`, and what `from_identity` raises."""
        kept = await self._opened(cookie or "")
        if not hmac.compare_digest(said.get("state", "").encode(), str(kept["state"]).encode()):
            raise IdentityRefused("This is no answer to a sign-in that was begun here.", hint="Begin anew.")
        metadata = await self.provider.metadata()
        issuer = said.get("iss")
        if (issuer is None and metadata.authorization_response_iss_parameter_supported) or (
            issuer is not None and issuer != metadata.issuer
        ):
            raise IdentityRefused(
                "The answer is by another identity provider (RFC 9207).", hint="Begin anew."
            )
        if "error" in said or not said.get("code"):
            raise IdentityRefused("The identity provider has signed in nobody.", hint="Begin anew.")
        claims = await self.provider.identity(
            said["code"], str(kept["verifier"]), self._redirect_uri, str(kept["nonce"])
        )
        return await self._standing(claims), local_path(str(kept["following"]))

    async def logout_url(self, back: str) -> str | None:
        """Where a browser signs out of the provider; None where it has no such place, or does not answer."""
        try:
            return await self.provider.logout_url(back)
        except PilothouseError as error:
            log.warning("identity_logout_unknown", reason=str(error))
            return None

    async def _standing(self, claims: Mapping[str, Any]) -> Standing:
        roles = self._roles(claims)
        tenant = self._mapped.tenant
        if self._mapped.tenant_claim is not None:
            tenant = str(claims.get(self._mapped.tenant_claim, ""))
        async with self._database.maintenance() as session:
            there = bool(_TENANT.fullmatch(tenant)) and await AuthRepository(session).is_active(tenant)
        if not roles or not there:
            raise IdentityRefused(
                "You are known to the identity provider, but you have no role here.",
                hint="An administrator gives your group one with the setting oidc_roles.",
            )
        return await self._sign_in.from_identity(
            tenant,
            self.provider.client.issuer,
            str(claims["sub"]),
            _text(claims.get("email")),
            _text(claims.get("name")),
            roles,
            verified=_is_true(claims.get("email_verified")),
        )

    def _roles(self, claims: Mapping[str, Any]) -> list[str]:
        said = claims.get(self._mapped.groups_claim, [])
        groups = [said] if isinstance(said, str) else said if isinstance(said, list) else []
        found = {
            role for group in groups if isinstance(group, str) for role in self._mapped.roles.get(group, ())
        }
        return sorted(found)

    async def _opened(self, cookie: str) -> dict[str, Any]:
        for key in await self._keys():
            try:
                kept = json.loads(unseal(key, _PLACE, base64.urlsafe_b64decode(cookie)))
            except (Tampered, ValueError):
                continue
            if kept["until"] > self._clock.now().timestamp():
                return dict(kept)
        raise IdentityRefused("This is no answer to a sign-in that was begun here.", hint="Begin anew.")

    async def _keys(self) -> list[bytes]:
        return [
            derived(version.reveal(), "sign-in by identity")
            for version in await self._source.versions("pepper")
        ]


def _is_true(said: object) -> bool:
    """Some providers, Cognito among them, write truth as a text."""
    return said is True or said == "true"


def _text(said: object) -> str | None:
    return said if isinstance(said, str) and said else None
