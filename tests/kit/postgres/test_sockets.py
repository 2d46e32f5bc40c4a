from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from pilothouse.kit.postgres import sockets
from pilothouse.kit.postgres.accounts import Account, me
from pilothouse.kit.postgres.errors import FolderNotUsable


def test_the_socket_lies_in_a_short_runtime_folder() -> None:
    folder = sockets.socket_folder("0123456789ab")
    assert folder.name.endswith("0123456789ab")
    assert len(os.fsencode(folder / sockets.SOCKET)) <= 107


def test_a_users_runtime_folder_is_used_if_it_suits(
    nobody_folder: tuple[int, Path], as_user: Callable[..., str]
) -> None:
    uid, folder = nobody_folder
    names = ["good", "x" * 90, "a space", "a,b", "a'b", "missing"]
    for name in names[:-1]:
        (folder / name).mkdir(parents=True)
        os.chown(folder / name, uid, uid)
    code = """
from pilothouse.kit.postgres.sockets import socket_folder
for folder in sys.argv[1:]:
    os.environ["XDG_RUNTIME_DIR"] = folder
    print(str(socket_folder("x")).startswith(folder))
"""
    said = as_user(uid, code, *(folder / name for name in names)).split()
    assert said == ["True", "False", "False", "False", "False", "False"]


def test_the_folder_is_made_for_the_server_alone(open_folder: Path, account: Account) -> None:
    folder = open_folder / "pilothouse" / "name"
    for _ in range(2):
        sockets.prepare(folder, account)
        assert folder.stat().st_mode & 0o777 == 0o700
        assert folder.stat().st_uid == account.uid
    assert folder.parent.stat().st_uid == os.geteuid()
    assert folder.parent.stat().st_mode & 0o777 == (0o700 if account.is_me else 0o711)


@pytest.mark.parametrize("mode", [0o755, 0o770])
def test_a_folder_that_others_can_enter_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "name"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(FolderNotUsable, match=f"permissions {mode:o}.*XDG_RUNTIME_DIR"):
        sockets.prepare(folder, me())


def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "name").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FolderNotUsable, match="cannot be in"):
        sockets.prepare(tmp_path / "name", me())


@pytest.mark.skipif(os.geteuid() != 0, reason="takes two users")
def test_a_folder_that_another_user_has_made_first_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "name"
    folder.mkdir(mode=0o700)
    os.chown(folder, 65534, -1)
    with pytest.raises(FolderNotUsable, match="belongs to the user with id 65534"):
        sockets.prepare(folder, me())


def test_a_server_answers_only_while_it_listens(open_folder: Path) -> None:
    assert not sockets.answers(open_folder)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(open_folder / sockets.SOCKET))
        assert not sockets.answers(open_folder)
        server.listen()
        assert sockets.answers(open_folder)
    assert not sockets.answers(open_folder)


def test_what_a_killed_server_left_is_removed_and_nothing_else(open_folder: Path) -> None:
    folder = open_folder / "name"
    sockets.remove(folder)
    folder.mkdir()
    for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock", ".s.PGSQL.50432", "other"):
        (folder / name).touch()
    sockets.remove(folder)
    assert [entry.name for entry in folder.iterdir()] == ["other"]
    (folder / "other").unlink()
    sockets.remove(folder)
    assert not folder.exists()
