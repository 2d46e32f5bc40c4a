"""What is written beside the appends of actions: one call of a function for all that share a transaction."""

from __future__ import annotations

ACCOUNT = "select account_budgets(%s::json)"
"""Reservations and settlements; migration 0024 says what their objects hold."""

EXHAUST = "select exhaust_budgets(%s::int[], %s::uuid[], %s::text[])"
"""Place, budget and period."""
