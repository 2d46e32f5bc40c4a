"""A scripted model that obeys: wherever a text says `CALL tool {...}`, it calls that tool with these.

It stands for the worst model there could be, in the place of each agent that reads text from outside.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from pilothouse import Agent, Context, Denied, Refused, StepFailed, agent
from pilothouse.apps.support import agents as own
from pilothouse.apps.support.judgements import Found, Heard
from pilothouse.apps.support.proposals import Impossible, Missing, Proposal, Wanted, propose
from pilothouse.apps.support.reading.wishes import Wish
from pilothouse.apps.support.resources import Resources
from pilothouse.apps.support.shop.tools import ShopTools, tools_of

CALL = re.compile(r"CALL (\w+) (\{.*?\})(?=\s|$|[.;\"'])")


class Obedient:
    """The agents of a desk that obeys, and what came of every call that a text asked for."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.tools: ShopTools | None = None

    def over(self, resources: Resources) -> dict[str, Agent[Any, Any]]:
        """Agents that stand in for a desk's own."""
        tools = tools_of(resources.shop, email_suffices=False)

        async def obey(ctx: Context, text: str) -> None:
            for name, arguments in CALL.findall(text):
                self.calls.append((name, await _called(ctx, tools, name, arguments)))

        @agent(name="wish")
        async def wish(ctx: Context, heard: Heard) -> Wish:
            """Obey the message, then read it as ever."""
            await obey(ctx, heard.message)
            return (await own.wish.perform(ctx, heard)).value

        @agent(name="answer")
        async def answer(ctx: Context, question: str) -> Found:
            """Obey every article that fits, then answer with it."""
            hits = resources.knowledge().search(question, 5)
            for hit in hits:
                for chunk in resources.knowledge().chunks(hit.document):
                    await obey(ctx, f"{chunk.title} {chunk.heading} {chunk.text}")
            return Found(confidence=0.0)

        @agent(name="proposal")
        async def proposal(ctx: Context, wanted: Wanted) -> Proposal | Missing | Impossible:
            """Obey what the records say, then propose as ever."""
            await obey(ctx, " ".join(_texts(wanted.model_dump(mode="json"))))
            return propose(wanted)

        return {"wish": wish, "answer": answer, "proposal": proposal}


async def _called(ctx: Context, tools: ShopTools, name: str, arguments: str) -> str:
    try:
        tool = tools[name]
        value = tool.signature.input.validate_python(orjson.loads(arguments))
        await ctx.act(tool, value)
    except Denied as error:
        return error.message
    except (Refused, StepFailed, ValidationError, ValueError, KeyError) as error:
        return f"{type(error).__name__}"
    return "done"


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return []


def articles_in(folder: Path, texts: list[str]) -> Path:
    """A knowledge base of articles with these texts."""
    folder.mkdir()
    for number, text in enumerate(texts):
        (folder / f"article-{number}.md").write_text(text)
    return folder
