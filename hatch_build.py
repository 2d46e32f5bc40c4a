"""Builds the console into the package (see console/build.py), where it is not built yet.

`PILOTHOUSE_CONSOLE=skip` in the environment installs without it, for work on the server alone.
"""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ConsoleBuildHook(BuildHookInterface[Any]):
    """Called by hatchling before a wheel, an sdist or an editable installation is made."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What has to be installed for the build: Node, if there is something to build."""
        building = self._building()
        return [] if building is None else [building["NODE"]]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the console."""
        building = self._building()
        if building is not None:
            building["build"]()

    def _building(self) -> dict[str, Any] | None:
        """What builds the console; None where there is nothing to build."""
        path = Path(self.root) / "console" / "build.py"
        if os.environ.get("PILOTHOUSE_CONSOLE") == "skip" or not path.is_file():
            return None
        building = runpy.run_path(str(path))
        return None if building["is_built"]() else building
