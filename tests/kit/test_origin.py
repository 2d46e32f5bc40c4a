"""Where links lead to, and when nobody can say."""

from __future__ import annotations

from typing import Any

import pytest

from pilothouse.kit.origin import AddressUnknown, Origin, is_local
from pilothouse.settings import Settings

ANY = "0.0.0.0"  # noqa: S104 - nothing listens there
TLS = {"tls_cert": "c.pem", "tls_key": "k.pem"}


@pytest.mark.parametrize(
    ("said", "port", "url"),
    [
        ({}, 8_000, "http://127.0.0.1:8000"),
        ({"port": 0}, 41_234, "http://127.0.0.1:41234"),
        (TLS, 8_443, "https://127.0.0.1:8443"),
        ({"host": "localhost", **TLS}, 8_443, "https://localhost:8443"),
        ({"host": "::1"}, 9_000, "http://[::1]:9000"),
        ({"host": ANY, "public_url": "https://a.example/", **TLS}, 443, "https://a.example"),
    ],
)
def test_links_lead_to_the_public_address_or_to_where_the_process_listens(
    said: dict[str, Any], port: int, url: str
) -> None:
    origin = Origin(Settings(_env_file=None, **said))
    origin.bound(port)
    assert origin.is_known
    assert origin.url() == url


@pytest.mark.parametrize(
    "said",
    [
        {"host": ANY, **TLS},
        {"host": "192.0.2.1", **TLS},
        {"host": "192.0.2.1", "trusted_proxies": ("192.0.2.9/32",)},
        {"trusted_proxies": ("127.0.0.1/32",)},
        {"port": 0},  # and nothing listens yet
    ],
)
def test_where_others_come_and_nobody_has_said_by_which_name_no_link_is_made(said: dict[str, Any]) -> None:
    origin = Origin(Settings(_env_file=None, **said))
    assert not origin.is_known
    with pytest.raises(AddressUnknown) as caught:
        origin.url()
    assert "PILOTHOUSE_PUBLIC_URL" in str(caught.value)


def test_a_proxy_brings_others_also_to_loopback() -> None:
    assert is_local(Settings(_env_file=None))
    assert not is_local(Settings(_env_file=None, trusted_proxies=("127.0.0.1/32",)))
    assert not is_local(Settings(_env_file=None, host="192.0.2.1", **TLS))
