"""What a secret has to look like, and that what is wrong with one is told without it."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.errors import InvalidInput
from pilothouse.secrets.catalogue import KINDS, Form, is_strong, kind_of, new_value, read
from pilothouse.secrets.errors import SecretInvalid


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.made])
def test_what_is_made_is_readable_strong_and_never_the_same(name: str) -> None:
    kind = kind_of(name)
    made = {new_value(kind) for _ in range(5)}
    assert len(made) == 5
    assert all(is_strong(name, read(name, raw)) for raw in made)


@given(st.binary(min_size=32, max_size=64))
def test_a_key_is_the_same_in_each_way_of_writing_it(key: bytes) -> None:
    for text in (base64.b64encode(key), base64.urlsafe_b64encode(key).rstrip(b"="), key.hex().encode()):
        assert read("pepper", b" " + text + b"\n") == key


@given(st.binary(max_size=80))
def test_nothing_but_a_key_is_read_as_one_and_it_is_not_told(raw: bytes) -> None:
    told = ""
    try:
        assert len(read("vault_key", raw)) >= 32
    except SecretInvalid as error:
        told = str(error)
    assert len(raw) < 8 or raw.decode("latin-1") not in told


@pytest.mark.parametrize("raw", [b"", b"  \n", "\N{SNOWMAN}".encode() * 40, base64.b64encode(b"x" * 31)])
def test_what_is_too_short_or_no_key_is_refused(raw: bytes) -> None:
    with pytest.raises(SecretInvalid):
        read("pepper", raw)


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def test_a_signing_key_is_of_a_curve_that_is_signed_with() -> None:
    good = pem(ec.generate_private_key(ec.SECP256R1()))
    assert is_strong("signing_key", read("signing_key", good))
    for wrong in (
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(65537, 2048)),
        b"-----BEGIN PRIVATE KEY-----\nnothing\n-----END PRIVATE KEY-----",
    ):
        with pytest.raises(SecretInvalid, match="no Ed25519 or P-256 private key"):
            read("signing_key", wrong)


def test_what_can_be_guessed_is_weak() -> None:
    assert not is_strong("pepper", b"a" * 32)
    assert not is_strong("database_password", b"hunter2")
    assert not is_strong("database_password", b"aaaaaaaaaaaaaaaaaaaaaaaa")
    assert is_strong("database_password", b"correct horse battery")


@pytest.mark.parametrize(
    "name", ["", "Pepper", "pepper/", "../pepper", "provider/../x", "provider/", "a.b", "other"]
)
def test_what_names_no_secret_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        kind_of(name)


def test_a_provider_of_models_has_a_secret_by_its_name() -> None:
    assert kind_of("provider/openai").form is Form.TEXT
    assert read("provider/openai", b" sk-1 \n") == b"sk-1"
