"""Writes docs/benchmarks/ from the results of the other benchmarks; measures nothing itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FOLDER = HERE.parent / "docs" / "benchmarks"
HEAD = """# Benchmarks

One page for each benchmark, written by `./dev bench tables` from the last result in `benchmarks/results/`.
A value is the median of repeated runs; the spread is the greatest less the least of them. Ratios are to a
named peer on the same server in the same run: they carry over to other machines, the values do not.

| benchmark | command | measured | targets met |
|---|---|---|---|
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


def page(result: dict[str, Any]) -> str:
    """One benchmark: how it is measured again, where it ran, and its measures."""
    machine = ", ".join(f"{name} {value}" for name, value in result["machine"].items())
    versions = ", ".join(f"{name} {value}" for name, value in result["versions"].items())
    lines = [
        f"# {result['name']}",
        "",
        f"`./dev bench {result['name']}` measures again.",
        "",
        f"Measured {result['measured_at'][:10]} at commit {result['commit']}: {machine}; {versions}.",
        "",
        "| measure | value | unit | target | met | peer | ratio | spread |",
        "|---|---|---|---|---|---|---|---|",
        *(row(item) for item in result["measures"]),
        *(["", *(f"- {note}" for note in result["notes"])] if result.get("notes") else []),
        "",
    ]
    return "\n".join(lines)


def line(result: dict[str, Any]) -> str:
    """One benchmark in the index."""
    asked = [item["met"] for item in result["measures"] if item["met"] is not None]
    name, day = result["name"], result["measured_at"][:10]
    return f"| [{name}]({name}.md) | `./dev bench {name}` | {day} | {sum(asked)} of {len(asked)} |"


def main() -> None:
    """Write the pages."""
    results = [json.loads(path.read_text()) for path in sorted((HERE / "results").glob("*.json"))]
    FOLDER.mkdir(exist_ok=True)
    for result in results:
        (FOLDER / f"{result['name']}.md").write_text(page(result))
    (FOLDER / "README.md").write_text(HEAD + "\n".join([*map(line, results), ""]))
    print(f"wrote {len(results)} pages into {FOLDER.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
