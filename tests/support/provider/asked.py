"""One request that came to the simulated provider, as it came."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import unquote


@dataclass(eq=False)
class Asked:
    """A request. Times are seconds of the provider's clock (`monotonic`)."""

    number: int
    """1 for the first."""
    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    came: float
    wire: str = ""
    """chat, responses, embeddings, models, messages, converse; empty where nobody speaks that."""
    answered: float | None = None
    """When the reply was sent whole, or as far as its script has it."""
    left: float | None = None
    """When the client went away before that."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set as soon as the client went away."""

    @cached_property
    def json(self) -> dict[str, Any]:
        """The body; empty where it is no JSON object."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def model(self) -> str:
        """The model that is asked for; of Bedrock it is a part of the path."""
        of_path = self.path.removeprefix("/model/").split("/")[0]
        return str(self.json.get("model") or "") or unquote(of_path)

    @property
    def stream(self) -> bool:
        """Whether a stream is asked for."""
        return self.path.endswith("/converse-stream") or self.json.get("stream") is True

    @property
    def output_tool(self) -> str | None:
        """The name of the tool by which the answer is to be given, if the request offers one."""
        offered = self.json.get("tools") or (self.json.get("toolConfig") or {}).get("tools") or []
        names = (
            one.get("name") or (one.get("function") or one.get("toolSpec") or {}).get("name")
            for one in offered
        )
        return next((name for name in names if name and name.startswith("final_result")), None)

    @property
    def prompt(self) -> str:
        """The text of the last message, whatever the format."""
        given = self.json.get("messages") or self.json.get("input") or ""
        return _words(given[-1] if isinstance(given, list) and given else given)


def _words(found: object) -> str:
    """All text within content: strings, lists of parts, and what is under `text` or `content`."""
    if isinstance(found, str):
        return found
    if isinstance(found, list):
        return "".join(map(_words, found))
    if isinstance(found, dict):
        return _words(found.get("content") or found.get("text") or "")
    return ""
