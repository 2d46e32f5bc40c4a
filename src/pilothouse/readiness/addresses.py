"""By which address people come, and whom the server believes about where a request comes from."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator

from pilothouse.kit.origin import SETTING, is_local
from pilothouse.readiness.installation import Installation
from pilothouse.readiness.schemas import Line, failed, passed, warned
from pilothouse.settings import Settings, is_loopback

SHORTEST = {4: 8, 6: 16}
"""Bits of the widest network, by version of IP, in which all can be somebody's own proxies."""


async def address_lines(installation: Installation) -> AsyncIterator[Line]:
    """Lines about the settings that others' requests depend on; nobody is asked for them."""
    settings = installation.settings
    yield _public(settings)
    yield _proxies(settings)


def _public(settings: Settings) -> Line:
    name, url = "public address", settings.public_url
    todo = f"Set {SETTING} to what browsers open, such as https://pilothouse.example.com."
    if url is None and is_local(settings):
        return warned(name, "None is set: links to people lead to this machine.", todo)
    if url is None:
        return failed(name, "None is set: no links are sent to people.", todo)
    if not url.startswith("https://"):
        return failed(name, f"{url} is without TLS: links and sessions can be read on their way.", todo)
    return passed(name, f"Links to people lead to {url}.")


def _proxies(settings: Settings) -> Line:
    name = "trusted proxies"
    networks = [ipaddress.ip_network(item, strict=False) for item in settings.trusted_proxies]
    wide = [str(network) for network in networks if network.prefixlen < SHORTEST[network.version]]
    todo = "Name your proxies' addresses in PILOTHOUSE_TRUSTED_PROXIES; see docs/guides/tls.md."
    if wide:
        return failed(name, f"Whoever comes from {', '.join(wide)} is believed, whatever it says.", todo)
    behind = settings.public_url is not None and settings.tls_cert is None
    if not networks and behind and is_loopback(settings.host):
        return failed(name, "None is named: all clients share the limits of their proxy.", todo)
    if not networks:
        return passed(name, "None is believed, and none is needed.")
    return passed(name, f"{', '.join(settings.trusted_proxies)} and nobody else.")
