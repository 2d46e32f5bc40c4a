"""An OpenID provider: what it says of itself, its keys, and the identities that it vouches for.

By OpenID Connect Core 1.0 and Discovery 1.0; Amazon Cognito and others are used in the same way.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import quote, urlencode, urlsplit

import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from pydantic import BaseModel, ConfigDict, ValidationError

from pilothouse.auth.errors import CredentialInvalid, IdentityRefused
from pilothouse.auth.tokens import OneEach, check_claims, head_of
from pilothouse.kit.clock import Clock
from pilothouse.kit.outgoing import GuardedClient, NoSuchAnswer
from pilothouse.kit.secret import SecretSource
from pilothouse.settings import is_loopback

log = structlog.get_logger(__name__)

ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
"""Signatures of id tokens that are believed; all are asymmetric."""
SKEW = 60
"""Seconds by which the provider's clock may differ."""
FRESH = 3_600.0
"""Seconds for which what a provider says of itself, and its keys, are believed."""
REFETCH_AFTER = 30.0
"""Seconds between two looks for a key that was not known."""
LONGEST_TOKEN = 32_768
LONGEST_SUBJECT = 255
"""Characters (OpenID Connect Core 1.0, section 2)."""
MOST_KEYS = 100

Key = RSAKey | ECKey | OKPKey
_KINDS: Mapping[str, type[Key]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}


class Metadata(BaseModel):
    """What a provider says of itself, as far as it is used."""

    model_config = ConfigDict(frozen=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    authorization_response_iss_parameter_supported: bool = False
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


@dataclass(frozen=True)
class Client:
    """What this installation is to the provider."""

    issuer: str
    client_id: str
    scopes: str = "openid email profile"


class Provider:
    """One provider. What it answers is remembered; use it in one event loop."""

    def __init__(
        self, client: Client, http: GuardedClient, secrets: SecretSource, clock: Clock, *, secret: bool = True
    ) -> None:
        """Ask the provider through `http`; with `secret` as a client that has one."""
        self.client = client
        self._http = http
        self._secrets = secrets
        self._clock = clock
        self._has_secret = secret
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, Sequence[Key]] | None = None
        self._looked = float("-inf")

    async def metadata(self) -> Metadata:
        """What it says of itself; raises `IdentityRefused` and what the guarded client raises."""
        now = self._clock.monotonic()
        if self._metadata is not None and self._metadata[0] > now:
            return self._metadata[1]
        url = self.client.issuer.rstrip("/") + "/.well-known/openid-configuration"
        try:
            found = Metadata.model_validate(await self._json(url))
        except ValidationError:
            _refuse("it does not say what OpenID Connect Discovery asks for")
        if found.issuer != self.client.issuer:
            _refuse("it calls itself by another name")
        places = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
        if not all(_is_secure(address) for address in (*places, found.end_session_endpoint or places[0])):
            _refuse("it names an address without TLS")
        self._metadata = now + FRESH, found
        return found

    async def authorization_url(self, redirect_uri: str, state: str, nonce: str, challenge: str) -> str:
        """Where the browser signs in (authorization code with PKCE S256, RFC 7636)."""
        said = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": redirect_uri,
            "scope": self.client.scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return _with(await self._endpoint("authorization_endpoint"), said)

    async def logout_url(self, back: str) -> str | None:
        """Where the browser signs out of the provider; None where it has no such place.

        Cognito calls `logout_uri` what the standard calls `post_logout_redirect_uri`.
        """
        found = (await self.metadata()).end_session_endpoint
        said = {"client_id": self.client.client_id, "post_logout_redirect_uri": back, "logout_uri": back}
        return _with(found, said) if found else None

    async def identity(self, code: str, verifier: str, redirect_uri: str, nonce: str) -> Mapping[str, Any]:
        """The claims of the id token for an authorization code; raises `IdentityRefused`."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "client_id": self.client.client_id,
        }
        metadata, headers = await self.metadata(), {"accept": "application/json"}
        if self._has_secret:
            secret = (await self._secrets.versions("oidc_client_secret"))[0].reveal().decode()
            if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
                pair = f"{quote(self.client.client_id, safe='')}:{quote(secret, safe='')}"
                headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
            else:
                form["client_secret"] = secret
        answer = await self._http.request("POST", metadata.token_endpoint, headers=headers, form=form)
        if answer.status != 200:
            log.warning("identity_code_refused", status=answer.status)
            _refuse("it does not take the code")
        token = _object(answer.body).get("id_token")
        if not isinstance(token, str):
            _refuse("it sends no id token")
        return await self.verified(token, nonce)

    async def verified(self, token: str, nonce: str) -> Mapping[str, Any]:
        """The claims of an id token that is meant for us and for this sign-in; raises `IdentityRefused`."""
        try:
            if len(token) > LONGEST_TOKEN:
                _refuse("its id token is too long")
            header = head_of(token)
            if header["alg"] not in ALGORITHMS:
                _refuse("its id token is signed in a way that is not believed")
            key = await self._key(str(header["kid"]), str(header["alg"]))
            registry = JWSRegistry(algorithms=[header["alg"]])
            registry.max_payload_length = LONGEST_TOKEN
            found = jwt.decode(
                token, key, algorithms=[header["alg"]], registry=registry, decoder_cls=OneEach
            ).claims
            now = int(self._clock.now().timestamp())
            check_claims(found, now, self.client.issuer, self.client.client_id, SKEW)
        except CredentialInvalid as error:
            _refuse(error.message)
        except (JoseError, ValueError):
            _refuse("the signature of its id token is wrong")
        if not isinstance(found["sub"], str) or len(found["sub"]) > LONGEST_SUBJECT:
            _refuse("it does not say who that is")
        several = isinstance(found["aud"], list) and len(found["aud"]) > 1
        if found.get("azp", self.client.client_id) != self.client.client_id or (
            several and "azp" not in found
        ):
            _refuse("its id token is for another client")
        if found.get("nonce") != nonce:
            _refuse("its id token is of another sign-in")
        if found.get("token_use", "id") != "id":  # what Cognito calls its kinds of tokens
            _refuse("it sends another token in place of an id token")
        return dict(found)

    async def _key(self, kid: str, algorithm: str) -> Key:
        """The key of that name; one that is not known is looked for anew, but not more often than allowed."""
        now = self._clock.monotonic()
        if (
            self._keys is None
            or self._keys[0] <= now
            or (not self._named(kid) and now - self._looked >= REFETCH_AFTER)
        ):
            await self._fetch(now)
        key = self._named(kid)
        if key is None or isinstance(key, RSAKey) != algorithm.startswith(("RS", "PS")):
            _refuse("it signs with a key that it does not publish")
        return key

    async def _fetch(self, now: float) -> None:
        self._looked = now
        found = (await self._json((await self.metadata()).jwks_uri)).get("keys")
        if not isinstance(found, list):
            _refuse("its keys make no sense")
        keys = [_key_of(key) for key in found[:MOST_KEYS]]
        self._keys = now + FRESH, [key for key in keys if key is not None]

    def _named(self, kid: str) -> Key | None:
        keys = self._keys[1] if self._keys else []
        return next((key for key in keys if key.kid == kid), None)

    async def _endpoint(self, name: str) -> str:
        return str(getattr(await self.metadata(), name))

    async def _json(self, url: str) -> dict[str, Any]:
        answer = await self._http.request("GET", url, headers={"accept": "application/json"})
        if answer.status != 200:
            raise NoSuchAnswer(f"{urlsplit(url).hostname} answers with status {answer.status}.")
        return _object(answer.body)


def _is_secure(address: str) -> bool:
    """Whether an address is asked by TLS, or on this machine."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


def _key_of(said: object) -> Key | None:
    """A key of the provider's; None for one of a kind that is not used here, or none at all."""
    if not isinstance(said, dict) or str(said.get("kty")) not in _KINDS:
        return None
    try:
        return _KINDS[str(said["kty"])].import_key(said)
    except (JoseError, ValueError, KeyError, TypeError):
        return None


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body, cls=OneEach)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        _refuse("its answer makes no sense")
    return found


def _with(url: str, said: Mapping[str, str]) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(said)}"


def _refuse(why: str) -> NoReturn:
    log.warning("identity_refused", reason=why)
    raise IdentityRefused(f"The identity provider cannot be believed: {why}.", hint="Try to sign in again.")
