"""Rules for addresses of machines, and for places on the web that carry credentials."""

from __future__ import annotations

from pilothouse.guards import checks
from pilothouse.guards.rules.rule import Rule

RULES = (
    Rule(
        "url_credentials",
        r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@<>\"']{0,64}:[^\s/@<>\"']{1,128}@[^\s<>\"']{1,200}[^\s<>\"'.,;:!?)\]]",
        "a URL with user and password",
        "Use postgres://svc:Tr4wl3r@db.internal:5432/orders now",
        0.99,
        whole=False,
    ),
    Rule(
        "url",
        r"(?i)\b(?:https?|ftp|wss?)://[^\s<>\"']{1,500}[^\s<>\"'.,;:!?)\]]",
        "a URL of the web",
        "See https://www.fjord-mail.example/help for more",
        0.5,  # whatever personal stands in it is surer, and not hidden behind a type that is let through
        whole=False,
    ),
    Rule(
        "ip_address",
        r"\b(?:\d{1,3}\.){3}\d{1,3}\b",
        "IPv4: four numbers up to 255",
        "Seen from 86.231.85.193 today",
        0.95,
        check=checks.ip_v4,
        context=r"versions?|v|release|build|firmware|section|chapter",
        raised=0.3,
        before=12,
        after=1,
    ),
    Rule(
        "ip_address",
        r"(?i)(?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?",
        "IPv6 in any form of RFC 4291",
        "Seen from 2001:db8:85a3::8a2e:370:7334 today",
        0.95,
        check=checks.ip_v6,
    ),
    Rule(
        "mac_address",
        r"(?i)\b(?:[0-9a-f]{2}(?:(?::[0-9a-f]{2}){5}|(?:-[0-9a-f]{2}){5})|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4})\b",
        "EUI-48 with colons, hyphens or dots",
        "The card is 3c:5a:b4:0f:11:e2 here",
        0.97,
        check=checks.mac,
    ),
)
