"""Checks the price book against published test cases: Terraform, usage and known monthly cost per resource.

Run with `./dev bench costs --data ../shared/data`. A case counts as within where its total differs by at most
5 %, as dated where a published price change between the two dates explains the difference, as off otherwise.
Every AWS type that has a price here counts, which is what the catalogue uses and its close relatives.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import perf_counter

from rich.console import Console
from rich.table import Table

from pilothouse.apps.mlops.pricing.book import PriceBook, load_book
from pilothouse.apps.mlops.pricing.model import CostLine
from pilothouse.apps.mlops.pricing.pricer import PRICERS, price
from price_changes import explained
from report import Measure, report
from terraform_cases import Case, read_cases

TOLERANCE = Decimal("0.05")
TARGET = 0.9
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Outcome:
    """How one case came out: `state` is within, dated, off or unpriced; `why` says it in words."""

    case: Case
    state: str
    ours: Decimal
    known: Decimal
    why: str
    prices_checked: int = 0
    prices_found: int = 0

    @property
    def has_cost(self) -> bool:
        """Whether the known bill has a sum to compare, not only prices that depend on usage."""
        return any(line.cost is not None for line in self.case.known)


def _near(ours: Decimal, known: Decimal) -> bool:
    return abs(ours - known) <= max(known * TOLERANCE, CENT)


def _unit_prices(case: Case, lines: tuple[CostLine, ...], rate: Decimal) -> tuple[int, int]:
    """(unit prices of usage-priced lines in the known bill, how many of them we have within 5 %)."""
    ours = [line.unit_price for line in lines if line.unit_price is not None]
    known = [line.unit_price * rate for line in case.known if line.unit_price is not None]
    return len(known), sum(any(_near(price, one) for price in ours) for one in known)


def check(case: Case, book: PriceBook) -> Outcome:
    """Prices one case and holds it against its known lines."""
    rate = book.rates.usd_per(case.currency)
    known = sum((line.cost for line in case.known if line.cost is not None), Decimal(0)) * rate
    if case.resource.type not in PRICERS:
        return Outcome(case, "unpriced", Decimal(0), known, "type without a pricing function")
    lines = price(case.resource, case.usage, book)
    ours = sum((line.monthly for line in lines if line.monthly is not None), Decimal(0))
    missing = [line for line in lines if line.unit_price is None]
    counts = _unit_prices(case, lines, rate)
    if _near(ours, known) and not (missing and known):
        return Outcome(case, "within", ours, known, "", *counts)
    change = explained(case.resource.type, lines, known, TOLERANCE)
    if change is not None:
        return Outcome(case, "dated", ours, known, change, *counts)
    why = "; ".join(f"{line.description}: {line.assumption}" for line in missing) or "amount differs"
    return Outcome(case, "off", ours, known, why, *counts)


def _print_types(outcomes: list[Outcome], console: Console) -> None:
    by_type: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_type[outcome.case.resource.type].append(outcome)
    table = Table(title="cases by resource type")
    for title in ("type", "cases", "within 5 %", "date difference", "off", "unpriced", "unit prices"):
        table.add_column(title, justify="left" if title == "type" else "right")
    for kind, group in sorted(by_type.items()):
        states = Counter(outcome.state for outcome in group)
        checked = sum(one.prices_checked for one in group)
        prices = f"{sum(one.prices_found for one in group)}/{checked}" if checked else ""
        counted = (str(states[state] or "") for state in ("within", "dated", "off", "unpriced"))
        table.add_row(kind, str(len(group)), *counted, prices)
    console.print(table)


def _print_misses(outcomes: list[Outcome], console: Console) -> None:
    table = Table(title="cases that are off, or explained by a price change")
    for title in ("case", "state", "ours $", "known $", "why"):
        table.add_column(title, overflow="fold")
    for outcome in outcomes:
        if outcome.state in ("off", "dated"):
            amounts = (f"{outcome.ours:,.2f}", f"{outcome.known:,.2f}")
            table.add_row(outcome.case.resource.address, outcome.state, *amounts, outcome.why)
    console.print(table)


def _share(outcomes: list[Outcome]) -> float:
    good = sum(outcome.state in ("within", "dated") for outcome in outcomes)
    return good / len(outcomes) if outcomes else 0.0


def _seconds(cases: list[Case], runs: int = 5) -> list[float]:
    """Seconds to load the book anew and price all cases, once per run."""
    taken: list[float] = []
    for _ in range(runs):
        started = perf_counter()
        book = load_book()
        for case in cases:
            price(case.resource, case.usage, book)
        taken.append(perf_counter() - started)
    return taken


def measure(outcomes: list[Outcome], cases: list[Case]) -> list[Measure]:
    """The measures that the result file keeps."""
    priced = [outcome for outcome in outcomes if outcome.state != "unpriced"]
    summed = [outcome for outcome in priced if outcome.has_cost]
    checked = sum(outcome.prices_checked for outcome in priced)
    found = sum(outcome.prices_found for outcome in priced)
    share, total = _share(summed), _share(priced)
    taken = [one * 1000 for one in _seconds([outcome.case for outcome in priced])]
    spread = max(taken) - min(taken)
    return [
        Measure("priced types: known sums within 5 % or dated", share, "share", TARGET, met=share >= TARGET),
        Measure("priced types: all cases within 5 % or dated", total, "share", TARGET, met=total >= TARGET),
        Measure("priced types: cases with a known sum", len(summed), "cases"),
        Measure("priced types: cases off", sum(one.state == "off" for one in priced), "cases"),
        Measure(
            "priced types: explained by a dated change", sum(one.state == "dated" for one in priced), "cases"
        ),
        Measure("priced types: listed unit prices found", found / checked if checked else 0.0, "share"),
        Measure("cases of types flagged as unpriced", len(outcomes) - len(priced), "cases"),
        Measure("cases in all", len(cases), "cases"),
        Measure("load the book and price all cases", median(taken), "ms", spread=spread),
    ]


def main() -> int:
    """Runs the benchmark; without data says so and succeeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    folder: Path = parser.parse_args().data / "infracost_aws"
    if not folder.is_dir():
        print(f"costs: no data ({folder} does not exist)")
        return 0
    cases = read_cases(folder)
    book = load_book()
    outcomes = [check(case, book) for case in cases]
    console = Console(width=150)
    _print_types(outcomes, console)
    _print_misses(outcomes, console)
    report("costs", measure(outcomes, cases))
    return 0


if __name__ == "__main__":
    sys.exit(main())
