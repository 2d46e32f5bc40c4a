"""What a file brings for a workflow: inputs of runs, each with a key that keeps it from being made twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pydantic import BaseModel, ConfigDict, JsonValue


class Delivery(BaseModel):
    """One thing in a file: the `value` for a run and its idempotency `key`, or the `problem` it has.

    `where` says where in the file it stands, such as `line 7`.
    """

    model_config = ConfigDict(frozen=True)

    where: str
    value: JsonValue = None
    key: str = ""
    problem: str | None = None


Inlet = Callable[[bytes], Iterator[Delivery]]
"""Reads a file's bytes. Whatever they are, it raises nothing: what cannot be read is a `problem`."""

Inlets = Mapping[str, Inlet]
"""Inlets by the suffix of the files that they read, such as `.eml`."""
