from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.kit.postgres import attach, mounts
from pilothouse.kit.postgres.errors import NetworkFolder
from pilothouse.kit.postgres.mounts import refuse_network

TABLE = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /srv rw,relatime - nfs4 server:/srv rw,vers=4.2
31 30 8:2 / /srv/local\\040disk rw - xfs /dev/sdb1 rw
32 22 0:41 / /mnt/share rw - cifs //server/share rw
33 32 0:42 / /mnt/share rw - tmpfs tmpfs rw
34 22 0:43 / /mnt/cloud rw - fuse.sshfs host: rw
"""


@pytest.mark.parametrize(
    ("folder", "kind", "mount"),
    [
        ("/srv/alice/data", "nfs4", "/srv"),
        ("/srv", "nfs4", "/srv"),
        ("/mnt/cloud/x", "fuse.sshfs", "/mnt/cloud"),
    ],
)
def test_a_folder_on_a_network_mount_is_refused(folder: str, kind: str, mount: str) -> None:
    with pytest.raises(
        NetworkFolder, match=rf"{folder} is on a network mount \({kind} at {mount}\)"
    ) as caught:
        refuse_network(Path(folder), TABLE)
    assert "PILOTHOUSE_DATABASE_URL" in str(caught.value)


@pytest.mark.parametrize("folder", ["/", "/homework", "/srv/local disk/data", "/mnt/share/data", "/var/lib"])
def test_a_folder_on_a_local_disk_is_accepted(folder: str) -> None:
    refuse_network(Path(folder), TABLE)


def test_nothing_is_made_on_a_network_mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "table").write_text(f"1 0 0:1 / {tmp_path} rw - nfs4 server:/ rw\n")
    monkeypatch.setattr(mounts, "MOUNTINFO", tmp_path / "table")
    with pytest.raises(NetworkFolder):
        attach(tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_the_disk_of_the_tests_is_accepted(tmp_path: Path) -> None:
    refuse_network(tmp_path)


@given(
    st.text(st.characters(exclude_characters="/\0\n", codec="utf-8"), min_size=1).filter(
        lambda name: name != "."
    )
)
def test_any_name_of_a_mount_point_is_understood(name: str) -> None:
    escaped = "".join(f"\\{ord(letter):03o}" if letter in " \t\\" else letter for letter in name)
    table = f"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:1 / /{escaped} rw - nfs server:/ rw\n"
    with pytest.raises(NetworkFolder):
        refuse_network(Path("/", name, "data"), table)
