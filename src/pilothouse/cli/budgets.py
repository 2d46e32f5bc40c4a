"""`pilothouse budgets`: how much may be spent. Nothing heavy is imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pilothouse.cli import tables
from pilothouse.cli.parameters import Json, Tenant

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from decimal import Decimal

    from pydantic import BaseModel

    from pilothouse.budgets.schemas import Budget
    from pilothouse.cli.governing import Budgeting

cli = typer.Typer(
    help="Budgets: how much money, how many tokens and actions may be spent in a time.", no_args_is_help=True
)

Which = Annotated[str, typer.Argument(help="The budget's name or id.", metavar="BUDGET")]
Soft = Annotated[str | None, typer.Option(help="Beyond this much, actions are allowed with a warning.")]
Hard = Annotated[str | None, typer.Option(help="Beyond this much, nothing is allowed.")]
Approval = Annotated[
    str | None, typer.Option(metavar="ROLE", help="Beyond the hard limit ask approver:ROLE; else deny.")
]
Lost = Annotated[
    str, typer.Option(help="Reserved for a call whose outcome nobody learns: charge it or release it.")
]


@cli.command("list")
def list_budgets(context: typer.Context, tenant: Tenant = None, as_json: Json = False) -> None:
    """List the budgets.

    Example: pilothouse budgets list
    """

    async def work(budgets: Budgeting) -> None:
        found = await _all(budgets)
        if as_json:
            tables.document([item.model_dump(mode="json") for item in found])
            return
        rows = [
            (
                *(item.name, f"{item.scope} {item.subject}".strip(), item.period.value),
                *(_amount(item, item.soft), _amount(item, item.hard)),
                "denies" if item.role is None else f"asks approver:{item.role}",
            )
            for item in found
        ]
        tables.listed(
            ("budget", "of", "a", "warns at", "limit", "beyond"), rows, "No budgets: nothing is limited."
        )

    _run(context, tenant, work)


@cli.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is called.")],
    *,
    unit: Annotated[str, typer.Option(help="money, tokens or actions.")],
    period: Annotated[str, typer.Option(help="run, hour, day or month.")],
    hard: Hard = None,
    soft: Soft = None,
    currency: Annotated[str | None, typer.Option(help="For money: EUR.")] = None,
    scope: Annotated[
        str, typer.Option(help="tenant, engagement, workflow, agent, run or key: whose spending counts.")
    ] = "tenant",
    subject: Annotated[str, typer.Option(help="Which one, by name or id; * for each run.")] = "",
    time_zone: Annotated[str, typer.Option(help="When hours, days and months begin.")] = "UTC",
    approval: Approval = None,
    lost: Lost = "charge",
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Make a budget. It holds for actions within half a second.

    Example: pilothouse budgets create refunds --unit money --currency EUR --period month --hard 5000
    """
    given = _terms(soft, hard, approval, lost)
    given |= {"name": name, "unit": unit, "period": period, "currency": currency}
    given |= {"scope": scope, "subject": subject, "time_zone": time_zone}

    async def work(budgets: Budgeting) -> None:
        from pilothouse.budgets.schemas import NewBudget
        from pilothouse.cli.governing import checked

        made = await budgets.create(checked(NewBudget, given))
        _tell(made, f"{made.name}: {made.id}", as_json=as_json)

    _run(context, tenant, work)


@cli.command()
def change(
    context: typer.Context,
    budget: Which,
    *,
    hard: Hard = None,
    soft: Soft = None,
    approval: Approval = None,
    lost: Lost = "charge",
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Change a budget's limits: what is given takes the place of all that was. What is spent stays.

    Example: pilothouse budgets change refunds --hard 6000 --soft 5000
    """

    async def work(budgets: Budgeting) -> None:
        from pilothouse.budgets.schemas import BudgetTerms
        from pilothouse.cli.governing import checked

        known = await _one(budgets, budget)
        terms = checked(BudgetTerms, _terms(soft, hard, approval, lost))
        made = await budgets.change(known.id, terms)
        _tell(made, f"{made.name}: at most {_amount(made, made.hard)}", as_json=as_json)

    _run(context, tenant, work)


@cli.command()
def delete(context: typer.Context, budget: Which, tenant: Tenant = None) -> None:
    """Delete a budget with all that was counted.

    Example: pilothouse budgets delete refunds
    """

    async def work(budgets: Budgeting) -> None:
        known = await _one(budgets, budget)
        await budgets.delete(known.id)
        typer.echo(f"{known.name}: no budget any more")

    _run(context, tenant, work)


@cli.command()
def usage(context: typer.Context, budget: Which, tenant: Tenant = None, as_json: Json = False) -> None:
    """Show what is spent and reserved of a budget, by period.

    Example: pilothouse budgets usage refunds
    """

    async def work(budgets: Budgeting) -> None:
        known = await _one(budgets, budget)
        found = await budgets.usage(known.id)
        if as_json:
            tables.document(found)
            return
        rows = [
            (
                *(item.period, _amount(known, item.spent), _amount(known, item.reserved)),
                *(_amount(known, item.remaining), f"{item.alerted} %" if item.alerted else "-"),
            )
            for item in found.items
        ]
        tables.listed(("period", "spent", "reserved", "left", "alerted"), rows, "Nothing is spent yet.")

    _run(context, tenant, work)


@cli.command()
def forecast(context: typer.Context, budget: Which, tenant: Tenant = None, as_json: Json = False) -> None:
    """Tell what will be spent by the end of the month.

    Example: pilothouse budgets forecast refunds
    """

    async def work(budgets: Budgeting) -> None:
        known = await _one(budgets, budget)
        found = await budgets.forecast(known.id)
        if as_json:
            tables.document(found)
            return
        between = f"between {_amount(known, found.low)} and {_amount(known, found.high)}"
        typer.echo(f"spent so far:   {_amount(known, found.spent)} of {_amount(known, found.at_most)}")
        typer.echo(f"by {found.ends_at:%Y-%m-%d}:  {_amount(known, found.expected)}, {between}")
        typer.echo(f"limit reached:  {found.exhausted_on or 'not this month'} (by {found.basis})")

    _run(context, tenant, work)


@cli.command()
def alerts(context: typer.Context, tenant: Tenant = None, as_json: Json = False) -> None:
    """List the latest alerts: budgets that reached 50, 80 or 100 %.

    Example: pilothouse budgets alerts
    """

    async def work(budgets: Budgeting) -> None:
        found = await budgets.alerts()
        if as_json:
            tables.document(found)
            return
        named = {item.id: item for item in await _all(budgets)}
        rows = [
            (
                *(f"{item.at:%Y-%m-%d %H:%M}", named[item.budget_id].name, item.period, f"{item.level} %"),
                _amount(named[item.budget_id], item.spent),
            )
            for item in found.items
            if item.budget_id in named
        ]
        tables.listed(("at", "budget", "period", "reached", "spent"), rows, "No alerts.")

    _run(context, tenant, work)


def _terms(soft: str | None, hard: str | None, approval: str | None, lost: str) -> dict[str, Any]:
    beyond = "deny" if approval is None else "approval"
    return {"soft": soft, "hard": hard, "beyond": beyond, "role": approval, "lost": lost}


async def _all(budgets: Budgeting) -> list[Budget]:
    from pilothouse.budgets.schemas import BudgetQuery
    from pilothouse.cli.client import every

    return await every(lambda which: budgets.page(BudgetQuery.model_validate(which)))


async def _one(budgets: Budgeting, named: str) -> Budget:
    """The budget with that name or id. Raises `NotFound`."""
    from pilothouse.errors import NotFound

    for item in await _all(budgets):
        if named in {item.name, str(item.id)}:
            return item
    message = f"There is no budget {named}."
    raise NotFound(message, hint="`pilothouse budgets list` shows what there is.")


def _amount(budget: Budget, amount: Decimal | None) -> str:
    if amount is None:
        return "-"
    return f"{amount:,.2f} {budget.currency}" if budget.currency else f"{amount:,.0f} {budget.unit}"


def _run(context: typer.Context, tenant: str | None, work: Callable[[Budgeting], Awaitable[None]]) -> None:
    from pilothouse.cli import opening
    from pilothouse.cli.governing import opened

    async def main() -> None:
        async with opened(opening.Options(**context.obj), tenant) as governing:
            await work(governing.budgets)

    opening.run(main)


def _tell(made: BaseModel, text: str, *, as_json: bool) -> None:
    if as_json:
        tables.document(made)
    else:
        typer.echo(text)
