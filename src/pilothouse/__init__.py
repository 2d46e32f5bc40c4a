"""Run AI agents in production: durable runs, governed actions, people in the loop.

Everything an application needs is importable from here; each name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pilothouse.agents.agent import Agent, agent
    from pilothouse.applications import App, Difference, Template
    from pilothouse.kit.money import Money
    from pilothouse.runtime.cards import Option, Progress, ReasonCard
    from pilothouse.runtime.closed import TrustedId
    from pilothouse.runtime.context import Context
    from pilothouse.runtime.delivering import Delivery
    from pilothouse.runtime.errors import Denied, Expired, Refused, StepFailed
    from pilothouse.runtime.governing import Action, Mark
    from pilothouse.runtime.opening import OpenUpload
    from pilothouse.runtime.ports import Artifact
    from pilothouse.runtime.uploaded import Upload
    from pilothouse.runtime.workflows import Workflow, workflow
    from pilothouse.tools.mcp.server import McpServer
    from pilothouse.tools.tool import Tool, tool

_HOMES = {
    "Agent": "agents.agent",
    "App": "applications",
    "Difference": "applications",
    "Template": "applications",
    "agent": "agents.agent",
    "Money": "kit.money",
    "Option": "runtime.cards",
    "Progress": "runtime.cards",
    "ReasonCard": "runtime.cards",
    "TrustedId": "runtime.closed",
    "Context": "runtime.context",
    "Delivery": "runtime.delivering",
    "Denied": "runtime.errors",
    "Expired": "runtime.errors",
    "Refused": "runtime.errors",
    "StepFailed": "runtime.errors",
    "Artifact": "runtime.ports",
    "Action": "runtime.governing",
    "Mark": "runtime.governing",
    "OpenUpload": "runtime.opening",
    "Upload": "runtime.uploaded",
    "Workflow": "runtime.workflows",
    "workflow": "runtime.workflows",
    "McpServer": "tools.mcp.server",
    "Tool": "tools.tool",
    "tool": "tools.tool",
}

__all__ = [
    "Action",
    "Agent",
    "App",
    "Artifact",
    "Context",
    "Delivery",
    "Denied",
    "Difference",
    "Expired",
    "Mark",
    "McpServer",
    "Money",
    "OpenUpload",
    "Option",
    "Progress",
    "ReasonCard",
    "Refused",
    "StepFailed",
    "Template",
    "Tool",
    "TrustedId",
    "Upload",
    "Workflow",
    "agent",
    "tool",
    "workflow",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        message = f"module 'pilothouse' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"pilothouse.{home}"), name)
