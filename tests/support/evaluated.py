"""Evaluations in a folder of the test's own: a set, prompts, settings that lead to a simulated provider."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pilothouse import App, Context, agent
from support.provider import Asked, Provider, Reply, Usage, structured
from support.shell import Done, Inside

KEY = "sk-evaluated-0123456789"
CASES = [("parcel", "delivery"), ("money", "refund"), ("login", "account")]
HEAD = """---
variables: {ticket: {type: string, untrusted: true}}
output: {type: object, properties: {topic: {type: string}}, required: [topic], additionalProperties: false}
---
"""
BODY = "%s\n\n<!-- user -->\n{{ ticket | quoted }}\n"


@agent(prompt="support/triage")
def triage(_: Context, ticket: str) -> dict[str, str]:
    """Sort a ticket."""
    return {"topic": topic_of(ticket)}


@agent
async def calling(ctx: Context, _ticket: str) -> str:
    """Needs a run."""
    return str(await ctx.now())


def known(ticket: str, found: dict[str, str]) -> str | None:
    """Says what is wrong with a topic that nobody knows."""
    return (
        None if found["topic"] in dict(CASES).values() else f"nobody sorts {ticket.split(maxsplit=1)[0]} so"
    )


@agent(prompt="support/triage", verify=known)
def checked(_: Context, ticket: str) -> dict[str, str]:
    """Sort a ticket; what a model says is checked."""
    return {"topic": topic_of(ticket)}


app = App("desk", agents=[triage, calling, checked])


def topic_of(text: str) -> str:
    return next(topic for word, topic in CASES if word in text)


def judged(asked: Asked) -> bool:
    return "You judge answers" in json.dumps(asked.json)


def by_version(asked: Asked) -> Reply:
    """What says `Good` is answered rightly; what says `Poor` is wrong about money."""
    said = json.dumps(asked.json)
    right = topic_of(asked.prompt)
    wrong = "Poor" in said and right == "refund"
    return structured({"topic": "other" if wrong else right}, usage=Usage(100, 10))


@contextmanager
def speaking(script: Callable[[Asked], Reply]) -> Iterator[Provider]:
    """A provider in a thread, so that commands can run a loop of their own."""
    loop, provider = asyncio.new_event_loop(), Provider(script)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(provider.__aenter__(), loop).result(10)
    try:
        yield provider
    finally:
        asyncio.run_coroutine_threadsafe(provider.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@dataclass(frozen=True)
class Bench:
    """The folder, and commands in it."""

    folder: Path

    def set(self, count: int, **more: Any) -> Path:
        """A set with so many cases, of three kinds in turn."""
        lines = [
            {"id": f"c{number}", "variables": {"ticket": f"{word} {number}"}, "expected": {"topic": topic}}
            | more
            for number in range(count)
            for word, topic in [CASES[number % 3]]
        ]
        file = self.folder / "set.jsonl"
        file.write_text("\n".join(map(json.dumps, lines)))
        return file

    def prompt(self, word: str, name: str | None = None) -> str:
        """A file with a version whose instructions are a word."""
        file = self.folder / (name or f"{word.lower()}.md")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(HEAD + BODY % word)
        return file.name

    def settings(self, url: str, more: str = "") -> None:
        """Settings in which `default` and `other` are models of the provider."""
        (self.folder / "pilothouse.toml").write_text(
            f"""[providers.one]
url = "{url}/v1"

[models]
default = ["one:m"]
other = ["one:other"]
free = ["one:free"]

[model_prices]
"one:m" = {{input = "1000", output = "0"}}
"one:other" = {{input = "1000", output = "0"}}

[resilience."model/*".retry]
attempts = 1

[resilience."model/*".breaker]
enabled = false
{more}"""
        )

    def __call__(self, *words: str, **environment: str) -> Done:
        shell = Inside(self.folder / "data", self.folder, "support.evaluated:app")
        return shell(*words, PILOTHOUSE_SECRET_PROVIDER_ONE=KEY, **environment)

    def eval(self, *words: str) -> Done:
        return self("eval", *words)


def standings(done: Done) -> Sequence[dict[str, Any]]:
    assert done.out, (done.code, done.err)
    found: Sequence[dict[str, Any]] = done.document["standings"]
    return found


def again(_case: object, output: Any) -> bool:
    """A check of one's own."""
    return "topic" in output


__all__ = ["Bench", "again", "app", "by_version", "judged", "speaking", "standings"]
