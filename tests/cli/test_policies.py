"""The commands on policies: on a folder, on this machine and on a server."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from pilothouse.cli import policies, policing
from pilothouse.cli.local import LocalClient
from pilothouse.cli.remote import RemoteClient
from pilothouse.errors import InvalidInput
from support.governed import app
from support.shell import Shell

PERMIT = '@id("permit") permit (principal, action, resource);'
LIMIT = """@id("limit") @approval("manager") @reason("Much.")
forbid (principal, action == Action::"pay_refund", resource)
when { context.arguments.amount.amount_cents > 100 };"""
TESTS = """
action: {tool: pay_refund, arguments: {order: o, amount: {amount: "2", currency: EUR}}}
tests: [{name: much, expect: {verdict: VERDICT}}]
"""
ACTION = {"tool": "pay_refund", "arguments": {"order": "o", "amount": {"amount": "2", "currency": "EUR"}}}
OPTIONS = {"apps": ("support.governed:app",)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "policies"
    made.mkdir()
    (made / "a.cedar").write_text(PERMIT + LIMIT)
    (made / "a.tests.yaml").write_text(TESTS.replace("VERDICT", "require_approval"))
    return made


def run(*arguments: str) -> Any:
    return CliRunner().invoke(policies.cli, arguments, obj=OPTIONS)


def test_every_command_has_an_example() -> None:
    commands = get_command(policies.cli).commands  # type: ignore[attr-defined]  # it is a group
    assert set(commands) == {
        "check", "test", "draft", "list", "show", "schema", "simulate", "activate", "rollback", "shadow",
        "decisions", "explain",
    }  # fmt: skip
    for command in commands.values():
        assert "Example: pilothouse policy" in command.help


def test_a_folder_is_checked_and_tested_without_any_database(folder: Path) -> None:
    assert run("check", str(folder)).output == "2 policies are valid.\n"
    assert run("test", str(folder)).output == "2 policies are valid.\n1 of 1 tests pass.\n"
    (folder / "a.tests.yaml").write_text(TESTS.replace("VERDICT", "allow"))
    failed = run("test", str(folder))
    assert failed.exit_code == 1
    assert "a.tests.yaml, much: expected allow, got require_approval by limit (Much.)" in failed.output
    (folder / "a.cedar").write_text("permit (principal, action, resource);")
    wrong = run("check", str(folder))
    assert (wrong.exit_code, "needs an @id" in wrong.output) == (1, True)


def test_an_action_is_explained_by_a_folder(folder: Path, tmp_path: Path) -> None:
    told = run("explain", json.dumps(ACTION), "--folder", str(folder))
    assert told.output.startswith(
        "pay_refund is to be approved.\n  Much.\n  It takes the approval of manager."
    )
    (tmp_path / "action.json").write_text(json.dumps(ACTION))
    assert run("explain", str(tmp_path / "action.json"), "--folder", str(folder)).output == told.output
    assert (
        json.loads(run("explain", json.dumps(ACTION), "--folder", str(folder), "--json").output)["others"]
        == 0
    )


@pytest.mark.parametrize("text", ["nowhere.json", "{", '{"a": 1, "a": 2}'])
def test_what_is_no_action_is_refused(text: str) -> None:
    assert isinstance(run("explain", text).exception, InvalidInput)


async def life(do: Callable[..., Awaitable[Any]], folder: Path) -> list[str]:
    """All that can be done with versions, as it is printed."""
    draft = {"given": {"files": {"a.cedar": (folder / "a.cedar").read_text()}, "note": "why"}}
    steps = [
        ("versions", "list", {}),
        ("versions", "draft", draft),
        ("checked", "check", {"number": 1}),
        ("checked", "test", {"number": 1}),
        ("simulation", "simulate", {"number": 1, "given": {"last": 5, "since": None, "until": None}}),
        ("state", "activate", {"number": 1, "given": {"note": "go"}}),
        ("state", "shadow", {"given": {"number": 1, "note": ""}}),
        ("explanation", "explain", {"action": ACTION, "number": None}),
        ("state", "rollback", {"given": {"number": None, "note": ""}}),
        ("files", "show", {"number": 1}),
        ("schema", "schema", {}),
        ("decisions", "decisions", {"given": {"differing": False, "run_id": None, "limit": 5}}),
    ]
    lines: list[str] = []
    for kind, what, given in steps:
        lines += policing.LINES[kind](await do(what, given))
    return lines


async def test_this_machine_and_a_server_do_the_same(
    open_pilothouse: Any, open_api: Any, folder: Path, emptying: Any
) -> None:
    local = LocalClient(await open_pilothouse(app))
    here = await life(lambda what, given: policing.here(local, what, given), folder)
    emptying.empty()
    remote = RemoteClient(await open_api(app, execute=False))
    there = await life(lambda what, given: policing.there(remote, what, given), folder)
    assert [line[:20] for line in here] == [line[:20] for line in there]
    assert here[0].startswith("No versions")
    assert "Version 1 is active." in here
    assert "Version 1 runs in its shadow." in here
    assert "0 of 0 decisions would differ." in here
    assert "By tenant:1." in here
    assert "No version is active." in here
    assert "--- a.cedar" in "\n".join(here)
    assert here[-1] == "No decisions."


async def test_what_the_local_database_cannot_take_is_told_in_words(open_pilothouse: Any) -> None:
    local = LocalClient(await open_pilothouse(app))
    given = {"since": "2030-01-02T00:00:00Z", "until": "2030-01-01T00:00:00Z"}
    await policing.here(local, "draft", {"given": {"files": {"a.cedar": PERMIT}}})
    with pytest.raises(InvalidInput, match="until"):
        await policing.here(local, "simulate", {"number": 1, "given": given})


def test_simulations_and_differing_decisions_are_readable() -> None:
    answered = {"verdict": "allow", "policies": ["permit"], "roles": []}
    one = {"at": "2030-01-01T00:00:00Z", "tool": "t", "run_id": "r", "before": answered}
    one["after"] = answered | {"verdict": "deny", "policies": []}
    change = {"before": "allow", "after": "deny", "count": 1}
    found = {"differing": 1, "replayed": 2, "unreadable": 1, "changes": [change], "examples": [one]}
    assert list(policing.LINES["simulation"](found)) == [
        "1 of 2 decisions would differ.",
        "1 could not be replayed: what they were about is gone.",
        "  1: allow -> deny",
        "  2030-01-01T00:00:00 t in run r: allow -> deny by no policy",
    ]
    decision = one | {"decision": answered, "differs": True, "shadow": 2, "shadowed": one["after"]}
    (line,) = policing.LINES["decisions"]([decision])
    assert line == "2030-01-01T00:00:00 t in run r: allow by permit; version 2: deny"


def test_the_real_command_drafts_and_activates(pilothouse: Shell, folder: Path) -> None:
    (folder / "a.cedar").write_text(PERMIT)
    (folder / "a.tests.yaml").unlink()
    drafted = pilothouse("policy", "draft", str(folder), "--note", "first", "--json")
    assert drafted.code == 0, drafted
    number = str(drafted.document[0]["number"])
    assert f"Version {number} is active." in pilothouse("policy", "activate", number).out
    assert "No version is active." in pilothouse("policy", "rollback").out
