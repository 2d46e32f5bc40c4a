"""Which address a client is counted under."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

PREFIX = 64
"""Bits of an IPv6 address that tell customers apart: everyone gets at least as many addresses as the rest."""


@lru_cache(maxsize=16_384)
def counted_as(address: str) -> str:
    """The IPv4 address itself, or the /64 network of an IPv6 one; `unknown` for what is no address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), PREFIX), strict=False))
