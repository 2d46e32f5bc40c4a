"""Secrets in files: for one user only, whole or not there, and made once however many begin at once."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from pilothouse.secrets.errors import SecretsUnavailable
from pilothouse.secrets.providers.files import MOST_BYTES, Files, others_may_read
from pilothouse.secrets.providers.port import Keeper
from support.kept import secrets_in


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_only_this_user_may_read_what_is_written(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        files = Files(tmp_path / "data" / "secrets")
        assert isinstance(files, Keeper)
        await files.add("pepper", b"one")
        await files.add("provider/open-ai", b"two")
    finally:
        os.umask(before)
    assert mode(files.folder) == 0o700
    assert {path.name: mode(path) for path in files.folder.iterdir()} == {
        ".lock": 0o600,
        "pepper": 0o600,
        "provider-open-ai": 0o600,
    }
    assert others_may_read(files.folder) == []
    (files.folder / "pepper").chmod(0o640)
    assert others_may_read(files.folder) == [files.folder / "pepper"]
    assert others_may_read(tmp_path / "none") == []


async def test_versions_are_read_newest_first_and_removed_by_number(tmp_path: Path) -> None:
    files = Files(tmp_path)
    for value in (b"one", b"two", b"three"):
        await files.add("pepper", value)
    (tmp_path / "pepper.10").write_bytes(b"ten")
    (tmp_path / "pepper.old").write_bytes(b"no version")
    (tmp_path / "Pepper.2").write_bytes(b"another name")
    found = await files.read("pepper")
    assert [(held.version, held.raw) for held in found] == [
        ("10", b"ten"),
        ("3", b"three"),
        ("2", b"two"),
        ("1", b"one"),
    ]
    assert all(held.since is not None for held in found)
    await files.remove("pepper", "1")
    await files.remove("pepper", "1")
    assert [held.version for held in await files.read("pepper")] == ["10", "3", "2"]
    made = await files.add("pepper", b"eleven")
    assert made is not None
    assert made.version == "11"
    assert await files.names() == ["pepper"]


async def test_the_first_version_is_made_only_where_there_is_none(tmp_path: Path) -> None:
    files = Files(tmp_path)
    assert await files.add("pepper", b"one", first=True) is not None
    assert await files.add("pepper", b"two", first=True) is None
    assert [held.raw for held in await files.read("pepper")] == [b"one"]


async def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    files = Files(tmp_path / "none")
    assert await files.read("pepper") == []
    assert await files.names() == []


async def test_what_cannot_be_read_or_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SecretsUnavailable, match="cannot be read"):
        await Files(tmp_path / "file").read("pepper")
    with pytest.raises(SecretsUnavailable, match="cannot be read or written"):
        await Files(tmp_path / "file").add("pepper", b"x")
    (tmp_path / "pepper").mkdir()
    with pytest.raises(SecretsUnavailable):
        await Files(tmp_path).read("pepper")
    (tmp_path / "vault_key").write_bytes(b"x" * (MOST_BYTES + 1))
    with pytest.raises(SecretsUnavailable, match="too large"):
        await Files(tmp_path).read("vault_key")


async def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(SecretsUnavailable, match="No space left"):
        await Files(tmp_path).add("pepper", b"x")
    assert os.listdir(tmp_path) == [".lock"]  # noqa: PTH208 - nothing to wait for


def first_value(folder: Path, queue: multiprocessing.Queue[bytes]) -> None:
    async def ask() -> None:
        queue.put((await secrets_in(folder).versions("vault_key"))[0].reveal())

    asyncio.run(ask())


def test_processes_that_begin_at_once_all_get_the_same_secret(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    queue: multiprocessing.Queue[bytes] = context.Queue()
    begun = [context.Process(target=first_value, args=(tmp_path / "s", queue)) for _ in range(8)]
    for process in begun:
        process.start()
    values = {queue.get(timeout=20) for _ in begun}
    for process in begun:
        process.join(10)
    assert len(values) == 1
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == [".lock", "vault_key"]
