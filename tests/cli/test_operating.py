"""`doctor` and `db`: what they tell of a machine, and what they do to its database."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilothouse.kit import postgres
from pilothouse.migrations.upgrade import head
from support.shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "own", tmp_path)


def test_the_database_is_started_kept_asked_and_stopped(shell: Shell) -> None:
    assert "running:  False" in shell("db", "status").out
    assert "PostgreSQL 18" in shell("db", "start").out
    try:
        state = shell("db", "status", "--json").document
        assert (state["running"], state["kept"], state["used_by"]) == (True, True, [])
        assert f"schema none -> {head()}" in shell("db", "upgrade").out
        asked = shell("db", "psql", "-tAc", "select count(*) from runs")
        assert (asked.code, asked.out.strip()) == (0, "0")
    finally:
        assert shell("db", "stop").out == "stopped\n"
    assert shell("db", "stop").out == "it was not running\n"


def test_a_database_in_use_is_not_stopped_without_force(shell: Shell) -> None:
    with postgres.attach(shell.data):
        refused = shell("db", "stop")
        assert refused.code == 2
        assert "Traceback" not in refused.err
        assert shell("db", "stop", "--force").code == 0


def test_a_server_of_ones_own_is_not_ours_to_start(shell: Shell) -> None:
    done = shell("db", "start", PILOTHOUSE_DATABASE_URL="postgresql://127.0.0.1:9/x")
    assert done.code == 2
    assert "a server of your own" in done.err


def test_the_doctor_finds_everything_well(pilothouse: Shell) -> None:
    done = pilothouse("doctor", "--json")
    assert done.code == 0
    assert {item["check"]: item["well"] for item in done.document} == {
        "python": True, "settings": True, "disk": True, "database": True, "artifacts": True,
        "machine": True, "applications": True,
    }  # fmt: skip


def test_the_doctor_names_what_is_wrong_and_what_to_do(pilothouse: Shell) -> None:
    away = pilothouse("doctor", PILOTHOUSE_DATABASE_URL="postgresql://127.0.0.1:9/x")
    assert away.code == 1
    assert "fail database" in away.out
    wrong = pilothouse("doctor", PILOTHOUSE_PORT="many")
    assert wrong.code == 1
    assert "port (is 'many')" in wrong.out


def test_serving_beyond_loopback_is_refused(pilothouse: Shell) -> None:
    done = pilothouse("serve", "--host", "0.0.0.0")  # noqa: S104 - it is refused
    assert done.code == 2
    assert "credentials would cross the network in the clear" in done.err


def test_a_run_is_drawn_as_a_picture_that_loads_nothing(pilothouse: Shell) -> None:
    run = pilothouse("run", "orders", "--yes", "--json", "--no-save").document["run_id"]
    assert "wrote run.svg" in pilothouse("show", run, "--svg", "run.svg").out
    picture = (pilothouse.folder / "run.svg").read_text()
    assert "Ada" in picture
    assert "url(" not in picture.replace("url(#", "")
    assert "receipt.txt" in pilothouse("artifacts", run, "--out", "again").out
    assert (pilothouse.folder / "again" / "receipt.txt").exists()
