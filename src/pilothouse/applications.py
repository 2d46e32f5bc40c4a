"""What an application is, and where installed ones are found. Nothing heavy is imported here."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from pilothouse.agents.agent import Agent
    from pilothouse.runtime.delivering import Inlets
    from pilothouse.runtime.ports import Actor
    from pilothouse.runtime.workflows import Workflow
    from pilothouse.tools.mcp.server import McpServer
    from pilothouse.tools.tool import Tool

GROUP = "pilothouse.apps"
"""The entry point group in which applications are found."""


class Difference(BaseModel):
    """One thing that differs between two results: where, and what it was and became (None: nothing)."""

    model_config = ConfigDict(frozen=True)

    section: str
    item: str
    before: str | None
    after: str | None


class Template(BaseModel):
    """A beginning that people can choose: a text to give to a workflow of the application, ready to send.

    `id` is its own among those of the application. `icon` is a word for a picture beside it; an unknown one
    gives a plain picture.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,49}$")
    title: str = Field(min_length=1, max_length=80)
    summary: str = Field(max_length=200)
    workflow: str
    input: str = Field(min_length=1, max_length=4_000)
    icon: str = Field(default="", pattern=r"^[a-z-]{0,30}$")


@dataclass(frozen=True)
class App:
    """An application: its workflows, agents and tools, and how two of its results are compared.

    `compare` takes the outputs of two completed runs of the same workflow. `policies` is a folder of Cedar
    files with their tests: what holds for its tools, whatever the tenant. `prompts` is a folder of prompts,
    each used where a tenant has no version of its own in production. `inlets` read files that bring inputs
    for its first workflow. `settle` is told, when a process starts, the folder in which the application may
    keep files, and its options (the setting `app_options`); it raises `ValueError` for wrong ones. `mcp` are
    the MCP servers of others that it uses: the tools that were approved of them are its own. `templates` are
    beginnings that people can choose; `ValueError` is raised where one is not for a workflow of the
    application, or two have the same id.
    """

    name: str
    workflows: Sequence[Workflow] = ()
    agents: Sequence[Agent[Any, Any]] = ()
    tools: Sequence[Tool[Any, Any]] = ()
    compare: Callable[[Any, Any], Sequence[Difference]] | None = None
    policies: str | Path | Traversable | None = None
    prompts: str | Path | Traversable | None = None
    inlets: Inlets = field(default_factory=dict)
    settle: Callable[[Path, Mapping[str, str]], None] | None = None
    mcp: Sequence[McpServer] = ()
    templates: Sequence[Template] = ()

    def __post_init__(self) -> None:
        """Relative folders of policies and prompts lie beside the file that the application is written in."""
        for name in ("policies", "prompts"):
            folder = getattr(self, name)
            if isinstance(folder, str | Path) and not Path(folder).is_absolute():
                frame = inspect.stack(0)[2]
                object.__setattr__(self, name, Path(frame.filename).resolve().parent / folder)
        self._check_templates()

    def _check_templates(self) -> None:
        own, seen = {workflow.name for workflow in self.workflows}, set[str]()
        for template in self.templates:
            if template.workflow not in own:
                message = f"template {template.id!r} is not for a workflow of {self.name!r}"
                raise ValueError(message)
            if template.id in seen:
                message = f"application {self.name!r} has two templates {template.id!r}"
                raise ValueError(message)
            seen.add(template.id)

    @property
    def servers(self) -> Sequence[McpServer]:
        """The MCP servers of others that it uses, and those that its agents offer to models, each once."""
        sources = (source for agent in self.agents for source in agent.mcp if hasattr(source, "pin"))
        offered = cast("Iterable[McpServer]", sources)  # which takes seconds to load
        return list({id(server): server for server in (*self.mcp, *offered)}.values())

    @property
    def acting(self) -> Sequence[Actor[Any, Any]]:
        """Its tools, and those that its agents and MCP servers bring, each once."""
        brought = (tool for agent in self.agents for tool in agent.tools)
        others = (tool for server in self.servers for tool in server.tools)
        return list({id(tool): tool for tool in (*self.tools, *brought, *others)}.values())

    @property
    def summary(self) -> str:
        """What its first workflow does, in one line."""
        return self.workflows[0].summary if self.workflows else ""


def installed() -> list[App]:
    """The applications found by entry point, by name."""
    found = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return [point.load() for point in found]
