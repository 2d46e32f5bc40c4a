# ruff: noqa: E501 - forgeries are listed side by side
"""Forged access tokens against a real server: whatever is wrong with one, nobody is let in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from support import parcels
from support.entrance import House, Server

Forge = Callable[..., str]

WAY_IN = "/api/v1/me"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(postgres_server: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    conninfo = postgres_server.create_database("forged_tokens", "migrated")
    async with House(conninfo, tmp_path_factory.mktemp("forged"), parcels.app) as house:
        yield await house.open()
    postgres_server.drop_database("forged_tokens")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def genuine(server: Server) -> str:
    """A token that the server has issued to somebody."""
    await server.joined("forger@example.com", "viewer")
    return str((await server.pair("forger@example.com"))["access_token"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def signing_key(server: Server) -> OKPKey:
    """The server's own key: what it has signed is refused for what it says only."""
    return OKPKey.import_key((await server.secrets.versions("signing_key"))[0].reveal())


def coded(part: object) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Head and claims of a token."""
    head, claims, _ = token.split(".")
    return tuple(json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, claims))


def signed(head: dict[str, Any], claims: dict[str, Any], key: Any) -> str:
    registry = jws.JWSRegistry(algorithms=[head["alg"]], strict_check_header=False)
    return jws.serialize_compact(head, json.dumps(claims), key, registry=registry)


async def status(server: Server, token: str) -> int:
    async with server.visitor() as visitor:
        answer = await visitor.get(WAY_IN, headers={"authorization": f"Bearer {token}"})
    return answer.status_code


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_genuine_one_and_one_made_alike_are_let_in(
    server: Server, genuine: str, signing_key: OKPKey
) -> None:
    assert await status(server, genuine) == 200
    assert await status(server, signed(*read(genuine), signing_key)) == 200


async def test_no_algorithm_and_no_signature_is_none(server: Server, genuine: str) -> None:
    head, claims = read(genuine)
    _, told, signature = genuine.split(".")
    for alg in ("none", "None", "NONE", "nOnE", "", "HS256", "EdDSA", "ES256", "RS256"):
        for last in ("", signature, "A" * 86):
            assert await status(server, f"{coded(head | {'alg': alg})}.{told}.{last}") == 401, alg
    assert await status(server, f"{coded(head)}.{coded(claims)}.") == 401
    assert await status(server, f"{coded(head)}.{coded(claims)}") == 401


async def test_the_published_key_is_no_secret(server: Server, genuine: str, signing_key: OKPKey) -> None:
    head, claims = read(genuine)
    async with server.visitor() as visitor:
        published = (await visitor.get("/.well-known/jwks.json")).json()["keys"][0]
    public = signing_key.public_key
    texts = [
        published["x"].encode(), base64.urlsafe_b64decode(published["x"] + "=="), json.dumps(published).encode(),
        json.dumps({"keys": [published]}).encode(), b"", b"\0", published["kid"].encode(),
        *(
            public.public_bytes(coding, serialization.PublicFormat.SubjectPublicKeyInfo)
            for coding in (serialization.Encoding.PEM, serialization.Encoding.DER)
        ),
    ]  # fmt: skip
    for name, digest in (("HS256", hashlib.sha256), ("HS384", hashlib.sha384), ("HS512", hashlib.sha512)):
        for secret in texts:
            text = f"{coded(head | {'alg': name})}.{coded(claims)}"
            assert await status(server, f"{text}.{coded(hmac.digest(secret, text.encode(), digest))}") == 401


async def test_a_key_of_the_forger_is_not_taken_however_it_is_offered(server: Server, genuine: str) -> None:
    head, claims = read(genuine)
    own = (
        ("Ed25519", OKPKey.generate_key("Ed25519")), ("ES256", ECKey.generate_key("P-256")),
        ("HS256", OctKey.generate_key(256)), ("RS256", RSAKey.generate_key(2048)),
    )  # fmt: skip
    for alg, key in own:
        offered = key.as_dict(private=alg == "HS256")
        for more in (
            {}, {"kid": key.thumbprint()}, {"jwk": offered}, {"jwk": offered, "kid": key.thumbprint()},
            {"jku": "http://127.0.0.1:1/keys"}, {"x5u": "http://169.254.169.254/"}, {"x5c": ["AAAA"]},
        ):  # fmt: skip
            assert await status(server, signed(head | {"alg": alg} | more, claims, key)) == 401, (alg, more)


async def test_a_key_id_leads_to_no_file_and_no_row(server: Server, genuine: str) -> None:
    head, claims = read(genuine)
    own = OKPKey.generate_key("Ed25519")
    for kid in (
        "/dev/null", "../../../../dev/null", "file:///dev/null", "' union select 'AA==' --", "1 or 1=1", "x\0y",
        "|cat /etc/passwd", "http://127.0.0.1:1/k", "*", "", "0", "None", "signing_key",
    ):  # fmt: skip
        text = f"{coded(head | {'alg': 'HS256', 'kid': kid})}.{coded(claims)}"
        for known in (b"", b"\0", kid.encode()):  # what such a name could lead to
            signature = coded(hmac.digest(known, text.encode(), "sha256"))
            assert await status(server, f"{text}.{signature}") == 401, kid
        assert await status(server, signed(head | {"kid": kid}, claims, own)) == 401, kid


async def test_what_our_own_key_has_signed_holds_for_this_server_and_now_only(
    server: Server, genuine: str, signing_key: OKPKey
) -> None:
    head, claims = read(genuine)
    now = int(time.time())
    for said in (
        {"iss": "https://evil.example"}, {"iss": None}, {"iss": [claims["iss"]]}, {"iss": claims["iss"] + "/"},
        {"aud": "other"}, {"aud": None}, {"aud": []}, {"aud": ["other"]}, {"exp": now - 60}, {"exp": None},
        {"exp": "never"}, {"exp": True}, {"nbf": now + 600}, {"iat": now + 600}, {"iat": None}, {"sub": None},
        {"sid": None}, {"sid": "00000000-0000-7000-8000-000000000000"}, {"tid": "other"}, {"tid": None},
        {"sub": "person:00000000-0000-7000-8000-000000000000"},
    ):  # fmt: skip
        made = {name: value for name, value in (claims | said).items() if value is not None}
        assert await status(server, signed(head, made, signing_key)) == 401, said
    for more in ({"typ": "JWT"}, {"typ": None}, {"crit": ["exp"]}, {"b64": False}, {"zip": "DEF"}):
        told = {name: value for name, value in (head | more).items() if value is not None}
        text = f"{coded(told)}.{coded(claims)}"
        signature = coded(signing_key.private_key.sign(text.encode()))
        assert await status(server, f"{text}.{signature}") == 401, more


async def test_after_signing_out_a_token_is_none(server: Server) -> None:
    await server.joined("leaver@example.com", "viewer")
    token = (await server.pair("leaver@example.com"))["access_token"]
    assert await status(server, token) == 200
    async with server.visitor() as visitor:
        left = await visitor.post("/api/v1/auth/sign-out", headers={"authorization": f"Bearer {token}"})
    assert left.status_code in {200, 204}
    assert await status(server, token) == 401
