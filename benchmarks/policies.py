"""Policy decisions: 200 policies over 20 tools, sliced by tool, beside cedarpy with the whole set.

Each request differs in its amount. Those that no policy can tell apart are decided once, as in production;
the rows that say so evaluate each of them anew. The data folder is not needed: requests are made here.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from uuid import UUID

import cedarpy
from pydantic import BaseModel

from pilothouse import Context, Money, tool
from pilothouse.policies.actions.circumstances import Circumstances, context_of, principal_of
from pilothouse.policies.actions.engine import ActionEngine
from pilothouse.policies.actions.rules import parse
from pilothouse.policies.actions.schema import Vocabulary, known
from pilothouse.runtime.governing import Action, Mark
from report import Measure, report

TOOLS, POLICIES = 20, 200
DECISIONS, ROUNDS = 20_000, 5
PEER_DECISIONS = 1_000
RATE, TAIL = 15_000, 0.5
"""What must be reached: decisions a second, and milliseconds for the slowest in a hundred."""
FACTS = Circumstances.of("production", {"plan": "gold", "residency": "eu", "time_zone": "Europe/Berlin"})


class Order(BaseModel):
    """What each tool takes."""

    order: str
    amount: Money
    region: str
    note: str | None = None


async def _work(_: Context, order: Order) -> str:
    """Nothing."""
    return order.order


def vocabulary() -> Vocabulary:
    """The tools that policies speak of."""
    return Vocabulary(known("bench", tool(name=f"tool_{number}")(_work)) for number in range(TOOLS))


def policies() -> str:
    """One permit for all tools, and as many policies for each of them as make up the number."""
    made = ['@id("base") permit (principal, action in Action::"app:bench", resource);']
    conditions = (
        "context.arguments.amount.amount_cents > {limit}",
        'context.arguments.amount.currency != "EUR"',
        'context.marks.contains("personal") && context.arguments.region != "eu-west-1"',
        "context has confidence_per_mille && context.confidence_per_mille < {percent}",
        "context has cost && context.cost.amount_cents > {limit}",
    )
    for number in range(POLICIES - 1):
        name = f"tool_{number % TOOLS}"
        when = conditions[number // TOOLS % len(conditions)].format(limit=10**9 + number, percent=number)
        said = '@approval("manager")' if number % 3 else ""
        scope = f'principal, action == Action::"{name}", resource'
        made.append(f'@id("p{number}") {said} forbid ({scope}) when {{ {when} }};')
    return "\n".join(made)


def action(number: int) -> Action:
    """A request of its own."""
    amount = b"%d.%02d" % divmod(number, 100)
    arguments = b'{"order":"o1","amount":{"amount":"%s","currency":"EUR"},"region":"eu-west-1","note":null}'
    return Action(
        *(UUID(int=number), "default", "bench", "person:anna", "step", f"tool_{number % TOOLS}"),
        arguments=arguments % amount,
        idempotency_key="",
        agent="triage",
        cost=Money(Decimal(10), "EUR"),
        confidence=0.9,
        marks=frozenset({Mark.PERSONAL}),
        at=dt.datetime(2026, 1, 7, 12, tzinfo=dt.UTC) + dt.timedelta(seconds=number),
    )


def timed(decide: Callable[[Action], object], actions: Sequence[Action]) -> tuple[float, float]:
    """Decisions a second, and the 99th percentile of one in milliseconds."""
    seconds: list[float] = []
    began = time.perf_counter()
    for one in actions:
        started = time.perf_counter()
        decide(one)
        seconds.append(time.perf_counter() - started)
    total = time.perf_counter() - began
    seconds.sort()
    return len(actions) / total, seconds[int(len(seconds) * 0.99)] * 1_000


def whole(text: str, known_tools: Vocabulary) -> Callable[[Action], object]:
    """The same by cedarpy alone: the policies parsed once, each request with the whole context and schema."""
    parsed = cedarpy.PolicySet.from_str(text)
    tools = {
        name: cedarpy.Entities.from_json_str(one.entities(), known_tools.schema)
        for name, one in known_tools.tools.items()
    }

    def decide(one: Action) -> object:
        context = context_of(one, FACTS, known_tools.tools[one.tool].context)
        request = {
            "principal": principal_of(one.principal),
            "action": {"type": "Action", "id": one.tool},
            "resource": {"type": "Tool", "id": one.tool},
            "context": json.dumps(context),
        }
        return cedarpy.is_authorized(request, parsed, tools[one.tool], known_tools.schema)

    return decide


def measures() -> tuple[list[Measure], int]:
    """What is measured, and how many policies a slice has."""
    tools, text = vocabulary(), policies()
    began = time.perf_counter()
    rules = parse(text)
    engine = ActionEngine(tools, rules, version="tenant:1")
    for one in tools.tools.values():
        engine.slice_of(one)
    prepared = (time.perf_counter() - began) * 1_000
    fresh, name = iter(range(10**9)), "cedarpy, whole set"
    forgetful = ActionEngine(tools, rules, remember=0)
    rounds, anew = (
        [timed(deciding(each), [action(next(fresh)) for _ in range(DECISIONS)]) for _ in range(ROUNDS)]
        for each in (engine, forgetful)
    )
    peer = [timed(whole(text, tools), [action(next(fresh)) for _ in range(PEER_DECISIONS)]) for _ in range(3)]
    told = [*of(rounds, middle(peer), name), *of(anew, middle(peer), name, ", each evaluated anew")]
    prepare = Measure("200 policies parsed and sliced for 20 tools", prepared, "ms")
    return [*told, prepare], len(engine.slice_of(tools.tools["tool_0"]).rules)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="not needed, and taken as every benchmark does")
    parser.parse_args()
    told, size = measures()
    report("policies", told, notes=[f"{POLICIES} policies, {TOOLS} tools; {size} policies in a slice."])


def deciding(engine: ActionEngine) -> Callable[[Action], object]:
    """What decides by `engine`."""
    return lambda one: engine.decide(one, FACTS)


def middle(rounds: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The medians of rates and of 99th percentiles."""
    rates, tails = zip(*rounds, strict=True)
    return statistics.median(rates), statistics.median(tails)


def of(
    rounds: Sequence[tuple[float, float]], peer: tuple[float, float], name: str, how: str = ""
) -> list[Measure]:
    """Rate and tail, beside the peer's and the targets."""
    rate, tail = middle(rounds)
    spread = max(one[0] for one in rounds) - min(one[0] for one in rounds)
    faster, slower = rate / peer[0], tail / peer[1]
    return [
        Measure(f"decisions a second{how}", rate, "1/s", RATE, name, peer[0], faster, rate >= RATE, spread),
        Measure(f"one decision, p99{how}", tail, "ms", TAIL, name, peer[1], slower, tail < TAIL),
    ]


if __name__ == "__main__":
    main()
