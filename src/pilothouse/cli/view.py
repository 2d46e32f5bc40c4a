"""What a person needs to know of a run, folded from its journal one event at a time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Event(NamedTuple):
    """A journal entry as the command line sees it: its payload parsed from JSON (None: empty)."""

    seq: int
    kind: str
    key: str
    at: dt.datetime
    payload: Any


@dataclass
class OpenQuestion:
    """A question that waits for an answer. `name` is what `--answer name=value` refers to.

    One that is an `approval` takes no answer: an action is approved or refused, in the inbox.
    """

    key: str
    prompt: str
    why: str = ""
    choices: tuple[str, ...] = ()
    default: str | None = None
    default_assumes: str = ""
    role: str | None = None
    approval: bool = False

    @property
    def name(self) -> str:
        """The question's own key, or the path of the step where it has none."""
        last = self.key.rpartition("/")[2]
        return last.partition(":")[2] or last

    @property
    def addressee(self) -> str:
        """What follows the name where it names a role: ` for approver:finance`."""
        return f" for approver:{self.role}" if self.role is not None else ""


@dataclass
class StepLine:
    """A finished step: its agent or tool, how it went, for how long and when in the run (seconds)."""

    key: str
    name: str
    state: str
    seconds: float
    at: float
    detail: str = ""


_SHOWN = {"completed": "done", "failed": "failed", "outcome": "done", "saved": "wrote", "slept": "sleeps"}


@dataclass
class RunView:
    """The state of a run as its journal tells it so far."""

    run_id: str
    workflow: str
    status: str = "queued"
    started: dt.datetime | None = None
    last: dt.datetime | None = None
    step_began: dt.datetime | None = None
    current: str = ""
    steps: list[StepLine] = field(default_factory=list)
    cards: list[dict[str, Any]] = field(default_factory=list)
    questions: dict[str, OpenQuestion] = field(default_factory=dict)
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    progress: tuple[float, float, str] = (0.0, 1.0, "")
    output: Any = None
    error: dict[str, Any] | None = None
    seq: int = 0

    @property
    def elapsed(self) -> float:
        """Seconds from the submission to the last event."""
        if self.started is None or self.last is None:
            return 0.0
        return (self.last - self.started).total_seconds()

    @property
    def ended(self) -> bool:
        """Whether the run is over."""
        return self.status in {"completed", "failed", "cancelled"}

    def add(self, event: Event) -> StepLine | None:
        """Take one event in; returns the step that it ended, if it ended one."""
        self.seq = event.seq
        self.last = event.at
        handler = getattr(self, f"_on_{event.kind}", None)
        if handler is not None:
            handler(event)
        if event.kind not in _SHOWN:
            return None
        name = event.key.rpartition("/")[2].partition("#")[0].partition(":")[0]
        payload = event.payload if isinstance(event.payload, dict) else {}
        failure = payload if event.kind == "failed" else payload.get("failure")
        detail = failure["message"] if failure else payload.get("name", "")
        seconds = (event.at - (self.step_began or event.at)).total_seconds()
        self.step_began = event.at
        line = StepLine(
            event.key, name, "failed" if failure else _SHOWN[event.kind], seconds, self.elapsed, detail
        )
        self.steps.append(line)
        self.current = ""
        return line

    def _on_submitted(self, event: Event) -> None:
        self.started = self.step_began = event.at
        self.status = "queued"

    def _on_started(self, event: Event) -> None:
        self.current = event.key
        self.status = "running"

    def _on_entered(self, event: Event) -> None:
        self.current = event.key
        self.status = "running"

    def _on_emitted(self, event: Event) -> None:
        if card := event.payload.get("card"):
            self.cards.append(card)
        if progress := event.payload.get("progress"):
            self.progress = (progress["done"], progress["total"], progress["message"])

    def _on_asked(self, event: Event) -> None:
        asked = event.payload
        self.questions[event.key] = OpenQuestion(
            event.key,
            asked["prompt"],
            asked.get("why", ""),
            tuple(asked.get("choices", ())),
            asked.get("default"),
            asked.get("default_assumes", ""),
            asked.get("role"),
            asked.get("kind") == "approval",
        )

    def _on_answered(self, event: Event) -> None:
        self.step_began = event.at
        self.questions.pop(event.key, None)
        self.status = "running"

    _on_withdrawn = _on_expired = _on_answered

    def _on_saved(self, event: Event) -> None:
        self.artifacts.append(event.payload)

    def _on_run_completed(self, event: Event) -> None:
        self.status = "completed"
        self.output = event.payload["output"]

    def _on_run_continued(self, event: Event) -> None:
        self.status = "completed"
        self.output = event.payload

    def _on_run_failed(self, event: Event) -> None:
        self.status = "failed"
        self.error = event.payload

    def _on_run_cancelled(self, _event: Event) -> None:
        self.status = "cancelled"

    def _on_run_retried(self, _event: Event) -> None:
        self.status = "queued"
        self.error = None

    def _on_forked(self, _event: Event) -> None:
        self.status = "queued"
        self.questions.clear()  # they are the parent's: the fork asks its own

    def document(self) -> dict[str, Any]:
        """The run as one JSON document."""
        return {
            "run_id": self.run_id,
            "workflow": self.workflow,
            "status": self.status,
            "elapsed_seconds": round(self.elapsed, 3),
            "output": self.output,
            "error": self.error,
            "questions": [
                {"key": item.name, "prompt": item.prompt, "choices": item.choices, "default": item.default}
                for item in self.questions.values()
            ],
            "artifacts": self.artifacts,
            "cards": self.cards,
        }
