"""LangGraph's interrupts as questions: what people are asked, and what their answer is to the graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jsonschema
import orjson
from pydantic import JsonValue

from pilothouse.agents.foreign.line import Line
from pilothouse.runtime.context import Context

_PROMPTS = ("question", "prompt", "message", "query", "text", "description", "task", "title")
_CHOICES = ("choices", "options", "allowed", "allowed_responses")
_YES_NO: dict[str, JsonValue] = {"yes": True, "no": False}
LONGEST = 4_000
"""Characters of a prompt that people are shown."""


class Asking(NamedTuple):
    """A question: `choices` gives the value of each answer to choose, `schema` what free text has to be."""

    prompt: str
    choices: Mapping[str, JsonValue]
    schema: JsonValue = None

    def value_of(self, answer: str) -> JsonValue:
        """What the graph goes on with. Raises `ValueError` where the answer is not what the graph takes."""
        if self.choices:
            return self.choices[answer]
        if not isinstance(self.schema, dict) or self.schema.get("type") == "string":
            return answer
        try:
            value: JsonValue = orjson.loads(answer)
            jsonschema.validate(value, self.schema)
        except jsonschema.ValidationError as error:
            raise ValueError(error.message) from error
        return value


def asking(value: JsonValue, schema: JsonValue = None) -> Asking:
    """The question of an interrupt with `value`, whose answer has the JSON schema `schema`, if any."""
    choices = _chosen(schema)
    prompt = value if isinstance(value, str) else ""
    if isinstance(value, dict):
        prompt = next((text for name in _PROMPTS if isinstance(text := value.get(name), str)), "")
        rest = {key: item for key, item in value.items() if item != prompt and key not in _CHOICES}
        if not choices:
            choices = next((found for name in _CHOICES if (found := _listed(value.get(name)))), {})
        if rest:
            prompt = f"{prompt}\n{orjson.dumps(rest, option=orjson.OPT_INDENT_2).decode()}".strip()
    elif not isinstance(value, str):
        prompt = orjson.dumps(value).decode()
    return Asking(prompt[:LONGEST] or "The agent waits for an answer.", choices, schema)


async def answered(line: Line, question: Asking, key: str) -> JsonValue:
    """A person's answer as the graph takes it; asked again until it is such."""
    wrong, attempt = "", 0
    while True:
        answer = await line.ask(_ask(question, wrong), key if not attempt else f"{key}-{attempt}")
        try:
            return question.value_of(answer)
        except ValueError as error:
            wrong, attempt = f"That is no answer to it ({error}). "[:500], attempt + 1


def _ask(question: Asking, wrong: str) -> Any:
    async def ask(ctx: Context, key: str) -> str:
        typed = question.schema is not None and not question.choices
        why = f"Answer as JSON. Its schema: {orjson.dumps(question.schema).decode()}" if typed else ""
        return await ctx.ask(wrong + question.prompt, choices=tuple(question.choices), why=why, key=key)

    return ask


def _chosen(schema: JsonValue) -> Mapping[str, JsonValue]:
    if not isinstance(schema, dict):
        return {}
    if schema.get("type") == "boolean":
        return _YES_NO
    return _listed(schema.get("enum"))


def _listed(values: JsonValue) -> Mapping[str, JsonValue]:
    """Choices in a list: each text or number stands for itself; no choices where it holds anything else."""
    if not isinstance(values, list) or not all(isinstance(item, str | int | float) for item in values):
        return {}
    return {item if isinstance(item, str) else orjson.dumps(item).decode(): item for item in values}
