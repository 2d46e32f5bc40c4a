from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest

from pilothouse.app import data_folder
from pilothouse.cli import backups
from pilothouse.cli.opening import Options
from pilothouse.errors import PilothouseError
from pilothouse.kit import postgres
from pilothouse.migrations.upgrade import upgrade
from pilothouse.settings import load
from pilothouse.telemetry import logs
from support.shell import Shell

PLAIN: dict[str, Any] = {"to": None, "into": None, "force": False, "at": None, "as_json": False}
LIVE = "insert into incarnations default values"
RUN = """
insert into runs (id, workflow, version, pin, status, epoch, seq)
values ('01900000-0000-7000-8000-000000000001', 'echo', 1, 'echo@1', 'running', 3, 0)
"""


@pytest.fixture
def options(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Options]:
    """The commands in this process, without settings."""
    monkeypatch.chdir(tmp_path)
    yield Options(data=data)
    logs.configure("debug", "readable")


def test_a_backup_is_made_and_restored_elsewhere_by_commands(pilothouse: Shell, tmp_path: Path) -> None:
    place = str(tmp_path / "backups")
    made = pilothouse("backup", "--to", place, "--json").document
    assert made["kind"] == "dump"
    done = pilothouse(
        "restore", f"{place}/{made['id']}", "--into", str(tmp_path / "other"), "--json"
    ).document
    assert (done["id"], done["runs"]) == (made["id"], made["runs"])


async def test_backups_are_shown_with_those_that_failed(
    options: Options, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = str(tmp_path / "backups")
    await backups.show(options, place, as_json=False)
    assert "There are no backups yet." in capsys.readouterr().out
    await backups.make(options, place, base=False, as_json=False)
    assert "backed up" in capsys.readouterr().out
    with postgres.attach(data) as attachment, psycopg.connect(attachment.dsn, autocommit=True) as connection:
        connection.execute(
            """
            insert into backups (id, kind, place, outcome, started_at, detail)
            values ('x', 'dump', 'the attic', 'failed', now() + interval '1 hour', 'no ladder')
            on conflict do nothing
            """
        )
    await backups.show(options, place, as_json=True)
    shown = orjson.loads(capsys.readouterr().out)
    (one,) = shown["backups"]
    await backups.show(options, place, as_json=False)
    told = capsys.readouterr().out
    assert one["id"] in told
    assert "failed" in told
    assert "the attic: no ladder" in told
    await backups.check(options, place, one["id"])
    assert f"verified {one['id']}" in capsys.readouterr().out
    (tmp_path / "backups" / one["id"] / "database" / "toc.dat").write_bytes(b"")
    with pytest.raises(PilothouseError, match=r"toc\.dat"):
        await backups.check(options, place, one["id"])


@pytest.mark.parametrize(
    ("settings", "to", "base", "said"),
    [
        ({}, None, False, "--to FOLDER"),
        ({}, None, True, "PILOTHOUSE_WAL_ARCHIVE"),
        ({}, "s3://me:sesame@bucket", False, "must not hold credentials"),
        ({}, "ftp://bucket", False, "ftp:// is no place"),
        ({"BACKUP_TO": "s3://me:sesame@bucket"}, None, False, "backup_to: holds credentials"),
    ],
)
async def test_a_backup_that_cannot_be_made_is_refused_with_advice(
    options: Options,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, str],
    to: str | None,
    base: bool,
    said: str,
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"PILOTHOUSE_{name}", value)
    with pytest.raises(PilothouseError) as raised:
        await backups.make(options, to, base=base, as_json=False)
    assert said in str(raised.value)
    assert "sesame" not in str(raised.value)


@pytest.mark.parametrize(
    ("source", "given", "said"),
    [
        (None, {}, "--list"),
        (None, {"at": "latest"}, "PILOTHOUSE_WAL_ARCHIVE"),
        ("./nothing", {}, "no manifest.json"),
        ("20300101T000000Z-000000", {}, "--to FOLDER"),
        ("memory://x/20300101T000000Z-000000", {}, "is no place for backups"),
    ],
)
async def test_a_restore_that_cannot_be_is_refused_with_advice(
    options: Options, source: str | None, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(PilothouseError) as raised:
        await backups.bring_back(options, source, **{**PLAIN, **given})
    assert said in str(raised.value)


async def test_a_moment_is_restored_from_the_archive_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PILOTHOUSE_WAL_ARCHIVE", str(tmp_path / "archive"))
    own = Options(data=tmp_path / "own")
    with postgres.attach(own.data, archive=postgres.Archive(tmp_path / "archive", 240)) as attachment:
        upgrade(attachment.dsn)
        with psycopg.connect(attachment.dsn, autocommit=True) as connection:
            connection.execute(RUN)
        await backups.make(own, None, base=True, as_json=False)
    with pytest.raises(PilothouseError, match="--force"):
        await backups.bring_back(own, None, **{**PLAIN, "at": "latest"})
    with pytest.raises(PilothouseError, match="is no moment"):
        await backups.bring_back(own, None, **{**PLAIN, "at": "noon", "force": True})
    await backups.bring_back(own, None, **{**PLAIN, "at": "latest", "force": True})
    told = capsys.readouterr().out
    assert "1 runs were under way and are queued again" in told
    assert "replaced-" in told
    logs.configure("debug", "readable")


async def test_a_database_brought_back_by_other_means_is_put_right(
    options: Options, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with postgres.attach(data) as attachment:
        name = f"snapshot_{data.parent.name.replace('-', '_')}"
        attachment.drop_database(name)
        where = attachment.create_database(name)
        upgrade(where)
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(RUN)
            before = connection.execute("select id from incarnations").fetchall()
        assert await backups.put_right(where) == 1
        with psycopg.connect(where, autocommit=True) as connection:
            assert connection.execute("select status, epoch from runs").fetchall() == [("queued", 1_003)]
            assert connection.execute("select id from incarnations").fetchall() != before
        attachment.drop_database(name)
    await backups.adopt(options)
    assert "runs were under way" in capsys.readouterr().out


def test_moments_are_in_utc_unless_they_say_otherwise() -> None:
    noon = dt.datetime(2030, 1, 31, 12, tzinfo=dt.UTC)
    for text in ("2030-01-31T12:00", "2030-01-31T12:00:00Z", "2030-01-31 13:00+01:00"):
        assert backups._moment(text) == noon
    assert backups._moment("latest") is None


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0 B"), (999, "999 B"), (1_500, "1.5 kB"), (2 * 10**9, "2.0 GB"), (3 * 10**12, "3.0 TB")],
)
def test_sizes_are_shown_in_the_unit_that_fits(size: int, shown: str) -> None:
    assert backups._bytes(size) == shown


def test_a_restore_goes_where_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PILOTHOUSE_DATABASE_URL", "postgresql://here/x")
    monkeypatch.setenv("PILOTHOUSE_DATABASE_DIRECT_URL", "postgresql://there/x")
    origin = load(data=tmp_path)
    assert backups._destination(origin, None) is origin
    elsewhere = backups._destination(origin, "postgresql://elsewhere/y")
    assert (elsewhere.sessions_url, elsewhere.data) == ("postgresql://elsewhere/y", tmp_path)
    folder = backups._destination(origin, "other")
    assert (folder.sessions_url, data_folder(folder)) == (None, Path("other"))


async def test_backups_are_listed_while_the_database_is_away(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = str(tmp_path / "backups")
    await backups.make(options, place, base=False, as_json=True)
    made = orjson.loads(capsys.readouterr().out)
    monkeypatch.setenv("PILOTHOUSE_DATABASE_URL", "postgresql://me:sesame@127.0.0.1:9/x")
    await backups.show(options, place, as_json=False)
    told = capsys.readouterr().out
    assert made["id"] in told
    assert "not asked" in told
    assert "sesame" not in told
