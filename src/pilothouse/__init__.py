"""Run AI agents in production: durable runs, governed actions, people in the loop.

Everything an application needs is importable from here; each name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pilothouse.agents.agent import Agent, agent
    from pilothouse.app import App, Difference
    from pilothouse.kit.money import Money
    from pilothouse.runtime.cards import Option, Progress, ReasonCard
    from pilothouse.runtime.context import Context
    from pilothouse.runtime.errors import Denied, Expired, Refused, StepFailed
    from pilothouse.runtime.ports import Artifact
    from pilothouse.runtime.workflows import Workflow, workflow
    from pilothouse.tools.tool import Tool, tool

_HOMES = {
    "Agent": "agents.agent",
    "App": "app",
    "Difference": "app",
    "agent": "agents.agent",
    "Money": "kit.money",
    "Option": "runtime.cards",
    "Progress": "runtime.cards",
    "ReasonCard": "runtime.cards",
    "Context": "runtime.context",
    "Denied": "runtime.errors",
    "Expired": "runtime.errors",
    "Refused": "runtime.errors",
    "StepFailed": "runtime.errors",
    "Artifact": "runtime.ports",
    "Workflow": "runtime.workflows",
    "workflow": "runtime.workflows",
    "Tool": "tools.tool",
    "tool": "tools.tool",
}

__all__ = [
    "Agent",
    "App",
    "Artifact",
    "Context",
    "Denied",
    "Difference",
    "Expired",
    "Money",
    "Option",
    "Progress",
    "ReasonCard",
    "Refused",
    "StepFailed",
    "Tool",
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
