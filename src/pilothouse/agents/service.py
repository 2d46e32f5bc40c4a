"""The agents of this process, described for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pilothouse.agents.agent import Agent
from pilothouse.agents.schemas import Agents, AgentSummary


class AgentCatalogue:
    """The agents that the installed applications bring."""

    def __init__(self, agents: Iterable[tuple[str, Agent[Any, Any]]]) -> None:
        """Describe `agents`, each with the name of its application."""
        self._agents = sorted(agents, key=lambda item: (item[0], item[1].name))

    def all(self) -> Agents:
        """Every agent, by application and name."""
        return Agents(items=[_shown(app, agent) for app, agent in self._agents])


def _shown(app: str, agent: Agent[Any, Any]) -> AgentSummary:
    return AgentSummary(
        name=agent.name,
        app=app,
        summary=agent.summary,
        prompt=agent.prompt,
        rungs=[rung.name for rung in agent.rungs],
        timeout=agent.timeout,
    )
