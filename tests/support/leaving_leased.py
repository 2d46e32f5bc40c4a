"""Holds some dollars of a lease and waits: `python -m support.leaving_leased DSN AMOUNT`, to be killed."""

from __future__ import annotations

import asyncio
import sys
from decimal import Decimal

from pilothouse import Money
from pilothouse.budgets.leasing import Leases, Spender
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.runtime.connection import Lane


async def main(conninfo: str, amount: str) -> None:
    """Hold it, say so and wait."""
    leases = Leases(Lane(conninfo, {"jit": "off"}, purpose="accounts"), SystemClock(), Ids(), every=3_600)
    await leases.take(Spender("default", "key:k"), Money(Decimal(amount), "USD"), 0)
    sys.stdout.write("held\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
