"""Known advisories of the pinned versions: `python -m checks.advisories constraints.txt [PIP-AUDIT]`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


class Unknown(Exception):
    """Nothing is known about advisories. Carries why, and what to do."""


def report(constraints: Path, arguments: Sequence[str] = ()) -> int:
    """Print the pinned versions with known advisories; 1 where there are some, else 0.

    All arguments go on to pip-audit. Raises `Unknown` where the database of advisories cannot be asked.
    """
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(constraints), "--format", "json"]
    command += ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--timeout", "10", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a tool of ours
    try:
        known = [item for item in json.loads(done.stdout)["dependencies"] if "vulns" in item]
    except (ValueError, KeyError, TypeError):
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise Unknown(
            "Nothing is known about advisories: their database was not reached, or pip-audit failed. "
            f"Try again where it can be reached. It said: {said[:160]}"
        ) from None
    if not known:
        raise Unknown("pip-audit looked at no package: see that constraints.txt holds some.")
    concerned = [item for item in known if item["vulns"]]
    for item in concerned:
        for found in item["vulns"]:
            mended = ", ".join(found["fix_versions"]) or "no version yet"
            _say(f"{item['name']} {item['version']}: {found['id']}, mended in {mended}")
    _say(f"{len(concerned)} of {len(known)} packages have known advisories.")
    return 1 if concerned else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    try:
        raise SystemExit(report(Path(sys.argv[1]), sys.argv[2:]))
    except Unknown as error:
        sys.stderr.write(f"./dev: {error}\n")
        raise SystemExit(2) from None
