"""Secrets in environment variables: `PILOTHOUSE_SECRET_PEPPER`, and `..._V2`, `..._V3` for newer versions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pilothouse.secrets.catalogue import KINDS
from pilothouse.secrets.providers.port import Held

PREFIX = "PILOTHOUSE_SECRET_"
_VERSIONED = re.compile(r"(.+?)(?:_V([1-9][0-9]{0,8}))?")


class Environment:
    """Reads the variables that there were when the process started."""

    where = "environment"

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._found: dict[str, dict[int, str]] = {}
        for variable, value in variables.items():
            match = _VERSIONED.fullmatch(variable.removeprefix(PREFIX))
            if variable.startswith(PREFIX) and match and value.strip():
                self._found.setdefault(match[1], {})[int(match[2] or 1)] = value

    def stamp(self) -> object:
        """Nothing tells of a change."""
        return None

    async def read(self, name: str) -> Sequence[Held]:
        """The versions that variables hold, that of the greatest number first."""
        stem = _stem(name)
        versions = sorted(self._found.get(stem, {}).items(), reverse=True)
        return [
            Held(str(number), value.encode(), f"environment ({_variable(stem, number)})")
            for number, value in versions
        ]

    async def names(self) -> Sequence[str]:
        """The secrets that variables hold."""
        known = [name for name in KINDS if _stem(name) in self._found]
        providers = [stem for stem in self._found if stem.startswith("PROVIDER_")]
        return known + [f"provider/{stem.removeprefix('PROVIDER_').lower()}" for stem in providers]


def _stem(name: str) -> str:
    return name.replace("/", "_").replace("-", "_").upper()


def _variable(stem: str, number: int) -> str:
    return f"{PREFIX}{stem}" + (f"_V{number}" if number > 1 else "")
