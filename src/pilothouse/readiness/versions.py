"""Versions with known advisories, by pip-audit where it is installed and its database can be reached."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence

from pilothouse.readiness.installation import Installation
from pilothouse.readiness.schemas import Line, failed, passed, warned

NAME = "known advisories"
PATIENCE = 120.0
"""Seconds for all questions together."""

COMMAND = (
    sys.executable,
    "-m",
    "pip_audit",
    "--format",
    "json",
    "--progress-spinner",
    "off",
    "--timeout",
    "5",
)
_KEPT = frozenset(
    {"PATH", "HOME", "LANG", "TMPDIR", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE"}
)


async def version_lines(_: Installation) -> AsyncIterator[Line]:
    """What is known of the versions that are installed beside this process."""
    if importlib.util.find_spec("pip_audit") is None:
        yield warned(NAME, "They were not looked for: pip-audit is not installed.", "pip install pip-audit")
        return
    yield await audited(COMMAND, PATIENCE)


async def audited(command: Sequence[str], patience: float) -> Line:
    """What a command that reports as pip-audit does has found within `patience` seconds."""
    environment = {name: value for name, value in os.environ.items() if name in _KEPT}
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment,
    )
    try:
        async with asyncio.timeout(patience):
            out, _ = await process.communicate()
        found = json.loads(out)["dependencies"]
    except (TimeoutError, ValueError, KeyError, TypeError):
        todo = (
            "Run `pip-audit` in this environment where the database can be reached, or `./dev audit` in CI."
        )
        return warned(NAME, "The database of advisories was not reached.", todo)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _told([item for item in found if "vulns" in item], len(found))


def _told(known: Sequence[dict[str, object]], installed: int) -> Line:
    """Of packages that no index knows, as of one's own, there is nothing to tell."""
    concerned = [item for item in known if item["vulns"]]
    if not known:
        return warned(NAME, "pip-audit looked at no package.", "Run pip-audit in the server's environment.")
    if not concerned:
        return passed(NAME, f"None for {len(known)} of {installed} packages; the others are on no index.")
    names = ", ".join(f"{item['name']} {item['version']}" for item in concerned[:10])
    return failed(NAME, f"There are some for {names}.", "Upgrade them; `pip-audit` tells to which versions.")
