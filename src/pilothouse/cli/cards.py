"""How reason cards, questions, steps and failures look in a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pilothouse.cli.view import OpenQuestion, RunView, StepLine

STATUS_STYLES = {
    "queued": "cyan",
    "running": "blue",
    "waiting": "yellow",
    "completed": "green",
    "failed": "red",
    "cancelled": "magenta",
}


def confidence_style(confidence: float) -> str:
    """Green at 0.8 and above, amber at 0.5, red below."""
    return "green" if confidence >= 0.8 else "yellow" if confidence >= 0.5 else "red"


def card(item: dict[str, Any]) -> RenderableType:
    """A reason card: the decision, how it came about, and what was not chosen."""
    confidence = float(item["confidence"])
    style = confidence_style(confidence)
    body: list[RenderableType] = [Text(item["decision"], style="bold")]
    body += [Text(f"· {line}") for line in item["reasoning"]]
    if item["outputs"]:
        body.append(_facts(item["outputs"]))
    if item["alternatives"]:
        body.append(Text("Not chosen:", style="dim"))
        body += [
            Text(f"  {option['name']}: {option['reason']}", style="dim") for option in item["alternatives"]
        ]
    title = f"[bold]{escape(item['title'] or item['agent'])}[/]"
    badge = f"[{style}]confidence {confidence:.2f}[/]"
    return Panel(
        Group(*body),
        title=title,
        subtitle=badge,
        title_align="left",
        subtitle_align="right",
        border_style=style,
    )


def question(item: OpenQuestion) -> RenderableType:
    """A question with its reason, its choices and what the default assumes."""
    body: list[RenderableType] = [Text(item.prompt, style="bold")]
    if item.why:
        body.append(Text(item.why))
    if item.choices:
        body.append(Text(f"Choices: {', '.join(item.choices)}"))
    if item.default is not None:
        assumes = f" ({item.default_assumes})" if item.default_assumes else ""
        body.append(Text(f"Default: {item.default}{assumes}", style="dim"))
    return Panel(
        Group(*body),
        title=f"[bold]question[/] {escape(item.name)}{item.addressee}",
        title_align="left",
        border_style="yellow",
    )


def failure(error: dict[str, Any], run_id: str) -> RenderableType:
    """What went wrong, where, and what to do."""
    body: list[RenderableType] = [Text(error["message"], style="bold")]
    if error.get("step"):
        body.append(Text(f"Step: {error['step']}"))
    if error.get("hint"):
        body.append(Text(error["hint"]))
    body.append(Text(f"Retry from the failed step: pilothouse retry {short(run_id)}", style="dim"))
    return Panel(
        Group(*body), title=f"[bold]failed[/] {escape(error['code'])}", title_align="left", border_style="red"
    )


def step(line: StepLine, elapsed: float) -> Text:
    """A finished step in one line."""
    mark, style = ("✗", "red") if line.state == "failed" else ("✓", "green")
    text = Text.assemble((f"{clock(elapsed)} ", "dim"), (f"{mark} ", style), line.name)
    if line.detail:
        text.append(f"  {line.detail}", style="dim")
    text.append(f"  {line.seconds:.2f} s", style="dim")
    return text


def artifacts(view: RunView) -> RenderableType:
    """The run's artifacts as a table."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading, justify in (("artifact", "left"), ("size", "right"), ("sha-256", "left"), ("id", "left")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]  # a literal in a tuple
    for item in view.artifacts:
        table.add_row(escape(item["name"]), size(item["size"]), item["sha256"][:16], item["id"])
    return table


def short(run_id: str) -> str:
    """The end of an id: enough to name a run on one machine (the beginning tells only the time)."""
    return run_id[-8:]


def clock(seconds: float) -> str:
    """Seconds as mm:ss.t."""
    return f"{int(seconds // 60):02d}:{seconds % 60:04.1f}"


def size(count: int) -> str:
    """Bytes for people."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def _facts(facts: dict[str, Any]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column()
    for name, value in facts.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        table.add_row(escape(name), escape(shown))
    return table
