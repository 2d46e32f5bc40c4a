"""Prints a benchmark's table and writes it to benchmarks/results/NAME.json for scripts to read."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("pilothouse", "pydantic", "python-hcl2", "psycopg", "sqlalchemy")


@dataclass(frozen=True)
class Measure:
    """One measured value, in `unit`, held against a target or a named peer measured in the same run.

    `met` is None where there is no target; `ratio` is the value divided by the peer's; `spread` is the
    difference between the greatest and the least of the repeated runs, in `unit`.
    """

    measure: str
    value: float
    unit: str
    target: float | None = None
    peer: str | None = None
    peer_value: float | None = None
    ratio: float | None = None
    met: bool | None = None
    spread: float | None = None


def _machine() -> dict[str, str | int]:
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": platform.machine(),
        "cores": os.cpu_count() or 0,
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _commit() -> str:
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short=12", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def report(name: str, measures: list[Measure], folder: Path = RESULTS, notes: Sequence[str] = ()) -> None:
    """Prints `measures` and `notes` and writes them to `folder`/`name`.json, with machine and versions."""
    table = Table(title=f"{name} ({platform.python_version()}, {os.cpu_count()} cores)")
    for title in ("measure", "value", "unit", "target", "peer", "peer value", "ratio", "met", "spread"):
        table.add_column(title, justify="right" if title in ("value", "target", "ratio") else "left")
    for one in measures:
        met = "" if one.met is None else "yes" if one.met else "no"
        numbers = (_cell(one.target), one.peer or "", _cell(one.peer_value), _cell(one.ratio))
        table.add_row(one.measure, _cell(one.value), one.unit, *numbers, met, _cell(one.spread))
    console = Console(width=150)
    console.print(table)
    for note in notes:
        console.print(note, highlight=False, markup=False)
    content = {
        "name": name,
        "machine": _machine(),
        "versions": _versions(),
        "commit": _commit(),
        "measured_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "measures": [asdict(one) for one in measures],
        "notes": list(notes),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")
