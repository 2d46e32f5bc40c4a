"""Access tokens, and what attackers make of them."""

from __future__ import annotations

import base64
import hmac
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OKPKey

from pilothouse.auth.errors import CredentialInvalid
from pilothouse.auth.tokens import Tokens
from pilothouse.secrets.catalogue import kind_of, new_value
from pilothouse.secrets.providers.files import Files
from support.clocks import START, ManualClock
from support.kept import secrets_in

ISSUER = "https://pilothouse.example.com"
PERSON = "person:6f1f7f1e-0000-7000-8000-000000000001"
NOW = int(START.timestamp())


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def tokens(tmp_path: Path, clock: ManualClock) -> Tokens:
    return Tokens(secrets_in(tmp_path), ISSUER, clock)


def coded(part: object) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


async def key_in(tmp_path: Path) -> OKPKey:
    return OKPKey.import_key((await secrets_in(tmp_path).versions("signing_key"))[0].reveal())


async def forged(tmp_path: Path, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token that is signed with our own key, but says something else."""
    key = await key_in(tmp_path)
    said = {
        "iss": ISSUER, "aud": "pilothouse", "sub": PERSON, "sid": str(uuid4()), "tid": "default",
        "iat": NOW, "nbf": NOW, "exp": NOW + 600,
    } | claims  # fmt: skip
    head = {"alg": "Ed25519", "kid": key.thumbprint(), "typ": "at+jwt"} | (header or {})
    kept = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(head, kept, key, algorithms=["Ed25519"])


async def test_a_token_says_what_it_was_issued_for(tokens: Tokens) -> None:
    session = uuid4()
    claims = await tokens.verify(await tokens.issue(session, PERSON, "acme"))
    assert (claims.session_id, claims.principal, claims.tenant_id) == (session, PERSON, "acme")


async def test_a_genuine_look_alike_is_taken(tokens: Tokens, tmp_path: Path) -> None:
    assert (await tokens.verify(await forged(tmp_path))).principal == PERSON


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"}, {"iss": None}, {"aud": "other"}, {"aud": None}, {"aud": ["other"]},
        {"exp": NOW - 6}, {"exp": None}, {"exp": "never"}, {"nbf": NOW + 60}, {"iat": NOW + 60},
        {"iat": None},
        {"sub": None}, {"sid": "1 or 1=1"}, {"sid": None},
    ],
)  # fmt: skip
async def test_claims_that_do_not_hold_are_refused(
    tokens: Tokens, tmp_path: Path, claims: dict[str, Any]
) -> None:
    with pytest.raises(CredentialInvalid):
        await tokens.verify(await forged(tmp_path, **claims))


async def test_a_token_ends_after_ten_minutes(tokens: Tokens, clock: ManualClock) -> None:
    text = await tokens.issue(uuid4(), PERSON, "default")
    clock.advance(604)
    await tokens.verify(text)
    clock.advance(2)
    with pytest.raises(CredentialInvalid):
        await tokens.verify(text)


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", ""])
@pytest.mark.parametrize("signature", ["", "A" * 86])
async def test_a_token_without_a_signature_is_refused(
    tokens: Tokens, tmp_path: Path, alg: str, signature: str
) -> None:
    _, claims, _ = (await forged(tmp_path)).split(".")
    kid = (await key_in(tmp_path)).thumbprint()
    with pytest.raises(CredentialInvalid):
        await tokens.verify(f"{coded({'alg': alg, 'kid': kid, 'typ': 'at+jwt'})}.{claims}.{signature}")


async def test_the_public_key_is_no_secret_to_sign_with(tokens: Tokens, tmp_path: Path) -> None:
    public = (await tokens.public())[0]
    for secret in (public["x"].encode(), json.dumps(public).encode(), (await key_in(tmp_path)).as_pem(False)):
        _, claims, _ = (await forged(tmp_path)).split(".")
        text = f"{coded({'alg': 'HS256', 'kid': public['kid'], 'typ': 'at+jwt'})}.{claims}"
        with pytest.raises(CredentialInvalid):
            await tokens.verify(f"{text}.{coded(hmac.digest(secret, text.encode(), 'sha256'))}")


@pytest.mark.parametrize(
    "kid",
    ["../../../dev/null", "/etc/passwd", "' or '1'='1", "x\u0000", "", "1; drop table sessions", 7, None],
)
async def test_a_key_id_is_a_name_and_leads_nowhere(tokens: Tokens, tmp_path: Path, kid: object) -> None:
    _, claims, signature = (await forged(tmp_path)).split(".")
    with pytest.raises(CredentialInvalid):
        await tokens.verify(f"{coded({'alg': 'Ed25519', 'kid': kid, 'typ': 'at+jwt'})}.{claims}.{signature}")


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c", "crit", "b64", "zip"])
async def test_a_key_that_a_token_brings_itself_is_not_used(
    tokens: Tokens, tmp_path: Path, member: str
) -> None:
    own = OKPKey.generate_key("Ed25519")
    header = {"alg": "Ed25519", "kid": (await key_in(tmp_path)).thumbprint(), "typ": "at+jwt"}
    header[member] = own.as_dict(private=False) if member == "jwk" else "https://evil.example/keys"
    _, claims, signature = (await forged(tmp_path)).split(".")
    with pytest.raises(CredentialInvalid):
        await tokens.verify(f"{coded(header)}.{claims}.{signature}")


async def test_members_that_are_there_twice_are_refused(tokens: Tokens, tmp_path: Path) -> None:
    _, claims, signature = (await forged(tmp_path)).split(".")
    twice = b'{"alg":"Ed25519","alg":"none","kid":"k","typ":"at+jwt"}'
    with pytest.raises(CredentialInvalid):
        await tokens.verify(f"{coded(twice)}.{claims}.{signature}")
    from joserfc import jws

    kid = (await key_in(tmp_path)).thumbprint()
    said = json.dumps({"iss": ISSUER, "aud": "pilothouse", "sid": str(uuid4()), "iat": NOW, "exp": NOW + 60})
    body = said[:-1] + f', "sub": "{PERSON}", "tid": "a", "tid": "b"}}'
    text = jws.serialize_compact(
        {"alg": "Ed25519", "kid": kid, "typ": "at+jwt"}, body, await key_in(tmp_path), algorithms=["Ed25519"]
    )
    with pytest.raises(CredentialInvalid):
        await tokens.verify(text)


async def test_what_is_huge_or_cut_is_refused(tokens: Tokens, tmp_path: Path) -> None:
    whole = await forged(tmp_path)
    for text in (whole[:-1], whole[:-43], whole.rpartition(".")[0] + ".", whole + "A", whole + "A" * 100_000):
        with pytest.raises(CredentialInvalid):
            await tokens.verify(text)


@given(
    text=st.text(alphabet=st.characters(codec="utf-8"), max_size=200)
    | st.from_regex(r"[\w-]{10,40}(\.[\w-]{10,40}){2}")
)
async def test_whatever_comes_is_refused_and_breaks_nothing(text: str) -> None:
    tokens = Tokens(_Never(), ISSUER, ManualClock())
    with pytest.raises(CredentialInvalid):
        await tokens.verify(text)


class _Never:
    async def versions(self, name: str) -> list[Any]:
        return []


async def test_what_an_older_key_has_signed_holds_until_that_key_is_retired(
    tokens: Tokens, tmp_path: Path, clock: ManualClock
) -> None:
    old = await tokens.issue(uuid4(), PERSON, "default")
    await Files(tmp_path).add("signing_key", new_value(kind_of("signing_key")))
    rotated = Tokens(secrets_in(tmp_path), ISSUER, clock)
    new = await rotated.issue(uuid4(), PERSON, "default")
    assert [await rotated.verify(text) is not None for text in (old, new)] == [True, True]
    assert [len(await found.public()) for found in (tokens, rotated)] == [1, 2]
    assert all("d" not in key for key in await rotated.public())
    await Files(tmp_path).remove("signing_key", "1")
    with pytest.raises(CredentialInvalid):
        await Tokens(secrets_in(tmp_path), ISSUER, clock).verify(old)
