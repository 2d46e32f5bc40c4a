"""The prompts that an application ships, filled in with the input of an agent."""

from __future__ import annotations

from typing import Any

import orjson

from pilothouse import App
from pilothouse.agents.briefing import DRAFT
from pilothouse.agents.prompting import StoredPrompting
from pilothouse.prompts.schemas import PRODUCTION, Chosen, PromptVersion, Subjects
from pilothouse.prompts.shipped import read_folder
from support.provider import Asked


class Shipped:
    """The prompts of an application as they are shipped: nobody has changed them, and no experiment runs."""

    assigner = None

    def __init__(self, app: App) -> None:
        assert app.prompts is not None
        self._versions = read_folder(app.prompts)

    async def chosen(self, _: str, name: str, __: Subjects) -> Chosen:
        return Chosen(version=self._versions[name])

    async def version(self, _: str, name: str, __: str = PRODUCTION) -> PromptVersion:
        return self._versions[name]


def shipped_prompts(app: App) -> StoredPrompting:
    """What prompts the agents of `app`, without a database."""
    return StoredPrompting(Shipped(app))  # type: ignore[arg-type]  # as far as it is asked


def asked_about(asked: Asked) -> tuple[str, Any]:
    """What a request in the chat format tells a model: the system's words, and the expert's draft."""
    system, *messages = [str(one.get("content") or "") for one in asked.json["messages"]]
    drafts = [text.removeprefix(DRAFT) for text in messages if text.startswith(DRAFT)]
    return system, orjson.loads(drafts[0])
