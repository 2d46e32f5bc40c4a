"""What a command loads: nothing that it does not use, for each of them is a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pilothouse.kit.session import Database
from support.naming import listed
from support.shell import Shell

LOADED = """
import sys
from pilothouse.cli import main
try:
    main()
except SystemExit as end:
    code = end.code or 0
print("LOADED", code, *sys.modules, file=sys.stderr)
"""
SERVER = {"pilothouse.server", "fastapi", "starlette", "uvicorn", "redis"}
ENGINE = {"pilothouse.runtime.engine", "pilothouse.governance", "pilothouse.apps", "cedarpy", "yaml"}
DATABASE = {"sqlalchemy", "psycopg", "alembic", "pilothouse.kit.session"}
MODELS = {"pydantic", "pilothouse.app", "pilothouse.settings", "structlog", "httpx", "asyncio"}
DOMAINS = {
    "pilothouse.runs",
    "pilothouse.tenants",
    "pilothouse.people",
    "pilothouse.auth",
    "pilothouse.audit",
}
HEAVY = SERVER | ENGINE | DATABASE | MODELS | DOMAINS


def loaded(*arguments: str, folder: Path, code: int = 0, **environment: str) -> set[str]:
    """The modules that a command has loaded at its end."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PILOTHOUSE_")}
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        env={**kept, **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    mark, said, *names = done.stderr.splitlines()[-1].split()
    assert (mark, int(said)) == ("LOADED", code), done
    return set(names)


@pytest.mark.parametrize("arguments", [("--help",), ("--version",)])
def test_help_loads_neither_models_nor_what_works_on_them(arguments: tuple[str, ...], tmp_path: Path) -> None:
    assert sorted(loaded(*arguments, folder=tmp_path) & HEAVY) == []


def test_help_on_a_command_loads_what_typer_checks_options_with_and_no_more(tmp_path: Path) -> None:
    assert loaded("keys", "create", "--help", folder=tmp_path) & HEAVY == {"pydantic"}


def test_completion_loads_no_more_than_help(tmp_path: Path) -> None:
    asked = {"_TYPER_COMPLETE_ARGS": "pilothouse ke", "_PILOTHOUSE_COMPLETE": "complete_zsh"}
    program = "import sys; sys.argv[0] = 'pilothouse'\n"
    done = subprocess.run(
        [sys.executable, "-c", program + LOADED],
        env={**os.environ, **asked},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "keys" in done.stdout, done
    names = set(done.stderr.splitlines()[-1].split())
    assert sorted(names & HEAVY) == ["pydantic"]


def test_a_command_for_a_server_loads_no_database_and_nothing_that_runs(tmp_path: Path) -> None:
    away = ("--data", str(tmp_path), "--server", "http://127.0.0.1:1", "runs")
    names = loaded(*away, folder=tmp_path, code=1)
    assert "httpx" in names
    assert sorted(names & (SERVER | ENGINE | DATABASE | DOMAINS)) == ["pilothouse.auth"]


@pytest.mark.parametrize("arguments", [("runs",), ("keys", "list"), ("engagements", "list"), ("workers",)])
def test_a_command_for_the_database_loads_nothing_that_runs(
    arguments: tuple[str, ...], pilothouse: Shell
) -> None:
    names = loaded("--data", str(pilothouse.data), *arguments, folder=pilothouse.folder)
    assert Database.__module__ in names
    assert sorted(names & (SERVER | ENGINE | {"httpx", "alembic"})) == []


def test_a_scan_loads_what_finds_names_only_where_it_is_set(tmp_path: Path) -> None:
    scan = ("guards", "scan", "mail nora@fjord.example, says Tarvo Ellisaar")
    assert "spacy" not in loaded(*scan, folder=tmp_path)
    pipeline = listed(tmp_path / "ours", "Tarvo Ellisaar")
    assert "spacy" in loaded(*scan, folder=tmp_path, PILOTHOUSE_GUARDS_NAMES_MODEL=pipeline)


def test_the_version_is_told_by_the_installed_command(outside: Shell) -> None:
    done = outside("--version")
    assert (done.code, done.out.split()[0], len(done.out.split())) == (0, "pilothouse", 2)
