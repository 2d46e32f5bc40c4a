"""Refuses data folders on network mounts, where locks and fsync do not mean what a database needs."""

from __future__ import annotations

import re
from pathlib import Path

from pilothouse.kit.postgres.errors import OWN_SERVER, NetworkFolder

_NETWORK = re.compile(
    "afpfs|afs|beegfs|ceph|cifs|coda|davfs|glusterfs|gpfs|lustre|ncpfs|nfs4?|orangefs|smb3|smbfs|webdav|"
    r"fuse\.(blobfuse2?|ceph|davfs|gcsfuse|glusterfs|goofys|mount-s3|rclone|s3fs|sshfs)"
)
MOUNTINFO = Path("/proc/self/mountinfo")


def refuse_network(folder: Path, table: str | None = None) -> None:
    """Raise `NetworkFolder` if `folder` (absolute, resolved) lies on a network mount.

    `table` is the text of `/proc/self/mountinfo` (proc_pid_mountinfo(5)), read from there by default; a
    system without it is not checked.
    """
    if table is None:
        try:
            table = MOUNTINFO.read_text(errors="surrogateescape")
        except OSError:
            return
    mount, kind = _mount_of(folder, table)
    if _NETWORK.fullmatch(kind):
        raise NetworkFolder(
            f"The data folder {folder} is on a network mount ({kind} at {mount}), "
            "where PostgreSQL can lose data.",
            hint=f"Choose a folder on a local disk with --data, or {OWN_SERVER}",
        )


def _mount_of(folder: Path, table: str) -> tuple[Path, str]:
    """The mount point that holds `folder` and its type: the longest prefix, of equals the last mounted."""
    best = (Path("/"), "")
    for line in filter(None, table.split("\n")):
        mount, _, source = line.partition(" - ")
        point = Path(_unescaped(mount.split(" ")[4]))
        if folder.is_relative_to(point) and len(point.parts) >= len(best[0].parts):
            best = (point, source.split(" ", 1)[0])
    return best


def _unescaped(text: str) -> str:
    """Space, tab, newline and backslash stand as octal escapes in the table."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
