"""A shop whose tools are governed: what the examples of policies speak of."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Annotated, Any
from uuid import UUID

import cedarpy
from pydantic import BaseModel, Field

from pilothouse import App, Context, Money, tool, workflow
from pilothouse.policies.actions.circumstances import Circumstances, context_of, principal_of
from pilothouse.policies.actions.rules import Rule
from pilothouse.policies.actions.shipped import Brought, Shipped, shipped
from pilothouse.runtime.governing import Action, Mark


class Refund(BaseModel):
    order: str
    amount: Money


class Mail(BaseModel):
    to: str
    text: str


class Deployment(BaseModel):
    service: str
    region: str


class Export(BaseModel):
    region: str
    table: str


class Deletion(BaseModel):
    table: str
    where: str | None = None


class Speed(StrEnum):
    SLOW = "slow"
    FAST = "fast"


class Line(BaseModel):
    sku: str
    price: Decimal


class Everything(BaseModel):
    """One member of each kind that a tool's argument may be."""

    count: int
    ratio: float = 0.5
    price: Decimal
    tax: Annotated[Decimal, Field(json_schema_extra={"policy": "cents"})]
    paid: bool
    speed: Speed
    when: dt.datetime
    lines: list[Line]
    tags: set[str]
    pair: tuple[int, str]
    prices: dict[str, int]
    anything: Any
    either: int | str
    fee: Money | None = None
    inner: Everything | None = None


@tool
async def pay_refund(ctx: Context, refund: Refund) -> str:
    """Pay a refund."""
    return f"paid {refund.amount}"


@tool
async def send_mail(ctx: Context, mail: Mail) -> str:
    """Write to somebody."""
    return "sent"


@tool(idempotent=True)
async def deploy(ctx: Context, deployment: Deployment) -> str:
    """Deploy a service."""
    return "deployed"


@tool
async def export_data(ctx: Context, export: Export) -> str:
    """Export a table to a region."""
    return "exported"


@tool
async def delete_records(ctx: Context, deletion: Deletion) -> str:
    """Delete records of a table."""
    return "deleted"


@tool
async def everything(ctx: Context, value: Everything) -> str:
    """Take everything."""
    return "taken"


@tool
async def count(ctx: Context, number: int) -> int:
    """Take a number."""
    return number


@tool
async def ring(ctx: Context) -> str:
    """Take nothing."""
    return "rung"


TOOLS = (pay_refund, send_mail, deploy, export_data, delete_records)


@workflow("refund")
async def refunding(ctx: Context, refund: Refund) -> str:
    """Pay a refund, and nothing else."""
    return await ctx.act(pay_refund, refund)


@workflow("secret_refund", personal=True)
async def secret_refunding(ctx: Context, refund: Refund) -> str:
    """The same, about a person."""
    return await ctx.act(pay_refund, refund)


app = App("shop", workflows=[refunding, secret_refunding], tools=TOOLS)


def known(**bases: Any) -> Shipped:
    """What the shop and an application with odd tools bring; `bases` are folders by application."""
    return _brought(**bases) if bases else _plain()


@cache
def _plain() -> Shipped:
    return _brought()


def _brought(**bases: Any) -> Shipped:
    return shipped(
        [
            Brought("shop", TOOLS, bases.get("shop")),
            Brought("odd", (everything, count, ring), bases.get("odd")),
        ]
    )


def refund(cents: int = 5_000, *, currency: str = "EUR", **said: Any) -> Action:
    """The action that pays a refund."""
    amount = Decimal(cents) / 100
    arguments = b'{"amount":{"amount":"%s","currency":"%s"},"order":"o1"}' % (
        str(amount).encode(),
        currency.encode(),
    )
    return action("pay_refund", arguments, **said)


def action(name: str, arguments: bytes = b"null", **said: Any) -> Action:
    """An action of a run that anna has started."""
    given: dict[str, Any] = {
        "principal": "person:anna",
        "step": "s",
        "at": dt.datetime(2026, 1, 7, 12, tzinfo=dt.UTC),
        "marks": frozenset({Mark(mark) for mark in said.pop("marks", ())}),
        "tenant_id": "default",
    } | said
    return Action(
        run_id=UUID(int=1),
        workflow="refund",
        tool=name,
        arguments=arguments,
        idempotency_key="k",
        **given,
    )


FACTS = Circumstances()


def by_cedar_alone(rules: Sequence[Rule], one: Action) -> cedarpy.AuthzResult:
    """What Cedar says of all policies, the whole context and the whole schema, which has to fit."""
    vocabulary = known().vocabulary
    tool = vocabulary.tools[one.tool]
    static = {rule.id: rule.est for rule in rules}
    request = {
        "principal": principal_of(one.principal),
        "action": {"type": "Action", "id": tool.name},
        "resource": {"type": "Tool", "id": tool.name},
        "context": context_of(one, FACTS, tool.context),
    }
    written = {"templates": {}, "staticPolicies": static, "templateLinks": []}
    policies = cedarpy.PolicySet.from_json_str(json.dumps(written))
    entities = cedarpy.Entities.from_json_str(tool.entities(), vocabulary.schema)
    return cedarpy.is_authorized(request, policies, entities, vocabulary.schema)
