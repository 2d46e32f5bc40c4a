"""Workers that run agents of other frameworks, made to be killed: `python -m support.foreign_victims`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from pilothouse import Context, tool
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.workflows import Workflows
from support.foreign import DESKS, calling
from support.victim import SETTINGS, fork, note


class Refund(BaseModel):
    order: str


def flows(folder: Path) -> list[Any]:
    """For each framework a workflow that notes what it asks and pays, and waits in its second request."""
    found = []
    for framework, desk in DESKS.items():

        async def asked(number: int, framework: str = framework) -> None:
            note(folder, f"{framework} asked {number}")
            while number and not (folder / "go").exists():
                await asyncio.sleep(0.01)

        found.append(calling(framework, desk([paying(folder, framework)], CALLS, asked), framework))
    return found


CALLS = (("pay", {"order": "a"}), ("pay", {"order": "b"}))


def paying(folder: Path, framework: str) -> Any:
    @tool
    async def pay(ctx: Context, refund: Refund) -> str:
        """Pay."""
        note(folder, f"{framework} paid {refund.order}")
        return "paid"

    return pay


async def work(conninfo: str, folder: str, settings: dict[str, float]) -> None:
    engine = Engine(
        conninfo, Workflows(flows(Path(folder))), ObjectArtifacts.local(Path(folder) / "artifacts")
    )
    await engine.open()
    await engine.worker(SETTINGS).run()


if __name__ == "__main__":
    fork(work)
