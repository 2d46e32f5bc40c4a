from __future__ import annotations

import os
from pathlib import Path

from pilothouse.kit.postgres.accounts import Account, me
from pilothouse.kit.postgres.locks import is_held, open_lock, try_lock
from pilothouse.kit.postgres.programs import detach, run, way_to


def test_a_program_runs_as_the_account_with_a_clean_environment(
    account: Account, monkeypatch: object
) -> None:
    os.environ["SECRET"] = "x"
    try:
        result = run(["/bin/sh", "-c", "id -u; id -G; umask; env; cat"], account, text="typed")
    finally:
        del os.environ["SECRET"]
    lines = result.stdout.splitlines()
    assert lines[0] == str(account.uid)
    assert account.is_me or lines[1] == str(account.gid)
    assert lines[2] == "0077"
    assert not any(line.startswith("SECRET") for line in lines)
    assert lines[-1].endswith("typed")


def test_another_user_reaches_a_folder_below_one_that_it_may_not_enter(
    account: Account, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    os.chown(folder, account.uid, account.gid)
    (folder / "file").write_text("reached")
    (folder / "file").chmod(0o644)
    with way_to(folder, account) as way:
        result = run(["cat", f"{way.path}/file"], account, inherit=way.descriptors)
    assert (result.stdout, result.stderr) == ("reached", "")
    with way_to(folder, me()) as way:
        assert (way.path, way.descriptors) == (str(folder), ())


def test_a_detached_program_keeps_what_it_inherits_and_has_no_terminal(
    account: Account, tmp_path: Path
) -> None:
    gate = open_lock(tmp_path / "lock")
    assert try_lock(gate, shared=False)
    output = tmp_path / "output"
    detach(["/bin/sh", "-c", "ps -o tty= -o sid= -p $$; sleep 0.2"], account, inherit=[gate], output=output)
    os.close(gate)
    assert is_held(tmp_path / "lock", exclusively=True)
    while is_held(tmp_path / "lock", exclusively=True):
        pass
    terminal, session = output.read_text().split()
    assert terminal == "?"
    assert int(session) != os.getsid(0)
