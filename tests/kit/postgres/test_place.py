from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from pilothouse.kit.postgres import default_data, place


def test_a_place_keeps_its_name_and_a_copy_or_a_new_one_gets_another(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert place.find(data) is None
    made = place.make(data)
    assert place.make(data) == place.find(data) == made
    shutil.copytree(data, tmp_path / "copy", symlinks=True)
    assert place.make(tmp_path / "copy").name != made.name
    shutil.rmtree(data)
    assert place.make(data).name != made.name


def test_the_folders_are_closed_to_others_and_an_open_home_is_closed_again(tmp_path: Path) -> None:
    made = place.make(tmp_path / "a" / "data")
    assert [folder.stat().st_mode & 0o777 for folder in (made.data, made.home)] == [0o700, 0o700]
    made.home.chmod(0o755)
    made.data.chmod(0o755)
    place.make(made.data)
    assert [folder.stat().st_mode & 0o777 for folder in (made.data, made.home)] == [0o755, 0o700]


def test_a_link_to_the_data_folder_is_the_same_place(tmp_path: Path) -> None:
    made = place.make(tmp_path / "data")
    (tmp_path / "link").symlink_to("data")
    assert place.find(tmp_path / "link") == made


def test_data_lies_in_var_for_root_and_in_the_users_data_folder_for_others(
    as_user: Callable[..., str],
) -> None:
    code = "from pilothouse.kit.postgres import default_data\nprint(default_data())"
    uid = 65534 if os.geteuid() == 0 else os.geteuid()
    assert as_user(uid, code, env={**os.environ, "XDG_DATA_HOME": "/x/share"}) == "/x/share/pilothouse\n"
    if os.geteuid() == 0:
        assert default_data() == Path("/var/lib/pilothouse")
