"""`pilothouse doctor --production` and `attest`, as they are typed."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from typer.testing import CliRunner

from pilothouse.cli.main import cli
from pilothouse.cli.readiness import kept_lines, needed_lines
from pilothouse.errors import InvalidInput
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.session import Database
from pilothouse.readiness.errors import AlreadyWithdrawn
from pilothouse.readiness.installation import Installation
from pilothouse.readiness.registry import Check, looked_at
from pilothouse.readiness.schemas import Verdict
from pilothouse.settings import Settings
from support.kept import secrets_in
from support.shell import Shell


def test_the_list_for_production_tells_what_fails_and_exits_with_it(pilothouse: Shell) -> None:
    done = pilothouse(
        "doctor", "--production", "--json", PILOTHOUSE_PORT="9", HTTPS_PROXY="http://127.0.0.1:9"
    )
    assert done.code == 1
    lines = {line["name"]: line for line in done.document}
    assert lines["running server"]["verdict"] == "fail"
    assert lines["row-level security"]["verdict"] == "pass", lines["row-level security"]
    assert (lines["budgets"]["verdict"], lines["budgets"]["found"]) == ("warn", "None has a hard limit.")
    assert (lines["kill switch"]["verdict"], lines["audit log"]["verdict"]) == ("pass", "pass")
    assert "worker_slots=" in lines["machine"]["found"]
    assert all(line["todo"] for line in done.document if line["verdict"] != "pass")
    assert all(line["found"] for line in done.document)


async def test_a_secret_that_a_setting_needs_and_nobody_has_given_fails(tmp_path: Path) -> None:
    said = {
        "oidc_issuer": "https://idp.example",
        "oidc_client_id": "c",
        "mail_url": "smtps://ada@mail.example",
    }
    settings, secrets = (
        Settings(_env_file=None, **said, mail_from="a@example.com"),
        secrets_in(tmp_path / "s"),
    )
    missing = [line async for line in needed_lines(secrets, settings)]
    assert [line.name for line in missing] == ["secret oidc_client_secret", "secret smtp_password"]
    assert {line.verdict for line in missing} == {Verdict.FAIL}
    assert "--stdin" in missing[0].todo
    (tmp_path / "s").mkdir(mode=0o700, exist_ok=True)
    for name in ("oidc_client_secret", "smtp_password"):
        (tmp_path / "s" / name).write_text("given by somebody else")
    assert [line async for line in needed_lines(secrets_in(tmp_path / "s"), settings)] == []
    assert [line async for line in needed_lines(secrets, Settings(_env_file=None))] == []


async def test_the_newest_backup_is_looked_for_where_it_should_be(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, backup_to=str(tmp_path / "kept"))
    database = Database("")
    look = partial(Installation, settings, settings, tmp_path, "", database, SystemClock())
    (line,) = [line async for line in kept_lines(look("http://x"))]
    assert (line.verdict, line.todo) == (Verdict.FAIL, "`pilothouse backup`")
    made = tmp_path / "kept" / "20260101T000000Z-000000"
    made.mkdir(parents=True)
    (made / "manifest.json").write_text("{}")
    broken = await looked_at([Check("backups kept", partial(kept_lines, look("http://x")))])
    assert [line.verdict for line in broken] == [Verdict.FAIL], "no manifest that could be restored from"


def test_a_statement_is_made_shown_and_withdrawn(data: Path) -> None:
    def typed(*said: str) -> str:
        done = CliRunner().invoke(cli, ["--data", str(data), "attest", *said])
        if done.exception is not None:
            raise done.exception
        return done.stdout

    said = ("--by", "Ada [bold]", "--evidence", "wiki/rota", "--days", "90")
    assert "Nobody has stated anything" in typed("list")
    made = json.loads(typed("make", "on_call", *said, "--json"))
    assert made["stated_by"] == "Ada [bold]"
    assert "on_call" in typed("list")
    assert "stated by Ada" in typed("make", "sign_off", *said)
    assert "withdrawn" in typed("withdraw", made["id"])
    found = json.loads(typed("list", "--json"))["items"]
    assert [item["withdrawn_at"] is None for item in found] == [True, False]
    for words, failure in (
        (("withdraw", made["id"]), AlreadyWithdrawn),
        (("make", "luck", *said), InvalidInput),
        (("withdraw", "x"), InvalidInput),
    ):
        try:
            typed(*words)
        except failure:
            continue
        raise AssertionError(words)
