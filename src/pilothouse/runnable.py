"""What a process can run: the workflows of its applications, and one for each of their agents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilothouse.applications import App
    from pilothouse.runtime.workflows import Workflow


def runnable(apps: Iterable[App]) -> Iterator[Workflow]:
    """The workflows of `apps`, then `agent.NAME` for their agents; of two with one name the first is meant.

    The runs of an agent are personal, and what they are given is from outside, where that holds for a
    workflow of its application. An application's own workflow stands where it has the name of an agent's.
    """
    from pilothouse.agents.running import running  # which brings the runtime: not every command runs

    listed = list(apps)
    own = [item for app in listed for item in app.workflows]
    yield from own
    names = {item.name for item in own}
    for app in listed:
        personal = any(item.personal for item in app.workflows)
        outside = any(item.untrusted_input for item in app.workflows)
        for agent in app.agents:
            made = running(agent, personal=personal, untrusted_input=outside)
            if made.name not in names:
                names.add(made.name)
                yield made
