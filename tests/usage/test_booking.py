"""Requests of other frameworks as rows: whatever those say of them, it fits, and no run fails by it."""

from __future__ import annotations

from uuid import UUID

from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.model_settings import PriceTerms
from pilothouse.runtime.booking import Asker, Request
from pilothouse.runtime.connection import Lane
from pilothouse.usage.booking import GREATEST, LONGEST, RequestBook
from pilothouse.usage.pricing import Prices
from pilothouse.usage.repository import write
from support.waiting import rows

ASKER = Asker("default", UUID(int=7), "ada", "w", "desk#0/desk:model-0", "desk")
BOOK = RequestBook(Prices({"openai:m": PriceTerms(input="1", output="10")}), SystemClock(), Ids())


async def test_odd_names_and_counts_are_written_as_far_as_a_row_holds_them(conninfo: str) -> None:
    odd = Request("a\0\udc80" + "b" * 999, "openai", input=-5, output=10**30, cache_read=-1)
    (statement,) = BOOK.booked(ASKER, odd)
    lane = Lane(conninfo, {"jit": "off"}, purpose="accounts")
    await write(lane, [statement.parameters])
    await lane.close()
    ((model, taken, given, cached, cost),) = rows(
        conninfo, "select model, input_tokens, output_tokens, cache_read, cost from usage"
    )
    assert (model[:8], len(model)) == ("a\\udc80b", LONGEST)
    assert (taken, given, cached, cost) == (0, GREATEST, 0, 0)


def test_what_came_from_a_cache_or_took_nothing_costs_nothing_and_needs_no_price() -> None:
    for request in (Request("x", input=5, cached=True), Request("x", outcome="provider_failed")):
        assert BOOK.priced(request)
    assert not BOOK.priced(Request("x", input=5))
    assert BOOK.priced(Request("m", "openai", input=5))


def test_each_request_is_a_row_of_its_own() -> None:
    first, second = (BOOK.booked(ASKER, Request("m", "openai", input=10)) for _ in range(2))
    assert first[0].parameters["id"] < second[0].parameters["id"]
    assert first[0].parameters["cost"] == 10_000  # billionths of a dollar
