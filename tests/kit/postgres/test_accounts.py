from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pilothouse.kit.postgres import accounts
from pilothouse.kit.postgres.errors import NoServerAccount

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")


@only_root
def test_root_gets_an_unprivileged_user_called_pilothouse() -> None:
    account = accounts.server_account()
    assert account.name == "pilothouse"
    assert account.uid != 0
    assert not account.is_me
    assert accounts.of_uid(account.uid) == account


@only_root
@pytest.mark.parametrize(
    ("name", "why"), [("root", "it refuses to be root"), ("nobody", "other services share that user")]
)
def test_root_itself_and_shared_users_are_refused(name: str, why: str) -> None:
    with pytest.raises(NoServerAccount, match=why):
        accounts.server_account(name)


@only_root
def test_without_useradd_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_FOLDERS", "/nonexistent")
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(NoServerAccount, match="no useradd") as caught:
        accounts.server_account("no-such-user")
    assert "Create a system user called no-such-user" in str(caught.value)
    assert "PILOTHOUSE_DATABASE_URL" in str(caught.value)


@only_root
def test_a_useradd_that_fails_is_quoted() -> None:
    with pytest.raises(
        NoServerAccount, match=r"useradd could not make the user not:a:name: .*invalid user name"
    ):
        accounts.server_account("not:a:name")


def test_a_user_without_a_name_is_a_clear_error(open_folder: Path, as_user: Callable[..., str]) -> None:
    with pytest.raises(NoServerAccount, match=r"id 54321 has no name.*/etc/passwd"):
        accounts.of_uid(54321)
    if os.geteuid() == 0:
        code = """
from pathlib import Path
from pilothouse.kit.postgres import attach
from pilothouse.kit.postgres.errors import NoServerAccount
try:
    attach(Path(sys.argv[1]))
except NoServerAccount as error:
    print(error)
"""
        os.chown(open_folder, 54321, 54321)
        assert "54321 has no name" in as_user(54321, code, open_folder / "data")


def test_an_ordinary_user_runs_the_server_itself(as_user: Callable[..., str]) -> None:
    code = "from pilothouse.kit.postgres.accounts import server_account\nprint(server_account('whoever').uid)"
    uid = 65534 if os.geteuid() == 0 else os.geteuid()
    assert as_user(uid, code) == f"{uid}\n"
