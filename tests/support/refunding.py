"""An application whose one tool pays refunds, with the policies of a folder."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from pilothouse import App, Context, Denied, Money, Refused, tool, workflow

POLICIES = """
@id("refunds-are-paid")
@reason("Refunds are part of support.")
permit (principal, action == Action::"pay_refund", resource);

@id("refunds-above-100")
@reason("A refund above 100 EUR needs a manager.")
@approval("support_manager")
forbid (principal, action == Action::"pay_refund", resource)
when { context has cost && context.cost.amount_cents > 10000 };

@id("refunds-above-1000")
@reason("Nobody pays refunds above 1,000 EUR through an agent.")
forbid (principal, action == Action::"pay_refund", resource)
when { context has cost && context.cost.amount_cents > 100000 };
"""


class Refund(BaseModel):
    """What is paid back."""

    order: str
    euros: int


def refunding(folder: Path) -> tuple[App, list[Refund]]:
    """The application with its policies in `folder`, and what it really paid."""
    folder.mkdir()
    (folder / "refunds.cedar").write_text(POLICIES)
    paid: list[Refund] = []

    @tool(cost=lambda refund: Money(refund.euros, "EUR"), idempotent=True)
    async def pay_refund(ctx: Context, refund: Refund) -> int:
        paid.append(refund)
        return refund.euros

    @workflow("refund")
    async def refund(ctx: Context, wanted: Refund) -> str:
        """Pay, and say what became of it."""
        try:
            return f"paid {await ctx.act(pay_refund, wanted)}"
        except (Denied, Refused) as error:
            return error.message

    return App("shop", workflows=[refund], tools=[pay_refund], policies=folder), paid
