"""All rules, as tables of data: one module for each family."""

from __future__ import annotations

from pilothouse.guards.rules import (
    addresses,
    contacts,
    dates,
    documents,
    money,
    names,
    national,
    network,
    secrets,
)

RULES = (
    *secrets.RULES,
    *money.RULES,
    *contacts.RULES,
    *national.RULES,
    *documents.RULES,
    *network.RULES,
    *dates.RULES,
    *addresses.RULES,
    *names.RULES,
)
"""In the order in which they win where confidence and length are equal."""
