"""`pilothouse prompts`: on files, on this machine's database and on a server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict
from typer.main import get_command
from typer.testing import CliRunner

from pilothouse.app import SEALED
from pilothouse.cli import prompting
from pilothouse.cli import prompts as commands
from pilothouse.cli.main import cli
from pilothouse.cli.opening import Options
from pilothouse.cli.remote import RemoteClient
from pilothouse.errors import InvalidInput, PilothouseError
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import local_scope
from pilothouse.kit.session import Database
from pilothouse.prompts.book import PromptBook, PromptParts
from pilothouse.prompts.book_schemas import (
    LabelMove,
    LabelRollback,
    NewPromptVersion,
    PromptQuery,
    ToRender,
    VersionQuery,
)
from pilothouse.prompts.repository import PromptRepository
from pilothouse.prompts.variables import Variable
from support.kept import vault_over
from support.prompted import GREET, app, greeting, shipped, text

SHOP = str(app.prompts)
FILE_ID = shipped().versions[GREET].id


Command = Callable[..., Any]


@pytest.fixture
def here(conninfo: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Runs a command on the test's database, with nothing else running."""
    told = conninfo_to_dict(conninfo)
    url = f"postgresql://{told['user']}@/{told['dbname']}?host={told['host']}&port={told.get('port', 5432)}"
    monkeypatch.setenv("PILOTHOUSE_DATABASE_URL", url)
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()

    def command(*words: str, code: int = 0) -> Any:
        first = ["--data", str(tmp_path), "--app", "support.prompted:app", "prompts"]
        done = runner.invoke(cli, [*first, *words])
        if isinstance(done.exception, PilothouseError):
            assert code, done.exception
            return str(done.exception)
        assert done.exit_code == code, (done.output, done.exception)
        return json.loads(done.output) if "--json" in words else done.output

    return command


@pytest.fixture
def quick(here: Command, conninfo: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The same, but for what each command does to find its database: most of what it costs."""

    @asynccontextmanager
    async def opened(_options: Options, _tenant: str | None = None) -> AsyncIterator[PromptBook]:
        database, scope = Database(conninfo, connections=1), local_scope()
        vault = vault_over(conninfo, tmp_path / "secrets", columns=SEALED)
        parts = PromptParts(shipped(), vault, SystemClock(), Ids())
        try:
            async with database.session(scope) as session:
                yield PromptBook(PromptRepository(session, scope), parts, scope)
        finally:
            await vault.close()
            await database.close()

    monkeypatch.setattr(prompting, "opened", opened)
    return here


def test_every_command_has_an_example() -> None:
    found = get_command(commands.cli).commands  # type: ignore[attr-defined]  # it is a group
    assert set(found) == {
        "list", "show", "versions", "create", "label", "rollback", "history", "diff", "render", "test",
        "export", "optimise",
    }  # fmt: skip
    for command in found.values():
        assert "Example: pilothouse prompts" in command.help


def test_the_life_of_a_prompt(quick: Command, tmp_path: Path) -> None:
    assert f"{GREET}  shop        {FILE_ID}" in quick("list")
    assert "No versions of your own" in quick("versions", GREET)
    assert "No label was ever moved." in quick("history", GREET)
    file = tmp_path / "greet.md"
    file.write_text(greeting("hello"))
    (tmp_path / "greet.tests.yaml").write_text(
        "tests: [{name: n, variables: {customer: Ada}, contains: Ada}]"
    )
    made = quick("create", GREET, "greet.md", "--note", "shorter")
    assert f"use it: pilothouse prompts label {GREET} production 1" in made
    assert quick("label", GREET, "production", "1") == f"{GREET}: production points to version 1\n"
    assert quick("render", GREET, "--var", "customer=007").splitlines()[:2] == [
        "--- system",
        "Say hello to 007.",
    ]
    assert quick("test", GREET) == "1 of 1 tests pass.\n"
    assert "shorter" in quick("versions", GREET)
    shown = quick("show", GREET)
    assert f"{GREET}, version 1" in shown
    assert "production -> 1" in shown
    assert shown.endswith(greeting("hello"))
    compared = quick("diff", GREET, "file", "1")
    assert "\x1b" not in compared
    assert "+Say hello to {{ customer }}." in compared
    assert quick("diff", GREET, "1", "production") == "The versions do not differ.\n"
    assert quick("rollback", GREET) == f"{GREET}: production points to version {FILE_ID} again\n"
    assert [one["kind"] for one in quick("history", GREET, "--json")] == ["rolled_back", "moved"]
    assert "moved" in quick("history", GREET)
    quick("label", GREET, "mine", "1")
    assert quick("label", GREET, "mine", "--remove") == f"{GREET}: mine points nowhere any more\n"
    assert quick("rollback", GREET, "--label", "mine") == f"{GREET}: mine points to version 1 again\n"
    assert quick("export", GREET, "--version", "1") == greeting("hello")
    written = quick("export", GREET, "--version", "1", "--out", "out")
    assert written == "wrote out/shop/greet.md\nwrote out/shop/greet.tests.yaml\n"
    assert (
        quick("create", GREET, "out/shop/greet.md", "--json")["number"] == 1
    )  # what is exported is the same


def test_what_makes_no_sense_is_told(quick: Command, tmp_path: Path) -> None:
    (tmp_path / "bad.md").write_text(text("{{ nobody }}"))
    assert "line 4: the template uses `nobody`" in quick("create", GREET, "bad.md", code=1)
    assert "cannot be read" in quick("create", GREET, "none.md", code=1)
    assert "no version 7" in quick("label", GREET, "production", "7", code=1)
    assert "This is not valid" in quick("label", GREET, "production", "newest", code=1)
    assert "needs `customer`" in quick("render", GREET, code=1)
    assert "names no value" in quick("render", GREET, "--var", "customer", code=1)
    assert "Name a version, or say --remove" in quick("label", GREET, "production", code=2)
    assert "There is no prompt shop/gret. Did you mean shop/greet?" in quick("show", "shop/gret", code=1)


def test_the_real_commands_work_on_this_machines_database(here: Command, tmp_path: Path) -> None:
    (tmp_path / "greet.md").write_text(greeting("hello"))
    assert here("create", GREET, "greet.md", "--json")["number"] == 1
    assert here("label", GREET, "production", "1") == f"{GREET}: production points to version 1\n"
    (made,) = [one for one in here("list", "--json") if one["name"] == GREET]
    assert made["production"] == "1"


def test_a_folder_and_a_file_need_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = {"apps": ("support.prompted:app",)}

    def run(*words: str) -> Any:
        return CliRunner().invoke(commands.cli, words, obj=options)

    assert run("test", SHOP).output == "3 of 3 tests pass.\n"
    assert {one["prompt"] for one in json.loads(run("test", "--json").output)} >= {GREET}
    (tmp_path / "greet.md").write_text(
        text("Say {{ customer }} {{ n }}.", "variables: {customer: string, n: integer}")
    )
    rendered = run("render", "greet.md", "--var", "customer=007", "--var", "n=7")
    assert rendered.output == "--- system\nSay 007 7.\n--- about 3 tokens\n"
    (tmp_path / "values.json").write_text('{"customer": "Ada", "n": 1}')
    assert (
        json.loads(run("render", "greet.md", "--variables", "@values.json", "--json").output)["system"]
        == "Say Ada 1."
    )
    (tmp_path / "greet.tests.yaml").write_text(
        "tests: [{name: polite, variables: {customer: a, n: 1}, contains: please}]"
    )
    failed = run("test", str(tmp_path))
    assert (failed.exit_code, failed.output) == (
        1, "greet, polite: 'please' is not in it\n0 of 1 tests pass.\n",
    )  # fmt: skip


def test_values_are_read_by_their_types() -> None:
    known = {
        name: Variable.model_validate(name if name != "tone" else ["a"])
        for name in ("string", "list", "tone")
    }
    found = prompting.values(
        known, ["string=1", "list=[1]", "tone=a", "other=x=y"], '{"string": "2", "k": 1}'
    )
    assert found == {"string": "1", "list": [1], "tone": "a", "other": "x=y", "k": 1}
    for given, said in ((["list=["], None), ([], "[1]"), ([], "@none.json")):
        with pytest.raises(InvalidInput):
            prompting.values(known, given, said)


async def test_a_server_does_the_same(open_api: Any) -> None:
    there = prompting._RemotePrompts(RemoteClient(await open_api(app, execute=False)))
    for word in ("a", "b"):
        await there.create(GREET, NewPromptVersion(text=greeting(word)))
    assert (await there.move(GREET, "production", LabelMove(version="1"))).version == "1"
    await there.move(GREET, "production", LabelMove(version="2", note="why"))
    assert [one.name for one in (await there.page(PromptQuery())).items] == [GREET]
    first = await there.versions(GREET, VersionQuery(limit=1))
    again = {"limit": 1, "cursor": first.next_cursor}
    assert [
        one.number for one in (await there.versions(GREET, VersionQuery.model_validate(again))).items
    ] == [1]
    assert (await there.version(GREET, "1")).body == "Say a to {{ customer }}."
    assert "+Say b" in (await there.diff(GREET, "1", "2")).body
    rendered = await there.render(GREET, ToRender(variables={"customer": "Ada"}))
    assert rendered.system == "Say b to Ada."
    assert (await there.test(GREET, "file")).passed
    assert (await there.rollback(GREET, LabelRollback())).production == "1"
    assert len((await there.moves(GREET, VersionQuery())).items) == 3
    await there.remove(GREET, "production")
    assert (await there.show(GREET)).production == FILE_ID


async def test_a_tenant_is_for_this_machines_database() -> None:
    with pytest.raises(InvalidInput, match="--tenant is for this machine's database"):
        async with prompting.opened(Options(server="http://127.0.0.1:1"), "acme"):
            raise AssertionError
