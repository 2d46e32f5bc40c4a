"""Under which address and name a server signs people in, and where it may listen at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pilothouse.auth.opening import ISSUER, issuer_of, origin_of
from pilothouse.errors import SettingsInvalid
from pilothouse.settings import Settings, load
from support.entrance import House

ANY = "0.0.0.0"  # noqa: S104 - nothing listens there
TLS = {"tls_cert": Path("c.pem"), "tls_key": Path("k.pem")}


@pytest.mark.parametrize(
    ("said", "origin"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"host": "::1", "port": 9_000}, "http://[::1]:9000"),
        (TLS, "https://127.0.0.1:8000"),
        ({"host": "192.0.2.1", **TLS}, "https://192.0.2.1:8000"),
        ({"trusted_proxies": ("192.0.2.0/24",)}, "https://127.0.0.1:8000"),
        ({"public_url": "https://pilothouse.example.com/"}, "https://pilothouse.example.com"),
    ],
)
def test_browsers_come_to_the_public_address_or_to_that_of_the_socket(
    said: dict[str, Any], origin: str
) -> None:
    assert origin_of(Settings(_env_file=None, **said)) == origin


def test_tokens_are_issued_by_a_name_that_no_port_changes() -> None:
    found = {issuer_of(Settings(_env_file=None, port=port)) for port in (0, 8_000, 9_000)}
    assert found == {ISSUER}
    assert issuer_of(Settings(_env_file=None, public_url="https://a.example/")) == "https://a.example"


@pytest.mark.parametrize("host", [ANY, "::", "192.0.2.1", "2001:db8::1", "pilothouse.example.com"])
def test_no_server_listens_to_others_without_tls(host: str) -> None:
    with pytest.raises(SettingsInvalid, match="no loopback address"):
        load(host=host)
    assert load(host=host, **TLS)
    assert load(host=host, trusted_proxies=("192.0.2.0/24",))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_loopback_needs_nothing(host: str) -> None:
    assert load(host=host)


@pytest.mark.parametrize(
    "said",
    [{"port": 0}, {"host": ANY, **TLS}, {"host": "::", "trusted_proxies": ("192.0.2.0/24",)}],
)
async def test_a_provider_needs_an_address_to_send_browsers_back_to(
    conninfo: str, sample_app: Any, tmp_path: Path, said: dict[str, Any]
) -> None:
    known = {"oidc_issuer": "https://idp.example", "oidc_client_id": "c"} | said
    async with House(conninfo, tmp_path, sample_app) as house:
        with pytest.raises(SettingsInvalid, match="needs public_url"):
            await house.open(**known)
