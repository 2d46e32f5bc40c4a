"""Adapters: which modules of a generated repository talk to the components of its design."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from pilothouse.apps.mlops.codegen.facts import Facts
from pilothouse.apps.mlops.requirements import Frozen, Workload

FILE = Path(__file__).parent / "adapters.toml"
BY_WORKLOAD = {
    Workload.BATCH: {"objects", "registry"},
    Workload.ONLINE: {"objects", "online", "cache", "stream", "secrets", "registry"},
    Workload.STREAMING: {"objects", "online", "cache", "stream", "registry"},
    Workload.EDGE: {"objects", "stream", "registry"},
    Workload.RAG: {"objects", "passages", "llm", "secrets"},
    Workload.TRAINING: {"objects", "registry"},
}
"""Kinds of adapter that the code of each workload calls."""


class Adapter(Frozen):
    """One adapter; `scheme` is the beginning of the URI that chooses it."""

    kind: Literal["objects", "online", "cache", "stream", "passages", "llm", "secrets", "registry"]
    name: str
    library: str
    scheme: str = ""
    requires: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """Name of its module under adapters/."""
        return f"{self.kind}_{self.name}"


def adapters_of(facts: Facts) -> tuple[Adapter, ...]:
    """The adapters that the repository needs, sorted by module, each once."""
    wanted = BY_WORKLOAD[facts.workload]
    found = {
        adapter.module: adapter
        for component, adapter in _adapters().items()
        if component in facts.components and adapter.kind in wanted
    }
    if "gcp-memorystore" in facts.components and "cache" in wanted:
        secrets = _adapters()["gcp-secret-manager"]
        found[secrets.module] = secrets
    return tuple(found[module] for module in sorted(found))


@cache
def _adapters() -> dict[str, Adapter]:
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return TypeAdapter(dict[str, Adapter]).validate_python(table)
