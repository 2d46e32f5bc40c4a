"""The guide to prompts works as printed: its files, its tests and its commands."""

from __future__ import annotations

import runpy
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pilothouse.app import SEALED
from pilothouse.cli import prompting
from pilothouse.cli.main import cli
from pilothouse.cli.opening import Options
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import local_scope
from pilothouse.kit.session import Database
from pilothouse.prompts.book import PromptBook, PromptParts
from pilothouse.prompts.filters import FILTERS
from pilothouse.prompts.opening import shipped_by
from pilothouse.prompts.repository import PromptRepository
from pilothouse.prompts.schemas import PromptSettings
from pilothouse.prompts.variables import Kind
from support.kept import vault_over
from support.printed import BLOCK, DOCS, sessions

GUIDE = (DOCS / "guides" / "prompts.md").read_text()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the guide's files."""
    for _, title, content in BLOCK.findall(GUIDE):
        if title:
            (tmp_path / title).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / title).write_text(content)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_print_what_the_guide_says(
    shop: Path, conninfo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = runpy.run_path(str(shop / "shop.py"))["app"]

    @asynccontextmanager
    async def opened(_options: Options, _tenant: str | None = None) -> AsyncIterator[PromptBook]:
        database, scope = Database(conninfo, connections=1), local_scope()
        vault = vault_over(conninfo, shop / "secrets", columns=SEALED)
        parts = PromptParts(shipped_by([app]), vault, SystemClock(), Ids())
        try:
            async with database.session(scope) as session:
                yield PromptBook(PromptRepository(session, scope), parts, scope)
        finally:
            await vault.close()
            await database.close()

    monkeypatch.setattr(prompting, "opened", opened)
    printed = [
        pair for language, _, text in BLOCK.findall(GUIDE) if language == "console" for pair in sessions(text)
    ]
    assert len(printed) == 8
    for command, lines in printed:
        done = CliRunner().invoke(cli, ["--data", str(shop), *shlex.split(command)[1:]])
        assert done.exit_code == 0, (command, done.output, done.exception)
        for line in lines:
            assert line in done.output, command


def test_the_guides_test_passes(shop: Path) -> None:
    found: dict[str, Any] = runpy.run_path(str(shop / "test_prompts.py"))
    found["test_prompts"]()


def test_the_guide_names_every_type_filter_and_setting() -> None:
    for name in (*FILTERS, *Kind, *PromptSettings.model_fields):
        assert f"`{name}" in GUIDE, name
