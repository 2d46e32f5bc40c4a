"""The examples of the guides to other people's agents and to MCP work as they are printed."""

from __future__ import annotations

import asyncio
import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from support import mcp_stand
from support.printed import BLOCK, DOCS
from support.rehearsal import Rehearsal


@pytest.fixture
def printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The files of both guides, in a folder that can be imported from."""
    names = []
    for guide in ("agents-of-other-frameworks.md", "mcp.md"):
        for _, title, text in BLOCK.findall((DOCS / "guides" / guide).read_text()):
            if title:
                (tmp_path / title).write_text(text)
                names.append(title.removesuffix(".py"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in names:
        sys.modules.pop(name, None)


def module(name: str) -> ModuleType:
    return importlib.import_module(name)


async def test_the_agent_of_pydantic_ai_sorts_and_pays(printed: Path) -> None:
    run = Rehearsal(module("triage").support, "where is my money?")
    assert await run.finish() == {"topic": "money", "refunded": True}
    assert "triage#0/pay_refund" in str(run.shown)


async def test_the_graph_asks_whether_to_publish(printed: Path) -> None:
    run = Rehearsal(module("review").reviewing, "a text")
    assert await run.finish(lambda _: "publish") == "publish"


async def test_the_server_calculates_once_it_is_approved(printed: Path) -> None:
    await asyncio.to_thread(shutil.copy, mcp_stand.__file__, printed / "stand.py")
    found: Any = module("calculating")
    await found.stand.approve((await found.stand.describe()).pin)
    run = Rehearsal(found.calculating, [2, 3], step_timeout=30)
    assert await run.finish() == {"result": 5}
