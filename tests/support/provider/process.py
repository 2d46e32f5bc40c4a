"""The simulated provider as a process of its own, for benchmarks and for tests that need another process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TESTS = Path(__file__).parents[2]


@contextmanager
def serving(script: str, *, port: int = 0, scale: float = 1.0, seed: int = 1) -> Iterator[str]:
    """The address of a provider that plays the named script while the block lasts.

    Raises `RuntimeError` where it does not begin to listen: the script is not known, the port is taken.
    """
    command = [sys.executable, "-m", "support.provider", "--script", script, "--port", str(port)]
    command += ["--scale", str(scale), "--seed", str(seed)]
    paths = [str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    given = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=given) as started:
        try:
            assert started.stdout is not None
            url = started.stdout.readline().strip()
            if not url:
                raise RuntimeError(
                    f"The provider with the script {script} does not listen; see what it said."
                )
            yield url
        finally:
            started.terminate()
