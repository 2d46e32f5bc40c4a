"""`pilothouse diff`: what differs between the results of two runs, as their application compares them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilothouse.applications import App, Difference
from pilothouse.cli.view import RunView
from pilothouse.errors import Conflict, InvalidInput


def differences(apps: Sequence[App], before: RunView, after: RunView) -> list[Difference]:
    """The differences of two completed runs of one workflow: the application's own, then the artifacts.

    Raises `InvalidInput` for runs of different workflows, `Conflict` for one that is not completed.
    """
    if before.workflow != after.workflow:
        raise InvalidInput(f"The runs are of different workflows: {before.workflow} and {after.workflow}.")
    for view in (before, after):
        if view.status != "completed":
            raise Conflict(f"Run {view.run_id} is {view.status}: only completed runs can be compared.")
    app = next((app for app in apps if any(item.name == before.workflow for item in app.workflows)), None)
    if app is not None and app.compare is not None:
        workflow = next(item for item in app.workflows if item.name == before.workflow)
        outputs = [workflow.signature.output.validate_python(view.output) for view in (before, after)]
        found = list(app.compare(*outputs))
    else:
        found = _of_documents(before.output, after.output)
    return [*found, *_of_artifacts(before, after)]


def _of_documents(before: Any, after: Any) -> list[Difference]:
    """The fields of two JSON objects that differ."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        before, after = {"output": before}, {"output": after}
    names = sorted(before.keys() | after.keys())
    return [
        Difference(section="output", item=name, before=_text(before, name), after=_text(after, name))
        for name in names
        if before.get(name) != after.get(name)
    ]


def _of_artifacts(before: RunView, after: RunView) -> list[Difference]:
    old = {item["name"]: item["sha256"][:16] for item in before.artifacts}
    new = {item["name"]: item["sha256"][:16] for item in after.artifacts}
    return [
        Difference(section="artifacts", item=name, before=old.get(name), after=new.get(name))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def _text(document: dict[str, Any], name: str) -> str | None:
    return str(document[name]) if name in document else None
