"""What can be submitted: the workflows of this process, described for people and for forms, and templates.

Those that only call one agent each are made by Pilothouse; they are listed where they are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pilothouse.runs.schemas import Templates, TemplateSummary, WorkflowQuery, Workflows, WorkflowSummary
from pilothouse.runtime import workflows as registered


class WorkflowCatalogue:
    """The workflows of this process; `apps` names the application that brings each."""

    def __init__(
        self,
        workflows: registered.Workflows,
        apps: Mapping[str, str],
        templates: Sequence[TemplateSummary] = (),
    ) -> None:
        """Describe `workflows`, and `templates` of them."""
        self._workflows = workflows
        self._apps = apps
        self._templates = Templates(items=sorted(templates, key=lambda template: template.app))

    def all(self, query: WorkflowQuery) -> Workflows:
        """The workflows of the applications, by name, and those of agents where they are wanted."""
        found = [item for item in self._workflows.all() if query.agents or item.name in self._apps]
        return Workflows(items=[self._shown(item) for item in found])

    def templates(self) -> Templates:
        """What people can begin from, by application."""
        return self._templates

    def show(self, name: str) -> WorkflowSummary:
        """The newest version of a workflow. Raises `NotFound`."""
        return self._shown(self._workflows.latest(name))

    def _shown(self, item: registered.Workflow) -> WorkflowSummary:
        pins = (pin.rpartition("@") for pin in self._workflows.pins)
        return WorkflowSummary(
            name=item.name,
            version=item.version,
            versions=sorted(int(version) for name, _, version in pins if name == item.name),
            app=self._apps.get(item.name, ""),
            summary=item.summary,
            input_schema=item.input_schema,
        )
