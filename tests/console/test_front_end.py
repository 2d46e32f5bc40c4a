"""The tests of the console's components and hooks, by Vitest with the Node that comes as a wheel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_components_and_hooks() -> None:
    done = subprocess.run(
        [sys.executable, "console/build.py", "test", "--", "--reporter=dot"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
