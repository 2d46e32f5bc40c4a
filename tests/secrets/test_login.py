"""The password of the database's login: in no connection string, and changed while connections go on."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pilothouse.app import login_of, with_login
from pilothouse.kit.clock import SystemClock
from pilothouse.secrets import login as login_module
from pilothouse.secrets.errors import NotRotatable
from pilothouse.secrets.login import Login, PasswordHook, says_password
from pilothouse.secrets.providers.files import Files
from pilothouse.secrets.rotation import Rotation
from pilothouse.secrets.service import Secrets
from pilothouse.settings import Settings

STORED = "select rolpassword from pg_authid where rolname = 'rotated_login'"


@pytest.fixture
def as_login(conninfo: str) -> Iterator[str]:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("drop role if exists rotated_login")
        connection.execute("create role rotated_login login")
        yield make_conninfo(conninfo, user="rotated_login")
        connection.execute("drop role rotated_login")


def kept(folder: Path) -> tuple[Files, Secrets]:
    files = Files(folder)
    return files, Secrets([files])


async def test_the_file_has_the_password_and_the_connection_string_has_not(tmp_path: Path) -> None:
    files, secrets = kept(tmp_path)
    login = Login(secrets, tmp_path)
    assert await login.applied("host=h user=u") == "host=h user=u", "no secret, no file"
    await files.add("database_password", rb"with:colon\and backslash" + b"\n")
    for untouched in ("postgresql://u:p@h/d", "host=h passfile=/x"):
        assert says_password(untouched)
        assert await login.applied(untouched) == untouched
    applied = await login.applied("postgresql://u@h/d?sslmode=require")
    assert conninfo_to_dict(applied) == {
        "user": "u", "host": "h", "dbname": "d", "sslmode": "require", "passfile": str(login.file),
    }  # fmt: skip
    assert login.file.read_bytes() == b"*:*:*:*:with\\:colon\\\\and backslash\n"
    assert stat.S_IMODE(login.file.stat().st_mode) == 0o600
    assert await files.names() == ["database_password"], "the file is no secret of its own"


async def test_a_new_password_is_taken_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_module, "LOOK_EVERY", 0.01)
    files, secrets = kept(tmp_path)
    await files.add("database_password", b"one")
    login = Login(secrets, tmp_path)
    await login.applied("host=h")
    keeping = asyncio.create_task(login.keep())
    await files.add("database_password", b"two")
    async with asyncio.timeout(5):
        while login.file.read_bytes() != b"*:*:*:*:two\n":
            await asyncio.sleep(0.01)
    keeping.cancel()
    await asyncio.wait([keeping])


async def test_rotation_changes_the_role_and_sends_no_password(
    as_login: str, conninfo: str, tmp_path: Path
) -> None:
    _, secrets = kept(tmp_path)
    rotation = Rotation(secrets, {"database_password": PasswordHook(as_login, tmp_path)}, SystemClock())
    done = await rotation.rotate("database_password")
    assert "rotated_login" in done.done
    [secret] = await secrets.versions("database_password")
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(STORED).fetchone()
    assert row is not None
    assert row[0].startswith("SCRAM-SHA-256$")
    assert secret.reveal().decode() not in row[0]
    assert secret.reveal() in (tmp_path / login_module.FILE).read_bytes()
    assert len(secret.reveal()) >= 43


async def test_a_failed_change_leaves_the_old_password(tmp_path: Path) -> None:
    files, secrets = kept(tmp_path)
    await files.add("database_password", b"one")
    for direct, failure in (
        ("host=/nowhere user=x", psycopg.OperationalError),
        ("postgresql://user:canary@127.0.0.1:9/x", NotRotatable),
    ):
        hooks = {"database_password": PasswordHook(direct, tmp_path)}
        with pytest.raises(failure) as error:
            await Rotation(secrets, hooks, SystemClock()).rotate("database_password")
        assert "canary" not in str(error.value)
    assert [held.raw for held in await files.read("database_password")] == [b"one"]


async def test_the_settings_of_a_process_name_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(_env_file=None, data=tmp_path, database_url="postgresql://u@h/d")
    assert await with_login(settings, login_of(settings)) == settings
    monkeypatch.setenv("PILOTHOUSE_SECRET_DATABASE_PASSWORD", "from the environment")
    applied = await with_login(settings, login_of(settings))
    assert applied.database_url is not None
    assert conninfo_to_dict(applied.database_url)["passfile"] == str(tmp_path / "secrets" / login_module.FILE)
    assert (tmp_path / "secrets" / login_module.FILE).read_bytes() == b"*:*:*:*:from the environment\n"
    embedded = Settings(_env_file=None, data=tmp_path)
    assert await with_login(embedded, login_of(embedded)) is embedded
