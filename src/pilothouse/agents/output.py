"""An agent's output as a model is asked for it, and as it is read from a response."""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from pydantic import JsonValue
from pydantic_ai.messages import InstructionPart, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.tools import ToolDefinition

from pilothouse.runtime.errors import WrongType

ANSWER = "final_result"
"""The tool by which a model answers where it answers by one."""
WRAPPED = "value"
"""What a value is called that is no object by itself: tools take objects only."""

_FENCED = re.compile(r"\A\s*```(?:json)?\s*\n(.*)\n```\s*\Z", re.DOTALL)


class Wanted(NamedTuple):
    """What a response has: calls of tools, the answer's own call where it is one, or its text."""

    calls: tuple[ToolCallPart, ...]
    answer: ToolCallPart | None
    text: str


def wanted(response: ModelResponse) -> Wanted:
    """What a response has."""
    calls = [part for part in response.parts if isinstance(part, ToolCallPart)]
    answers = [call for call in calls if call.tool_name == ANSWER]
    text = "".join(part.content for part in response.parts if isinstance(part, TextPart))
    others = tuple(call for call in calls if call.tool_name != ANSWER)
    return Wanted(others, answers[0] if answers else None, text)


def as_object(schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The JSON schema of an object for a value's schema, and whether the value is wrapped in it."""
    if schema.get("type") == "object":
        return schema, False
    inner = dict(schema)
    definitions = inner.pop("$defs", None)
    found: dict[str, Any] = {"type": "object", "properties": {WRAPPED: inner}, "required": [WRAPPED]}
    if definitions:
        found["$defs"] = definitions
    return found, True


class Written(Protocol):
    """A type that has a JSON schema."""

    def json_schema(self) -> dict[str, Any]:
        """The schema."""
        ...


class Returning(Protocol):
    """What returns something of a type: an agent's signature, or a JSON schema by itself."""

    @property
    def output_type(self) -> Any:
        """The type; `str` is plain text."""
        ...

    @property
    def output(self) -> Written:
        """What knows its schema."""
        ...

    def parse_output(self, data: bytes) -> Any:
        """The value in JSON `data`; raises `WrongType` that names what is wrong with it."""
        ...


class Output:
    """What an agent returns."""

    def __init__(self, signature: Returning) -> None:
        """The output of an agent's signature, or of what returns something alike."""
        self._signature = signature

    @cached_property
    def is_text(self) -> bool:
        """Whether it is plain text, which needs no structure and can be shown while it comes."""
        return self._signature.output_type is str

    @cached_property
    def _object(self) -> tuple[dict[str, Any], bool]:
        return as_object(self._signature.output.json_schema())

    @cached_property
    def characters(self) -> int:
        """How long its schema is."""
        return 0 if self.is_text else len(json.dumps(self._object[0]))

    def parameters(self, model: Model, tools: list[ToolDefinition]) -> ModelRequestParameters:
        """How a model is asked for it: by a tool, by its own structured output, or in words."""
        if self.is_text:
            return ModelRequestParameters(function_tools=tools, allow_text_output=True)
        schema, _ = self._object
        profile = model.profile
        about = "Give the answer." if not tools else "Give the answer, once no tool is needed any more."
        if profile.get("supports_tools", True):
            answer = ToolDefinition(
                name=ANSWER, parameters_json_schema=schema, description=about, kind="output"
            )
            return ModelRequestParameters(
                function_tools=tools, output_tools=[answer], output_mode="tool", allow_text_output=False
            )
        if profile.get("supports_json_schema_output", False):
            return ModelRequestParameters(
                output_mode="native",
                output_object=OutputObjectDefinition(json_schema=schema, name=ANSWER, description=about),
            )
        words = f"Answer with one JSON object and nothing else, of this JSON schema:\n{json.dumps(schema)}"
        return ModelRequestParameters(instruction_parts=[InstructionPart(content=words)])

    def read(self, found: Wanted) -> Any:
        """The value in a response; raises `WrongType` that says what is wrong with it."""
        if self.is_text:
            if not found.text.strip():
                raise WrongType("The answer is empty.")
            return self._signature.parse_output(json.dumps(found.text).encode())
        given = self._given(found)
        if self._object[1] and isinstance(given, dict) and set(given) == {WRAPPED}:
            given = given[WRAPPED]
        return self._signature.parse_output(json.dumps(given).encode())

    @staticmethod
    def _given(found: Wanted) -> JsonValue:
        said: Any = found.answer.args if found.answer is not None else found.text
        if isinstance(said, dict):
            return said
        text = said or ""
        if fenced := _FENCED.match(text):
            text = fenced[1]
        if not text.strip():
            raise WrongType("There is no answer.")
        try:
            value: JsonValue = json.loads(text)
        except ValueError as error:
            raise WrongType(f"The answer is no JSON: {error}.") from None
        return value
