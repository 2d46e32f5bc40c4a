"""LangGraph's checkpoints in the journal: what a superstep has added is part of what is journalled of it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import orjson
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import JsonValue

_KINDS = ("storage", "blobs", "writes")


class JournalSaver(InMemorySaver):
    """A checkpointer that tells what came to it since it was last asked, and takes that again at replay.

    Only the journal outlives the turn: thousands of other runs of the same graph do not meet here.
    """

    def added(self, before: Mapping[str, Mapping[Any, Any]]) -> JsonValue:
        """What is there now and was not, or was another, when `before` was taken by `held`."""
        now = self.held()
        return [
            [kind, _packed(key), _packed(value)]
            for kind in _KINDS
            for key, value in now[kind].items()
            if before[kind].get(key) != value
        ]

    def held(self) -> dict[str, dict[Any, Any]]:
        """All that is there, flat."""
        storage = {
            (thread, space, checkpoint): value
            for thread, spaces in self.storage.items()
            for space, checkpoints in spaces.items()
            for checkpoint, value in checkpoints.items()
        }
        writes = {
            (*outer, *inner): value for outer, found in self.writes.items() for inner, value in found.items()
        }
        return {"storage": storage, "blobs": dict(self.blobs), "writes": writes}

    def restore(self, added: Any) -> None:
        """Take what `added` gave."""
        for kind, key, value in added:
            at, found = _unpacked(key), _unpacked(value)
            if kind == "storage":
                thread, space, checkpoint = at
                self.storage[thread][space][checkpoint] = found
            elif kind == "blobs":
                self.blobs[at] = found
            else:
                self.writes[at[:3]][at[3:]] = found


def _packed(value: Any) -> JsonValue:
    if isinstance(value, tuple):
        return [_packed(item) for item in value]
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    found: JsonValue = orjson.loads(orjson.dumps(value))
    return found


def _unpacked(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_unpacked(item) for item in value)
    if isinstance(value, dict):
        return base64.b64decode(value["base64"])
    return value
