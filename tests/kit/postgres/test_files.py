from __future__ import annotations

from pathlib import Path

import pytest

from pilothouse.kit.postgres import files
from pilothouse.kit.postgres.accounts import Account, me


def test_the_end_of_a_file_is_read_and_links_and_pipes_are_not(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("0123456789")
    (tmp_path / "link").symlink_to("file")
    assert files.read_end(tmp_path / "file", 4) == "6789"
    assert files.read_end(tmp_path / "file", 40) == "0123456789"
    assert files.read_end(tmp_path / "link", 4) == ""
    assert files.read_end(tmp_path / "missing", 4) == ""


def test_writing_replaces_a_link_and_leaves_its_target(tmp_path: Path, account: Account) -> None:
    secret = tmp_path / "secret"
    secret.write_text("kept")
    target = tmp_path / "conf"
    target.symlink_to(secret)
    files.write(target, "text", account, through=tmp_path)
    assert secret.read_text() == "kept"
    assert target.read_text() == "text"
    assert not target.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o600
    assert target.stat().st_uid == account.uid


def test_a_file_that_is_right_already_is_not_written(tmp_path: Path) -> None:
    target = tmp_path / "conf"
    files.write(target, "text", me(), through=tmp_path)
    before = target.stat().st_ino
    files.write(target, "text", me(), through=tmp_path)
    assert target.stat().st_ino == before
    files.write(target, "other", me(), through=tmp_path)
    assert target.read_text() == "other"


def test_nothing_is_removed_through_a_link(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").touch()
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(NotADirectoryError):
        files.remove(tmp_path / "link", ["a"])
    assert (folder / "a").exists()
    files.remove(folder, ["a", "missing"])
    files.remove(tmp_path / "missing", ["a"])
    assert not any(folder.iterdir())


def test_the_size_counts_what_lies_below(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(bytes(100_000))
    assert 100_000 <= files.size_of(tmp_path) <= 110_000
