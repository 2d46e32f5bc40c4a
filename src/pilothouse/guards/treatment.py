"""What is done about each type by default, and how bad it is; a detector may be given others."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from pilothouse.guards.findings import Act, Severity
from pilothouse.guards.rules import national, secrets


class Treatment(NamedTuple):
    """How findings of one type are judged and treated."""

    severity: Severity
    action: Act


OTHERWISE = Treatment(Severity.HIGH, Act.MASK)
"""For types that nobody has named: rules of one's own."""

DEFAULTS: Mapping[str, Treatment] = MappingProxyType(
    {
        **{row.type: Treatment(Severity.CRITICAL, Act.MASK) for row in secrets.ROWS},
        **{row.type: Treatment(Severity.HIGH, Act.MASK) for row in national.ROWS},
        "private_key": Treatment(Severity.CRITICAL, Act.BLOCK),
        "url_credentials": Treatment(Severity.CRITICAL, Act.MASK),
        "bearer_token": Treatment(Severity.CRITICAL, Act.MASK),
        "generic_secret": Treatment(Severity.CRITICAL, Act.MASK),
        "password": Treatment(Severity.CRITICAL, Act.MASK),
        "card": Treatment(Severity.CRITICAL, Act.MASK),
        "iban": Treatment(Severity.HIGH, Act.MASK),
        "crypto_address": Treatment(Severity.HIGH, Act.MASK),
        "passport": Treatment(Severity.HIGH, Act.MASK),
        "driver_license": Treatment(Severity.HIGH, Act.MASK),
        "email": Treatment(Severity.MEDIUM, Act.MASK),
        "phone": Treatment(Severity.MEDIUM, Act.MASK),
        "date_of_birth": Treatment(Severity.MEDIUM, Act.MASK),
        "postal_address": Treatment(Severity.MEDIUM, Act.MASK),
        "person_name": Treatment(Severity.MEDIUM, Act.MASK),
        "ip_address": Treatment(Severity.LOW, Act.MASK),
        "mac_address": Treatment(Severity.LOW, Act.MASK),
        "url": Treatment(Severity.LOW, Act.ALLOW),
        "date_time": Treatment(Severity.LOW, Act.ALLOW),
    }
)
