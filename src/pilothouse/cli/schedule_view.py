"""How schedules look in a terminal: times as clocks in each one's zone show them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from rich.markup import escape

from pilothouse.cli.tables import document, facts, printed, table

_STYLES = {"active": "green", "paused": "yellow", "failing": "red", "ended": "dim"}


def listed(items: Sequence[Mapping[str, Any]]) -> None:
    """Print schedules as a table, with times in each one's zone."""
    made = table("name", "workflow", "fires", "next", "last", "state")
    for item in items:
        state, zone = state_of(item), item["time_zone"]
        made.add_row(
            escape(item["name"]), escape(_workflow(item)), escape(item["rhythm"]),
            time_in(item["next_at"], zone), time_in(item["last_at"], zone), f"[{_STYLES[state]}]{state}[/]",
        )  # fmt: skip
    printed(made if items else "No schedules yet. Make one: pilothouse schedules create --help")


def told(found: Mapping[str, Any], *, as_json: bool) -> None:
    """Print all there is to know of a schedule."""
    if as_json:
        document(found)
        return
    zone, state = found["time_zone"], state_of(found)
    version = "the newest version" if found["version"] is None else f"version {found['version']}"
    catching_up = f"all, at most {found['missed_limit']}" if found["missed"] == "all" else found["missed"]
    lines = {
        "schedule": f"{found['name']} ({found['id']})",
        "state": state,
        "workflow": f"{found['workflow']}, {version}",
        "input": "" if found["input"] is None else json.dumps(found["input"], ensure_ascii=False),
        "fires": found["rhythm"],
        "from": time_in(found["start_at"], zone),
        "until": time_in(found["end_at"], zone),
        "missed": catching_up,
        "overlap": found["overlap"],
        "priority": str(found["priority"]) if found["priority"] else "",
        "labels": ", ".join(f"{key}={value}" for key, value in found["labels"].items()),
        "waiting": f"{found['queued']} fires, for the last run to end" if found["queued"] else "",
        "last": f"{time_in(found['last_at'], zone)}, run {found['last_run_id']}" if found["last_at"] else "",
        "next": "\n".join(time_in(fire, zone) for fire in found["next_fires"]),
    }
    if found["failing"]:
        since = time_in(found["failing"]["since"], zone)
        lines["failing"] = f"since {since}: {found['failing']['reason']}"
    facts(lines.items(), {"state": _STYLES[state], "failing": "red"})


def state_of(item: Mapping[str, Any]) -> str:
    """Whether it is active, paused, failing or ended."""
    if item["paused"]:
        return "paused"
    if item["failing"]:
        return "failing"
    return "ended" if item["next_at"] is None else "active"


def _workflow(item: Mapping[str, Any]) -> str:
    return item["workflow"] if item["version"] is None else f"{item['workflow']}@{item['version']}"


def time_in(text: str | None, zone: str) -> str:
    """A moment as clocks of the schedule's zone show it."""
    if text is None:
        return ""
    moment = dt.datetime.fromisoformat(text).astimezone(ZoneInfo(zone))
    return f"{moment:%a %Y-%m-%d %H:%M:%S %Z}" if moment.second else f"{moment:%a %Y-%m-%d %H:%M %Z}"
