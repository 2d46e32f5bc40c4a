"""Sign-in by an identity provider, with a real HTTP server that plays it, friendly and hostile."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from joserfc import jws, jwt
from joserfc.jwk import RSAKey

from pilothouse.auth.errors import IdentityRefused
from pilothouse.auth.places import local_path
from pilothouse.auth.provider import Client, Provider
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.outgoing import AddressForbidden, Guard, GuardedClient
from support.issuer import Issuer
from support.kept import secrets_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

NONCE = "the nonce of this sign-in"
BACK, VERIFIER = "https://here/back", "the verifier of this sign-in"


@pytest.fixture(scope="module")
def shared_issuer() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.close()


@pytest.fixture
def issuer(shared_issuer: Issuer) -> Issuer:
    shared_issuer.calm()
    shared_issuer.nonce = NONCE
    return shared_issuer


async def identity(provider: Provider, issuer: Issuer) -> Any:
    """What the provider says of whoever has come back with a code."""
    return await provider.identity(issuer.code(NONCE, VERIFIER, BACK), VERIFIER, BACK, NONCE)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http() -> AsyncIterator[GuardedClient]:
    """One client for all: each would read the authorities of this machine anew."""
    made = GuardedClient(Guard(["127.0.0.0/8"]))
    yield made
    await made.close()


@pytest.fixture
def provider(issuer: Issuer, tmp_path: Path, http: GuardedClient) -> Provider:
    return Provider(
        Client(issuer.url, issuer.client_id), http, secrets_in(tmp_path), SystemClock(), secret=False
    )


async def test_a_code_becomes_an_identity_with_its_groups(issuer: Issuer, provider: Provider) -> None:
    claims = await identity(provider, issuer)
    assert (claims["email"], claims["cognito:groups"]) == ("grace@example.com", ["ops", "others"])
    assert issuer.asked[0]["code_verifier"] == VERIFIER


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"}, {"aud": "another"}, {"aud": ["client-1", "another"]},
        {"azp": "another"}, {"exp": 1}, {"exp": None}, {"iat": 4_000_000_000}, {"nbf": 4_000_000_000},
        {"nonce": "of another"}, {"nonce": None}, {"token_use": "access"}, {"sub": None}, {"sub": 7},
        {"sub": ""}, {"sub": "s" * 256}, {"aud": {"client-1": 1}}, {"exp": "4000000000"}, {"iat": None},
    ],
)  # fmt: skip
async def test_an_id_token_that_is_not_for_this_sign_in_is_refused(
    issuer: Issuer, provider: Provider, claims: dict[str, Any]
) -> None:
    issuer.claims = claims
    with pytest.raises(IdentityRefused):
        await identity(provider, issuer)


async def test_a_clock_that_differs_by_less_than_a_minute_does_no_harm(
    issuer: Issuer, provider: Provider
) -> None:
    import time

    issuer.claims = {"iat": int(time.time()) + 30, "exp": int(time.time()) - 30}
    assert await provider.verified(issuer.token(), NONCE)


async def test_forged_signatures_are_refused(issuer: Issuer, provider: Provider) -> None:
    claims = {
        "iss": issuer.url,
        "aud": "client-1",
        "sub": "x",
        "iat": 1,
        "exp": 4_000_000_000,
        "nonce": NONCE,
    }
    own, kid = RSAKey.generate_key(2048), issuer.keys[0].kid
    with pytest.raises(IdentityRefused):
        await provider.verified(jwt.encode({"alg": "RS256", "kid": kid}, claims, own), NONCE)
    public = issuer.keys[0].as_pem(private=False)
    head, body = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({"alg": "HS256", "kid": kid}, claims)
    )
    mac = base64.urlsafe_b64encode(hmac.digest(public, f"{head}.{body}".encode(), "sha256")).decode()
    with pytest.raises(IdentityRefused):
        await provider.verified(f"{head}.{body}.{mac.rstrip('=')}", NONCE)


@pytest.mark.parametrize("payload", [b"[]", b"5", b"null", b"x", b'{"iss": 1, "iss": 2}', b"\xff", b""])
async def test_claims_that_are_none_are_refused(issuer: Issuer, provider: Provider, payload: bytes) -> None:
    key = issuer.keys[0]
    text = jws.serialize_compact({"alg": "RS256", "kid": key.kid}, payload, key)
    with pytest.raises(IdentityRefused):
        await provider.verified(text, NONCE)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"}, {"alg": "HS256"}, {"alg": "EdDSA"}, {"alg": "ES256"}, {"alg": "PS256"}, {"alg": 5},
        {"crit": ["exp"], "exp": 1}, {"kid": 5}, {"kid": "../first"}, {"b64": False, "crit": ["b64"]},
    ],
)  # fmt: skip
async def test_headers_that_say_something_else_are_refused(
    issuer: Issuer, provider: Provider, header: dict[str, Any]
) -> None:
    _, body, signature = issuer.token().split(".")
    said = {"alg": "RS256", "kid": "first"} | header
    head = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
    with pytest.raises(IdentityRefused):
        await provider.verified(f"{head}.{body}.{signature}", NONCE)


async def test_huge_tokens_are_refused(provider: Provider) -> None:
    with pytest.raises(IdentityRefused, match="too long"):
        await provider.verified("a" * 40_000, NONCE)


async def test_rotated_keys_are_found_and_unknown_ones_looked_for_once(
    issuer: Issuer, provider: Provider
) -> None:
    await provider.verified(issuer.token(), NONCE)
    provider._looked = float("-inf")
    issuer.rotate("second")
    await provider.verified(issuer.token(), NONCE)
    for number in range(5):
        with pytest.raises(IdentityRefused):
            await provider.verified(issuer.token(kid=f"unknown-{number}"), NONCE)
    assert issuer.fetched == 2


@pytest.mark.parametrize(
    "metadata",
    [{"issuer": "https://evil.example"}, {"token_endpoint": "http://evil.example/t"}, {"jwks_uri": None}],
)
async def test_a_provider_that_is_not_what_it_should_be_is_refused(
    issuer: Issuer, provider: Provider, metadata: dict[str, Any]
) -> None:
    issuer.metadata = metadata
    with pytest.raises(IdentityRefused):
        await provider.metadata()


async def test_a_provider_in_our_own_networks_is_not_asked(issuer: Issuer, tmp_path: Path) -> None:
    guarded = GuardedClient(Guard())
    provider = Provider(Client(issuer.url, "c"), guarded, secrets_in(tmp_path), SystemClock())
    with pytest.raises(AddressForbidden):
        await provider.metadata()
    await guarded.close()


@pytest.mark.parametrize(
    "said",
    [
        "//evil.example", "/\\evil.example", "https://evil.example", "\\\\evil", "/%2f/evil.example", "/a//b",
        "javascript:alert(1)", "/\n/evil.example", "/\t/evil", " /x", "", "evil.example", "/..//evil", None,
        "/" + "a" * 600, "/%5cevil.example", "/\u2028", "///",
    ],
)  # fmt: skip
async def test_no_redirect_leads_elsewhere(said: str | None) -> None:
    assert local_path(said) == "/"


async def test_a_redirect_leads_to_a_path_of_this_server() -> None:
    assert local_path("/runs/7?tab=steps") == "/runs/7?tab=steps"
