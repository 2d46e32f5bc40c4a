"""What is added to for the runs of one workflow: cells of the metrics, found once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pilothouse.runtime.entries import Kind
from pilothouse.telemetry.instruments import Cell
from pilothouse.telemetry.metrics import Metrics

K = TypeVar("K")

STEPS = {
    Kind.COMPLETED: ("call", "completed"),
    Kind.FAILED: ("call", "failed"),
    Kind.OUTCOME: ("act", "completed"),
    Kind.ASKED: ("ask", "asked"),
    Kind.EXPIRED: ("ask", "expired"),
    Kind.SLEPT: ("sleep", "began"),
    Kind.WOKE: ("sleep", "completed"),
    Kind.SAVED: ("save", "completed"),
}
"""The kind and the outcome of a step that an entry tells of."""
ENDS = {
    Kind.RUN_COMPLETED: "completed",
    Kind.RUN_FAILED: "failed",
    Kind.RUN_CANCELLED: "cancelled",
    Kind.RUN_CONTINUED: "continued",
}
"""How a run has ended that an entry tells of."""
ACT_FAILED = b'{"failure"'
"""What the outcome of a tool that has failed begins with."""


class Found(dict[K, Cell]):
    """Cells by what they are for, each looked up when it is asked for first."""

    def __init__(self, look: Callable[[K], Cell]) -> None:
        super().__init__()
        self._look = look

    def __missing__(self, key: K) -> Cell:
        """Look it up, and keep it."""
        cell = self[key] = self._look(key)
        return cell


class WorkflowCells:
    """The cells of one workflow."""

    __slots__ = (
        "act_failed",
        "append",
        "ends",
        "queue_wait",
        "run",
        "steps",
        "submitted",
        "turn",
        "turns",
        "work",
    )

    def __init__(self, metrics: Metrics, workflow: str) -> None:
        of = (workflow,)
        self.submitted = metrics.submitted.cell(of)
        self.queue_wait = metrics.queue_wait.cell(of)
        self.turn = metrics.turn_seconds.cell(of)
        self.run = metrics.run_seconds.cell(of)
        self.act_failed = metrics.steps.cell((workflow, "act", "failed"))
        self.append = metrics.append_seconds.cell(())
        self.turns: Found[str] = Found(lambda status: metrics.turns.cell((workflow, status)))
        self.ends: Found[Kind] = Found(lambda kind: metrics.ended.cell((workflow, ENDS[kind])))
        self.steps: Found[Kind] = Found(lambda kind: metrics.steps.cell((workflow, *STEPS[kind])))
        self.work: Found[str] = Found(lambda kind: metrics.step_seconds.cell((workflow, kind)))
