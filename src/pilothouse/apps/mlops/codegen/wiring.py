"""The vocabulary of module variables: what each means, and where the root module takes its value from."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from pilothouse.apps.mlops.requirements import Cloud, Frozen

FOLDER = Path(__file__).parent / "wiring"


class Wire(Frozen):
    """One variable that modules may declare. The sources are described in wiring/common.toml."""

    type: str
    description: str
    default: str | None = None
    value: str | None = None
    one_of: tuple[str, ...] = ()
    each_of: tuple[str, ...] = ()
    concat_of: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    sizing: bool = False


class RootVariable(Frozen):
    """One variable of the root module; see wiring/root.toml."""

    type: str
    description: str
    default: str | None = None
    fact: str | None = None
    example: str | None = None


@cache
def vocabulary(cloud: Cloud) -> dict[str, Wire]:
    """The variables that modules on `cloud` may declare, those of Kubernetes included."""
    wires: dict[str, Wire] = {}
    for name in dict.fromkeys(("common", Cloud.KUBERNETES.value, cloud.value)):
        wires |= TypeAdapter(dict[str, Wire]).validate_python(_read(name))
    return wires


@cache
def root_variables() -> dict[str, RootVariable]:
    """The variables that the root module may declare."""
    return TypeAdapter(dict[str, RootVariable]).validate_python(_read("root"))


def _read(name: str) -> dict[str, object]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
