"""Calls to models as tests need them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from pilothouse.kit.ids import Ids
from pilothouse.usage.schemas import Call, Tokens

AT = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)
_IDS = Ids()


def call(**said: Any) -> Call:
    """A call that went well, but for what is said of it."""
    given: dict[str, Any] = {
        "id": _IDS.new(), "tenant_id": "default", "at": AT, "source": "gateway", "provider": "openai",
        "model": "gpt-5.2", "principal": "key:k", "tokens": Tokens(1_000, 100), "cost": Decimal("0.003"),
        "latency_ms": 200.0,
    }  # fmt: skip
    return Call(**given | said)
