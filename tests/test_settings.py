"""Settings: where they come from, in which order, and what is said about wrong ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pilothouse.errors import SettingsInvalid
from pilothouse.settings import LogLevel, Settings, is_loopback, load


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of the test's own, and no setting from outside."""
    import os

    for name in list(os.environ):
        if name.startswith("PILOTHOUSE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_anything_said_the_defaults_hold() -> None:
    settings = load()
    assert (settings.host, settings.port, settings.worker_slots) == ("127.0.0.1", 8000, 50)
    assert settings.database_url is None


def test_the_command_line_beats_variables_which_beat_env_which_beats_toml(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (alone / "pilothouse.toml").write_text(
        "port = 1001\nworker_slots = 7\nlog_level = 'debug'\ndrain_timeout = 3"
    )
    (alone / ".env").write_text(
        "PILOTHOUSE_PORT=1002\nPILOTHOUSE_WORKER_SLOTS=8\nPILOTHOUSE_LOG_LEVEL=error\n"
    )
    monkeypatch.setenv("PILOTHOUSE_PORT", "1003")
    monkeypatch.setenv("PILOTHOUSE_WORKER_SLOTS", "9")
    settings = load(port=1004, host=None)
    assert (settings.port, settings.worker_slots, settings.log_level) == (1004, 9, LogLevel.ERROR)
    assert settings.drain_timeout == 3


def test_behind_a_pooler_nothing_is_kept_on_the_server_unless_it_can_do_that() -> None:
    pooled, direct = "postgresql://pooler/db", "postgresql://server/db"
    assert load(database_url=direct).prepares
    assert load(database_url=direct).sessions_url == direct
    behind = load(database_url=pooled, database_direct_url=direct)
    assert (behind.prepares, behind.sessions_url) == (False, direct)
    assert load(database_url=pooled, database_direct_url=direct, database_prepare=True).prepares


def test_a_direct_url_without_another_one_is_refused_and_not_shown() -> None:
    with pytest.raises(SettingsInvalid, match="database_direct_url: is for those who set") as error:
        load(database_direct_url="postgresql://user:secret@server/db")
    assert "secret" not in str(error.value)


def test_another_file_can_be_named(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (alone / "mine.toml").write_text("port = 1234")
    monkeypatch.setenv("PILOTHOUSE_CONFIG", str(alone / "mine.toml"))
    assert load().port == 1234


def test_every_wrong_value_is_named_at_once(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (alone / "pilothouse.toml").write_text("worker_slot = 3\nstep_timeout = -1")
    monkeypatch.setenv("PILOTHOUSE_PORT", "many")
    monkeypatch.setenv("PILOTHOUSE_DATABASE_URL", "mysql://user:secret@host/db")
    monkeypatch.setenv("PILOTHOUSE_LOGLEVEL", "info")
    with pytest.raises(SettingsInvalid) as error:
        load(host="0.0.0.0")  # noqa: S104 - it is refused
    told = str(error.value)
    for part in (
        "worker_slot is no setting; did you mean worker_slots?",
        "step_timeout (is '-1'): Input should be greater than 0",
        "port (is 'many')",
        "PILOTHOUSE_LOGLEVEL is no setting; did you mean PILOTHOUSE_LOG_LEVEL?",
        "database_url: is no PostgreSQL URL",
        "credentials would cross the network in the clear",
    ):
        assert part in told
    assert "secret" not in told


def test_a_file_that_was_named_must_be_there(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOTHOUSE_CONFIG", str(alone / "missing.toml"))
    with pytest.raises(SettingsInvalid, match=r"PILOTHOUSE_CONFIG names .*missing\.toml, which is no file"):
        load()


def test_variables_of_other_programs_in_env_are_left_alone_and_unknown_ones_of_ours_are_not(
    alone: Path,
) -> None:
    (alone / ".env").write_text("POSTGRES_PASSWORD=secret\nPILOTHOUSE_PORT=1234\n")
    assert load().port == 1234
    (alone / ".env").write_text("PILOTHOUSE_PROT=1234\nPILOTHOUSE_=1")
    with pytest.raises(SettingsInvalid) as error:
        load()
    assert "PILOTHOUSE_PROT is no setting; did you mean PILOTHOUSE_PORT?" in str(error.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"port = ", "is no valid TOML"), (b"port = 1\nport = 2", "is no valid TOML"), (b"\xff\xfe", "UTF-8")],
)
def test_a_corrupt_file_is_named_with_what_is_wrong(alone: Path, content: bytes, told: str) -> None:
    (alone / "pilothouse.toml").write_bytes(content)
    with pytest.raises(SettingsInvalid, match=told):
        load()


def test_a_file_that_cannot_be_read_is_said_to_be_so(alone: Path) -> None:
    (alone / "pilothouse.toml").mkdir()
    assert load().port == 8000  # a folder is no file, and nothing is configured


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("localhost", True),
        ("0.0.0.0", False), ("::", False), ("192.168.0.7", False), ("example.com", False), ("", False),  # noqa: S104 - refused
    ],
)  # fmt: skip
def test_only_loopback_addresses_are_served(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_every_setting_is_documented_and_nothing_else() -> None:
    page = (Path(__file__).parents[1] / "docs" / "reference" / "settings.md").read_text()
    rows = re.findall(r"^\| (`[a-z_0-9]+`(?:, `[a-z_0-9]+`)*) \|", page, re.MULTILINE)
    documented = [name for row in rows for name in re.findall(r"[a-z_0-9]+", row)]
    assert sorted(documented) == sorted(Settings.model_fields)
