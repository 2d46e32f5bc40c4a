"""Where things lie: the data folder, the cluster and the locks in it, and the socket's folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pilothouse.kit.postgres.errors import FolderNotUsable
from pilothouse.kit.postgres.sockets import socket_folder

ROOT_DATA = Path("/var/lib/pilothouse")


@dataclass(frozen=True)
class Place:
    """A data folder with a home for PostgreSQL in it.

    `data` is what `--data` names, absolute and resolved; `identity` is drawn at random when the home is
    made, so that a folder made anew under an old name never meets the server of the old one.
    """

    data: Path
    identity: str

    @property
    def home(self) -> Path:
        """The folder of everything below, 0700, owned by the user of the command line."""
        return self.data / "postgres"

    @property
    def start_lock(self) -> Path:
        """Held exclusively while a process starts, stops or upgrades the server."""
        return self.home / "start.lock"

    @property
    def holders_lock(self) -> Path:
        """Held shared by every attachment; who can have it exclusively is the last."""
        return self.home / "holders.lock"

    @property
    def server_lock(self) -> Path:
        """Inherited by the server and all its processes: held means that one of them is alive."""
        return self.home / "server.lock"

    @property
    def keep_mark(self) -> Path:
        """Present while the server is to stay when its last holder leaves (`pilothouse db start`)."""
        return self.home / "keep"

    @property
    def archive_mark(self) -> Path:
        """Says where the server archives its WAL; missing where it does not."""
        return self.home / "archive"

    @property
    def start_log(self) -> Path:
        """What the server said before its own log began."""
        return self.home / "start.log"

    @property
    def name(self) -> str:
        """12 hexadecimal digits that name this place; a copy or a moved folder has others."""
        import hashlib

        text = f"{self.identity}\0{self.data}".encode(errors="surrogateescape")
        return hashlib.sha256(text).hexdigest()[:12]

    @property
    def cluster_name(self) -> str:
        """Marks the server's processes in their command lines."""
        return f"pilothouse-{self.name}"

    @property
    def socket_dir(self) -> Path:
        """Where a server started by this process has its socket."""
        return socket_folder(self.name)


def default_data() -> Path:
    """The data folder when none is named: `/var/lib/pilothouse` for root, else the user's data folder."""
    if os.geteuid() == 0:
        return ROOT_DATA
    import platformdirs

    return platformdirs.user_data_path("pilothouse", appauthor=False)


def find(data: Path) -> Place | None:
    """The place in the folder `data`, or None if PostgreSQL has no home there yet.

    Raises `FolderNotUsable` if the home belongs to another user.
    """
    home = data.expanduser().resolve() / "postgres"
    try:
        _insist_on_owner(home)
        return Place(home.parent, os.fspath((home / "id").readlink()))
    except FileNotFoundError:
        return None


def make(data: Path) -> Place:
    """The place in the folder `data`, made if it is missing (0700, where this process makes it).

    Raises `FolderNotUsable` if the home belongs to another user.
    """
    home = data.expanduser().resolve() / "postgres"
    home.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.mkdir(mode=0o700, exist_ok=True)
    if _insist_on_owner(home) & 0o077:
        home.chmod(0o700)
    if not (home / "id").is_symlink():
        try:
            # A link is made in one step with its content, and by one process only.
            (home / "id").symlink_to(os.urandom(8).hex())
        except FileExistsError:  # another process was quicker: its identity counts
            return make(data)
    return Place(home.parent, os.fspath((home / "id").readlink()))


def _insist_on_owner(home: Path) -> int:
    """The mode of `home`, if it is this user's.

    In another's, root could be led to any file, and would leave files that the owner cannot use.
    """
    status = home.stat(follow_symlinks=False)
    if status.st_uid != os.geteuid():
        raise FolderNotUsable(
            f"The folder {home} belongs to the user with id {status.st_uid}, "
            f"and this process runs as {os.geteuid()}.",
            hint="Run as that user, or choose another folder with --data.",
        )
    return status.st_mode
