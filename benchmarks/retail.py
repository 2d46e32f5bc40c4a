"""Replays tau2-bench's retail tasks under the shop's Cedar policies, and violations derived from them.

Run with `./dev bench retail --data ../shared/data`. Each task begins with the shop as the file has it. Its
actions are decided in order and, where allowed, done. What the shop's own rules refuse (an independent judge
in plain Python says so) counts apart: it has to be refused. Where nobody is known when records are needed,
the customer is identified by their e-mail address first. From every allowed action that concerns a customer's
records, violations are derived; each has to be refused, by the policy that is meant for it among others.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from action_policies import ActionPolicies
from pilothouse.apps.support.shop import inputs
from pilothouse.apps.support.shop.errors import ShopRefused
from pilothouse.apps.support.shop.memory import MemoryShop
from pilothouse.apps.support.shop.schemas import Customer
from pilothouse.apps.support.shop.tau2 import read_shop
from report import Measure, report
from retail_desk import Desk, policies
from retail_judge import Judge
from retail_tasks import GivenAction, Task, expected, input_of, owner_of, read_tasks
from retail_violations import Violation, violations

LEAST_VIOLATIONS = 200
BEYOND_RECORDS = frozenset(
    {"identity not verified", "foreign owner", "second customer", "unconfirmed", "confirmed another state"}
)
"""Kinds that the records alone cannot refuse: they are about who asks, and what was said."""


@dataclass
class Tally:
    """What came of a number of tasks."""

    passed: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    unlawful: list[str] = field(default_factory=list)
    derived: Counter[str] = field(default_factory=Counter)
    by: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    slipped: list[str] = field(default_factory=list)
    unheld: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def replay(task: Task, shop: MemoryShop, rules: ActionPolicies, tally: Tally, number: int = 0) -> None:
    """One task from the shop as it is given; what is found is added to `tally`."""
    desk = Desk(shop, rules, number)
    customer = _customer(task, shop)
    for action in expected(task):
        value = input_of(action, shop)
        if (
            customer
            and desk.known is None
            and isinstance(
                value,
                inputs.ReadCustomer | inputs.ReadOrder | inputs.ChangeOrder | inputs.ChangeCustomerAddress,
            )
        ):
            desk.act(inputs.FindByEmail(email=customer.email))
        if value is not None:
            desk.confirm(value)
        _acted(desk, action, value, rules, tally)


def _customer(task: Task, shop: MemoryShop) -> Customer | None:
    """Whose records the task is about: of the first action that names some."""
    owners = (owner_of(action, shop) for action in expected(task))
    return next((shop.customer(owner) for owner in owners if owner is not None), None)


def _acted(
    desk: Desk, action: GivenAction, value: BaseModel | None, rules: ActionPolicies, tally: Tally
) -> None:
    name = f"{action.action_id} {action.name}"
    broken = Judge(desk.shop).broken(value, desk.known, confirmed=True)
    before = desk.shop.with_records()
    started = perf_counter()
    outcome = desk.act(value)
    tally.seconds.append(perf_counter() - started)
    if broken and outcome.decided.verdict == "deny" and set(outcome.decided.policies) == broken:
        tally.unlawful.append(f"{name}: {', '.join(sorted(broken))}")
    elif outcome.passed and not broken:
        tally.passed[action.name] += 1
        if value is not None:
            _derived(before, value, desk.known, rules, tally, name)
    else:
        tally.failed.append(f"{name}: {outcome} (the judge says {broken or 'nothing'})")


def _derived(
    before: MemoryShop, value: BaseModel, known: str | None, rules: ActionPolicies, tally: Tally, name: str
) -> None:
    for one in violations(before, value, _stranger(before, known)):
        try_violation(one, rules, tally, name)


def try_violation(one: Violation, rules: ActionPolicies, tally: Tally, name: str) -> None:
    """Ask the policies, the judge and the records about one violation."""
    desk = Desk(one.shop, rules, 1)
    if one.known is not None:
        desk.identify(one.known)
    if one.confirmed is not None:
        desk.confirm(one.confirmed)
    judged = Judge(one.shop).broken(one.value, one.known, confirmed=one.is_confirmed)
    decided = desk.decide(one.value)
    tally.derived[one.kind] += 1
    told = f"{name}, {one.kind}: {decided} (the judge says {sorted(judged)})"
    if decided.verdict != "deny" or one.by not in decided.policies or judged != set(decided.policies):
        tally.slipped.append(told)
        return
    tally.by[one.kind][one.by] += 1
    if one.kind not in BEYOND_RECORDS and _is_placed(one):
        tally.unheld.append(told)


def _is_placed(one: Violation) -> bool:
    """Whether the records would take it, had the policies let it through."""
    try:
        one.shop.with_records().place(one.value, key="whatever")  # type: ignore[arg-type]  # these are changes
    except ShopRefused:
        return False
    return True


def _stranger(shop: MemoryShop, known: str | None) -> Customer:
    """A customer with a payment method who is not the known one."""
    return next(one for one in shop.customers() if one.id != known and one.payment_methods)


def rows(tally: Tally) -> Iterator[tuple[str, str, str]]:
    """Kind, count and the policies that refused, most frequent first."""
    for kind, count in sorted(tally.derived.items()):
        yield kind, f"{count:,}", ", ".join(name for name, _ in tally.by[kind].most_common())


def measures(tally: Tally) -> list[Measure]:
    """What the result file keeps."""
    own = sum(tally.passed.values())
    derived = sum(tally.derived.values())
    refused = derived - len(tally.slipped)
    milliseconds = sorted(1000 * one for one in tally.seconds) or [0.0]
    share = own / max(1, own + len(tally.failed))
    return [
        Measure("own actions that are in order", own + len(tally.failed), "actions"),
        Measure("of these passed", share, "share", 1.0, met=share == 1.0),
        Measure("own actions against the shop's own rules, refused", len(tally.unlawful), "actions"),
        Measure("derived violations", derived, "actions", LEAST_VIOLATIONS, met=derived >= LEAST_VIOLATIONS),
        Measure(
            "of these refused by the policy meant for it",
            refused / max(1, derived),
            "share",
            1.0,
            met=refused == derived,
        ),
        Measure(
            "of these that the records alone would take",
            len(tally.unheld),
            "actions",
            0,
            met=not tally.unheld,
        ),
        Measure("decision with its facts and the call, median", milliseconds[len(milliseconds) // 2], "ms"),
    ]


def run(tasks: Iterable[Task], shop: MemoryShop, rules: ActionPolicies) -> Tally:
    """All tasks, each from the shop as it is given."""
    tally = Tally()
    for number, task in enumerate(tasks):
        replay(task, shop.with_records(), rules, tally, number)
    return tally


def show(tally: Tally, console: Console) -> None:
    """Print what was derived by kind, and whatever is not as it should be."""
    table = Table(title="Derived violations, all to be refused")
    for title in ("kind", "derived", "refused by"):
        table.add_column(title, justify="right" if title == "derived" else "left")
    for row in rows(tally):
        table.add_row(*row)
    console.print(table)
    for title, lines in (
        ("own action refused, against the shop's own rules", tally.unlawful),
        ("FAILED", tally.failed),
        ("SLIPPED", tally.slipped),
        ("TAKEN BY THE RECORDS", tally.unheld),
    ):
        for line in lines:
            console.print(f"{title}: {line}", highlight=False, markup=False)


def main() -> int:
    """Runs the benchmark; without data says so and succeeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    folder: Path = parser.parse_args().data / "tau2_retail"
    if not folder.is_dir():
        print(f"retail: no data ({folder} does not exist)")
        return 0
    shop = MemoryShop(read_shop((folder / "db.json").read_bytes()))
    tasks = read_tasks((folder / "tasks.json").read_bytes())
    tally = run(tasks, shop, policies())
    show(tally, Console(width=150))
    note = (
        "A task's own action that the shop's rules refuse counts apart; a judge in plain Python says which."
    )
    report("retail", measures(tally), notes=[note])
    return 0 if not (tally.failed or tally.slipped or tally.unheld) else 1


if __name__ == "__main__":
    sys.exit(main())
