"""Writes docs/reference/benchmarks.md from the results of the other benchmarks; measures nothing itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TARGET = HERE.parent / "docs" / "reference" / "benchmarks.md"
HEAD = """# Benchmarks

Each table is written by `./dev bench tables` from the last results in `benchmarks/results/`.
`./dev bench NAME` measures again; `./dev bench spine --peers` measures the peers on the same server in the
same run. A value is the median of repeated runs; the spread is the greatest less the least of them.
"""


def number(value: float | None) -> str:
    """A figure with three to four digits."""
    return "" if value is None else f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def row(item: dict[str, Any]) -> str:
    """One measure as a line of a Markdown table."""
    met = {None: "", True: "yes", False: "no"}[item["met"]]
    peer = f"{item['peer']}: {number(item['peer_value'])}" if item["peer"] else ""
    cells = [
        *(item["measure"], number(item["value"]), item["unit"], number(item["target"]), met),
        *(peer, number(item["ratio"]), number(item["spread"])),
    ]
    return f"| {' | '.join(cells)} |"


def table(result: dict[str, Any]) -> str:
    """One benchmark: where it ran, and its measures."""
    machine = ", ".join(f"{name} {value}" for name, value in result["machine"].items())
    versions = ", ".join(f"{name} {value}" for name, value in result["versions"].items())
    lines = [
        f"## {result['name']}",
        "",
        f"Measured {result['measured_at'][:10]} at commit {result['commit']}: {machine}; {versions}.",
        "",
        "| measure | value | unit | target | met | peer | ratio | spread |",
        "|---|---|---|---|---|---|---|---|",
        *(row(item) for item in result["measures"]),
    ]
    return "\n".join(lines)


def main() -> None:
    """Write the page."""
    results = [json.loads(path.read_text()) for path in sorted((HERE / "results").glob("*.json"))]
    TARGET.write_text("\n".join([HEAD, "\n\n".join(table(result) for result in results), ""]))
    print(f"wrote {TARGET.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
