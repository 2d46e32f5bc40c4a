"""OpenAI's embeddings and list of models.

An embedding is made of its text's words, each with its own direction: texts that share words are near to each
other, and the same text has always the same one.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from math import sqrt

from support.provider import chat
from support.provider.asked import Asked
from support.provider.replies import Reply
from support.provider.wire import JSON, Wire, sse, usage

DIMENSIONS = 64


def vector(said: str, dimensions: int = DIMENSIONS) -> list[float]:
    """A unit vector for a text, the sum of its words' directions."""
    found = [0.0] * dimensions
    for word in re.findall(r"\w+", said.lower()) or [said]:
        seed = hashlib.shake_128(word.encode()).digest(dimensions)
        for at, byte in enumerate(seed):
            found[at] += byte / 127.5 - 1
    length = sqrt(sum(one * one for one in found)) or 1.0
    return [one / length for one in found]


def plain(reply: Reply, asked: Asked) -> JSON:
    """An embedding for each input, as numbers or in base64 as the request has it."""
    given = asked.json.get("input", "")
    dimensions = int(asked.json.get("dimensions") or DIMENSIONS)
    data: list[JSON] = []
    for at, one in enumerate(given if isinstance(given, list) else [given]):
        found: object = vector(str(one), dimensions)
        if asked.json.get("encoding_format") == "base64":
            found = base64.b64encode(struct.pack(f"<{dimensions}f", *vector(str(one), dimensions))).decode()
        data.append({"object": "embedding", "index": at, "embedding": found})
    said: JSON = {"object": "list", "data": [] if reply.fault == "empty" else data, "model": asked.model}
    used = usage(reply, asked)
    if used is not None:
        said["usage"] = {"prompt_tokens": used.input, "total_tokens": used.input}
    return said


def models(names: tuple[str, ...]) -> JSON:
    """The list of models."""
    rows = [
        {"id": name, "object": "model", "created": 1_760_000_000, "owned_by": "simulated"} for name in names
    ]
    return {"object": "list", "data": rows}


EMBEDDINGS = Wire("embeddings", plain, None, sse, b"", chat.refusal, chat.broken)
