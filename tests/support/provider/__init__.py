"""A provider of models for tests: a real HTTP server in the formats of OpenAI, Anthropic and Bedrock.

    async with Provider([status(429, retry_after=1), text("hi"), cut(after=3)]) as provider:
        client = openai.AsyncOpenAI(base_url=provider.url + "/v1", api_key="sk-test", max_retries=0)

The same script drives every format. `provider.requests` holds what came, when, and whether the client stayed.
`python -m support.provider --script NAME` is a process of its own; `process.serving` starts one.
"""

from __future__ import annotations

from support.provider.asked import Asked
from support.provider.replies import (
    Call,
    Reply,
    Usage,
    broken,
    closed,
    cut,
    dripping,
    empty,
    filtered,
    half_json,
    raw,
    reset,
    stalled,
    status,
    structured,
    text,
    tool,
    tools,
    wrong_types,
)
from support.provider.scripts import Outages, Script, in_turn, sometimes, spoiled
from support.provider.server import Provider

__all__ = [
    "Asked",
    "Call",
    "Outages",
    "Provider",
    "Reply",
    "Script",
    "Usage",
    "broken",
    "closed",
    "cut",
    "dripping",
    "empty",
    "filtered",
    "half_json",
    "in_turn",
    "raw",
    "reset",
    "sometimes",
    "spoiled",
    "stalled",
    "status",
    "structured",
    "text",
    "tool",
    "tools",
    "wrong_types",
]
