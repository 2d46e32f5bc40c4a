"""The credential of programs of this machine, as headers of a request."""

from __future__ import annotations

import asyncio
from pathlib import Path

from pilothouse.kit.secret import SecretSource
from support.kept import secrets_in


async def signed(secrets: SecretSource) -> dict[str, str]:
    """The headers with which a process that has these `secrets` lets in who is at its machine."""
    token = (await secrets.versions("local_token"))[0].reveal().decode()
    return {"authorization": f"Bearer ph_local_{token}"}


def signed_at(data: Path) -> dict[str, str]:
    """The same, for a process whose data lie in a folder; not within an event loop."""
    return asyncio.run(signed(secrets_in(data / "secrets")))
