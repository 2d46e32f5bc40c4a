"""Governed workers in processes of their own, made to be killed: `python -m support.governed_victims`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from pilothouse import App, Context, Denied, Money, Refused, tool, workflow
from pilothouse.app import assembled, worker_settings
from pilothouse.settings import Settings
from support.entrance import CALM
from support.pooler import url
from support.victim import fork, note

POLICIES = """
@id("work-is-done")
permit (principal, action in Action::"app:load", resource);

@id("much-is-approved")
@approval("manager")
forbid (principal, action == Action::"pay", resource)
when { context has cost && context.cost.amount_cents > 5000 };

@id("too-much-is-denied")
forbid (principal, action == Action::"pay", resource)
when { context has cost && context.cost.amount_cents > 9000 };
"""
WORKER = {"worker_lease": 1.0, "worker_grace": 0.2, "worker_heartbeat": 0.1, "worker_slots": 8}


class Payment(BaseModel):
    folder: Path
    name: str
    euros: int


@tool(cost=lambda payment: Money(payment.euros, "EUR"), idempotent=True)
async def pay(ctx: Context, payment: Payment) -> int:
    note(payment.folder, f"{payment.name} pays")
    await asyncio.sleep(0.01)
    return payment.euros


@tool
async def post(ctx: Context, payment: Payment) -> int:
    note(payment.folder, f"{payment.name} posts")
    await asyncio.sleep(0.01)
    if payment.euros % 7 == 0:
        raise ValueError("no stamps")
    return payment.euros


@workflow("payments")
async def payments(ctx: Context, payment: Payment) -> list[str]:
    """Pay and post, twice, whatever comes of it."""
    came = []
    for what in (pay, post, pay, post):
        try:
            came.append(f"done {await ctx.act(what, payment)}")
        except (Denied, Refused) as error:
            came.append(type(error).__name__)
        except Exception as error:
            if not hasattr(error, "failure"):
                raise
            came.append("failed")
    return came


def app_in(folder: Path) -> App:
    """The application, with its policies in `folder`."""
    (folder / "policies").mkdir(exist_ok=True)
    (folder / "policies" / "load.cedar").write_text(POLICIES)
    return App("load", workflows=[payments], tools=[pay, post], policies=folder / "policies")


def settings_of(conninfo: str, folder: Path) -> dict[str, Any]:
    """What all processes over one database have in common."""
    return {**CALM, **WORKER, "database_url": url(conninfo), "data": folder / "data"}


async def work(conninfo: str, folder: str, settings: dict[str, float]) -> None:
    """Execute runs until killed."""
    at = Path(folder)
    given = Settings(_env_file=None, **settings_of(conninfo, at) | settings)
    async with assembled(given, [app_in(at)]) as parts:
        await parts.engine.worker(worker_settings(given)).run()


if __name__ == "__main__":
    fork(work)
