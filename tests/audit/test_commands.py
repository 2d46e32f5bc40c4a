"""The commands on the audit log, over an API in this process; and verify, which needs none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from pilothouse import App
from pilothouse.audit.schemas import Kind
from pilothouse.cli import audit, auditing
from pilothouse.cli.remote import RemoteClient, ServerError


@pytest.fixture
async def asked(open_api: Any, sample_app: App, desk: Any) -> RemoteClient:
    return RemoteClient(await open_api(sample_app, execute=False))


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def verified(*arguments: object) -> Any:
    return CliRunner().invoke(audit.cli, ["verify", *map(str, arguments)])


def test_every_command_has_an_example() -> None:
    commands = get_command(audit.cli).commands  # type: ignore[attr-defined]  # it is a group
    assert set(commands) >= {"verify", "list", "show", "proof", "heads", "export", "key"}
    for command in commands.values():
        assert "Example: pilothouse audit" in command.help


async def test_entries_are_listed_and_shown(
    asked: RemoteClient, desk: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    await auditing.show_all(asked, {"kind": None}, 5, as_json=False)
    assert printed(capsys) == "There are none.\n"
    ids = await desk.write(3, kind=Kind.KEY, subject="key/7", details={"roles": ["viewer"]})
    await auditing.heads(asked, 20, sign=True, note=False, as_json=False)
    await auditing.show_all(asked, {"kind": "key"}, 2, as_json=True)
    out = printed(capsys)
    assert [item["position"] for item in json.loads(out[out.index("[") :])] == [2, 1]
    await auditing.show_all(asked, {"kind": "key", "actor": None}, 500, as_json=False)
    assert "key/7" in printed(capsys)
    await auditing.show(asked, str(ids[0]), as_json=False)
    assert "roles: ['viewer']" in printed(capsys)
    await auditing.show(asked, str(ids[0]), as_json=True)
    assert json.loads(printed(capsys))["position"] == 0
    with pytest.raises(ServerError):
        await auditing.show(asked, str(UUID(int=7)), as_json=True)


async def test_a_proof_is_checked_before_it_is_printed(
    asked: RemoteClient, desk: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await desk.write(5)
    await desk.sequencer().sign_now()
    await auditing.proof(asked, str(ids[2]), None)
    assert len(json.loads(printed(capsys))["path"]) == 3
    ask = asked.ask

    async def lie(method: str, path: str, **options: Any) -> Any:
        found = await ask(method, path, **options)
        return found | ({"position": 3} if path.endswith("proof") else {})

    monkeypatch.setattr(asked, "ask", lie)
    with pytest.raises(auditing.ProofWrong):
        await auditing.proof(asked, str(ids[2]), 5)


async def test_an_export_with_key_and_head_is_verified_without_a_server(
    asked: RemoteClient, desk: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export, key, head = (tmp_path / name for name in ("audit.jsonl", "audit.pem", "head.txt"))
    await desk.write(300)
    await auditing.heads(asked, 20, sign=True, note=True, as_json=False)
    head.write_text(printed(capsys))
    await auditing.key(asked, as_json=False)
    key.write_text(printed(capsys))
    await auditing.key(asked, as_json=True)
    assert json.loads(printed(capsys))["pem"] == key.read_text()
    await auditing.export(asked, export, "jsonl")
    assert ".audit.jsonl.part" not in names(tmp_path)

    done = verified(export, "--key", key, "--head", head)
    assert done.exit_code == 0, done.output
    assert "301 of 301 entries, proved by 2 signed heads; it goes on from 1 kept." in done.output

    lines = export.read_text().splitlines()
    at = next(number for number, line in enumerate(lines) if '"position":123' in line)
    export.write_text(
        "\n".join([*lines[:at], lines[at].replace("something", "something else"), *lines[at + 1 :]])
    )
    done = verified(export, "--key", key)
    assert done.exit_code == 1
    assert "altered: The entry 123 was altered." in done.output
    told = json.loads(verified(export, "--key", key, "--json").output)
    assert (told["valid"], told["findings"][0]["position"]) == (False, 123)


async def test_holds_and_the_rule_are_shown_and_changed(
    asked: RemoteClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await auditing.keep(asked, None, always=False, as_json=False)
    assert "kept for ever" in printed(capsys)
    await auditing.hold(asked, "case 17")
    hold = printed(capsys).strip()
    await auditing.keep(asked, 30, always=False, as_json=False)
    out = printed(capsys)
    assert "kept for 30 days" in out
    assert f"{hold}  holds: case 17" in out
    await auditing.release(asked, hold)
    await auditing.keep(asked, None, always=True, as_json=True)
    out = printed(capsys)
    assert json.loads(out[out.index("{") :])["days"] is None
    await auditing.heads(asked, 20, sign=True, note=False, as_json=True)
    assert json.loads(printed(capsys))
