"""Messages by Apprise, each in a process of its own.

Apprise is some hundred services, each with its own way to connect: in this process a hanging one could not be
stopped, and nothing would say where it connects. The other process is given a message on its standard input,
reaches only what the guard allows, and is killed when its time is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import orjson

from pilothouse.errors import InvalidInput
from pilothouse.notifications.errors import NotTaken
from pilothouse.notifications.wording import Told

DEADLINE = 30.0
"""Seconds for a message, the start of the process included."""
AT_ONCE = 4
MODULE = "pilothouse.notifications.apprise_process"
_KEPT = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
)
"""Variables that the process is given: none of them is a secret."""


class Apprising:
    """Hands messages to Apprise, a few at once."""

    def __init__(self, allowed: Sequence[str] = (), *, deadline: float = DEADLINE) -> None:
        """Reach the internet, and of other networks those that are `allowed` (10.1.0.0/16)."""
        self._allowed = list(allowed)
        self._deadline = deadline
        self._few = asyncio.Semaphore(AT_ONCE)

    async def shown(self, url: str) -> str:
        """An Apprise URL without what is secret of it; raises `InvalidInput` for what is none."""
        answer = await self._asked({"do": "show", "url": url})
        if not answer.get("ok"):
            reason = str(answer.get("reason") or "")
            raise InvalidInput(
                "This is no Apprise URL that can be used here.",
                hint=f"{reason} See https://appriseit.com/services/ for how to write it.".strip(),
            )
        return str(answer["shown"])

    async def send(self, url: str, told: Told) -> None:
        """Hand a message over; raises `NotTaken`."""
        message = {"do": "send", "url": url, "title": told.title, "text": told.text}
        answer = await self._asked(message)
        if not answer.get("ok"):
            raise NotTaken(
                str(answer.get("reason") or "The service did not take it."),
                answered=answer.get("answered"),
                final=bool(answer.get("final")),
            )

    async def _asked(self, said: dict[str, Any]) -> dict[str, Any]:
        body = orjson.dumps(said | {"allowed": self._allowed, "seconds": self._deadline})
        async with self._few:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", MODULE),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,  # where Apprise would tell what it was given
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
            )
            try:
                async with asyncio.timeout(self._deadline):
                    out, _ = await process.communicate(body)
            except TimeoutError:
                return {"ok": None, "reason": f"The service does not answer within {self._deadline:g} s."}
            finally:
                if process.returncode is None:
                    with contextlib.suppress(ProcessLookupError):
                        process.kill()
                    await process.wait()
        try:
            found = orjson.loads(out)
        except ValueError:
            return {"ok": None, "reason": f"Apprise ended with {process.returncode}."}
        return dict(found)
