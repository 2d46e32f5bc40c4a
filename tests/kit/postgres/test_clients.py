from __future__ import annotations

import os
from pathlib import Path

import pytest

from pilothouse.kit.postgres.clients import NoClientPrograms, clients, environment
from pilothouse.kit.postgres.wheel import newest


def programs(folder: Path, major: int) -> None:
    folder.mkdir()
    for name in ("pg_dump", "pg_restore"):
        (folder / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {major}.3 (Debian)'\n")
        (folder / name).chmod(0o755)


def test_the_oldest_programs_that_fit_are_taken(tmp_path: Path) -> None:
    programs(tmp_path / "15", 15)
    found = clients(15, path=str(tmp_path / "15"))
    assert (found.folder, found.major) == (tmp_path / "15", 15)
    assert found.program("pg_dump") == str(tmp_path / "15" / "pg_dump")
    fitting = clients(18, path=str(tmp_path / "15"))
    assert (fitting.folder, fitting.major) == (newest().root / "bin", 18)


def test_programs_that_do_not_run_are_passed_over(tmp_path: Path) -> None:
    programs(tmp_path / "15", 15)
    (tmp_path / "15" / "pg_dump").write_text("#!/bin/sh\nexit 1\n")
    assert clients(15, path=str(tmp_path / "15")).folder != tmp_path / "15"


def test_a_server_newer_than_all_programs_is_refused_with_advice(tmp_path: Path) -> None:
    programs(tmp_path / "15", 15)
    with pytest.raises(NoClientPrograms, match=r"version 99 or newer; found: 15, 16, 18") as raised:
        clients(99, path=str(tmp_path / "15"))
    assert "postgresql-client-99" in str(raised.value.hint)


def test_a_password_goes_by_the_environment_and_nothing_else_of_the_caller_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PILOTHOUSE_SECRET", "sesame")
    monkeypatch.setenv("PGSSLROOTCERT", "/ca.pem")
    where, given = environment("postgresql://me:opensesame@db.example/x?sslmode=require")
    assert "opensesame" not in where
    assert "sslmode=require" in where
    assert given["PGPASSWORD"] == "opensesame"
    assert given["PGSSLROOTCERT"] == "/ca.pem"
    assert given["PATH"] == os.environ["PATH"]
    assert "PILOTHOUSE_SECRET" not in given
