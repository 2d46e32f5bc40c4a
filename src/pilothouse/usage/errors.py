"""What can go wrong with prices."""

from __future__ import annotations

from pilothouse.errors import Category, PilothouseError, Severity


class PriceUnknown(PilothouseError):
    """Nobody knows what this model costs."""

    code = "price_unknown"
    status = 422
    category = Category.USER
    severity = Severity.WARNING
