"""The `@tool` decorator: what becomes a tool, with which options."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pilothouse import Context, Money, tool
from pilothouse.errors import InvalidInput


def test_a_function_becomes_a_tool_with_its_name_and_first_line() -> None:
    @tool
    async def pay(_ctx: Context, amount: int) -> str:
        """Pay somebody.

        At length.
        """
        return str(amount)

    assert (pay.name, pay.summary, pay.idempotent, pay.timeout) == ("pay", "Pay somebody.", False, None)
    assert pay.signature.input_type is int
    assert pay.signature.output_type is str


def test_options_are_kept_and_a_cost_is_told_from_the_input() -> None:
    @tool(name="refund", cost=lambda amount: Money(Decimal(amount), "EUR"), idempotent=True, timeout=3)
    def pay_back(_ctx: Context, amount: int) -> None: ...

    assert (pay_back.name, pay_back.idempotent, pay_back.timeout) == ("refund", True, 3)
    assert pay_back.cost is not None
    assert pay_back.cost(5) == Money(Decimal(5), "EUR")
    assert pay_back.summary == ""


def test_a_function_without_a_context_or_with_too_much_is_refused() -> None:
    def nothing() -> None: ...

    def much(_ctx: Context, _first: int, _second: int) -> None: ...

    with pytest.raises(InvalidInput, match="takes 0 parameters"):
        tool(nothing)
    with pytest.raises(InvalidInput, match="takes 3 parameters"):
        tool(much)


def test_a_name_that_cannot_be_a_step_is_refused() -> None:
    with pytest.raises(InvalidInput, match="cannot name a tool"):
        tool(name="pay/back")(lambda _ctx: None)
