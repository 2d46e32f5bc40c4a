"""Brings data of an older major version to the newest in the wheel, keeping the old until the new has run."""

from __future__ import annotations

import re
from pathlib import Path

from pilothouse.kit.postgres import configuration, files, sockets
from pilothouse.kit.postgres.accounts import of_uid
from pilothouse.kit.postgres.cluster import Cluster, other_major
from pilothouse.kit.postgres.configuration import ROLE, conninfo
from pilothouse.kit.postgres.copies import readable
from pilothouse.kit.postgres.creation import draft_folder, draft_name, initdb, insist_on_space, remove_drafts
from pilothouse.kit.postgres.errors import StartFailed, UpgradeFailed
from pilothouse.kit.postgres.failures import checked
from pilothouse.kit.postgres.launcher import Startable
from pilothouse.kit.postgres.passing import gate_of, passing
from pilothouse.kit.postgres.place import Place
from pilothouse.kit.postgres.programs import run, way_to
from pilothouse.kit.postgres.stopping import end_orphans
from pilothouse.kit.postgres.wheel import servers

_EXTENSIONS = "update_extensions.sql"  # pg_upgrade writes it where an extension has a newer version
_STATISTICS_KEPT_SINCE = 18


def upgraded(place: Place, cluster: Cluster, package: Path | None = None) -> int:
    """Upgrade the place's `cluster` to the newest server in the wheel's `package`; its major version.

    The caller holds the start lock, nobody is attached and no server runs. Raises what `upgrade` does.
    """
    installed = servers(package)
    newest = installed[-1]
    if cluster.major == newest.major:
        return newest.major
    by_major = {server.major: server for server in installed}
    if cluster.major not in by_major or cluster.major > newest.major:
        raise other_major(cluster, installed)
    account = of_uid(cluster.path.stat().st_uid)
    old = Startable(cluster, readable(by_major[cluster.major], account), account)
    insist_on_space(place.data, files.size_of(cluster.path), "An upgrade")
    remove_drafts(place)
    if not _control(old)["Database cluster state"].startswith("shut down"):
        with passing(place, old):  # recovers what a crash left
            pass
    draft = draft_folder(place, account)
    work = draft_folder(place, account)
    new = Startable(Cluster(draft, newest.major), readable(newest, account), account)
    try:
        _converted(place, old, new, work)
        with passing(place, new) as socket_dir:
            _completed(new, work, socket_dir)
    except StartFailed as error:
        raise UpgradeFailed(
            f"The data in {place.data} stays at PostgreSQL {cluster.major}: {error.message}",
            hint="Nothing was lost: the old data is as it was.",
        ) from error
    else:
        _exchange(place, cluster, new.cluster)
    finally:
        end_orphans(place)  # servers of a pg_upgrade that was interrupted
        remove_drafts(place)
    return newest.major


def _control(startable: Startable) -> dict[str, str]:
    """What pg_controldata says of the cluster: its lines as names and values."""
    with way_to(startable.cluster.path, startable.account) as way:
        arguments = [startable.server.program("pg_controldata"), "-D", way.path]
        result = run(arguments, startable.account, inherit=way.descriptors)
    checked(result, startable.cluster.path)
    return dict(re.findall(r"^([^:\n]+):\s*(.*)$", result.stdout, re.MULTILINE))


def _converted(place: Place, old: Startable, new: Startable, work: Path) -> None:
    """Make the new cluster and fill it from the old one, whose files pg_upgrade only reads."""
    account = new.account
    sums = _control(old)["Data page checksum version"] != "0"
    with gate_of(place) as gate:
        initdb(new.cluster.path, new.server, account, gate, *_checksums(new, on=sums))
        for side in (old, new):
            configuration.write(place, side.cluster.path, side.cluster.major, account)
        sockets.prepare(place.socket_dir, account)
        with way_to(old.cluster.path, account) as source, way_to(new.cluster.path, account) as target:
            inherit = (gate, *source.descriptors, *target.descriptors)
            arguments = [new.server.program("pg_upgrade"), "-U", ROLE, "--socketdir", str(place.socket_dir)]
            arguments += ["-b", str(old.server.root / "bin"), "-d", source.path]
            arguments += ["-B", str(new.server.root / "bin"), "-D", target.path]
            mark = f"-c cluster_name={place.cluster_name}"  # by which servers that it left are found
            checked(run([*arguments, "-o", mark, "-O", mark], account, inherit=inherit, cwd=work), place.data)
            if not sums:
                enable = [new.server.program("pg_checksums"), "--enable", "-D", target.path]
                checked(run(enable, account, inherit=inherit), place.data)


def _checksums(new: Startable, *, on: bool) -> list[str]:
    """The initdb option for checksums like the old cluster's, which pg_upgrade demands."""
    if on:
        return ["--data-checksums"]
    return ["--no-data-checksums"] if new.cluster.major >= 18 else []


def _completed(new: Startable, work: Path, socket_dir: Path) -> None:
    """Update the extensions and gather the statistics that pg_upgrade did not carry over."""
    account = new.account
    if (work / _EXTENSIONS).exists():
        dsn = conninfo(socket_dir, "postgres")
        script = [new.server.program("psql"), "-X", "-v", "ON_ERROR_STOP=1", "-f", _EXTENSIONS, dsn]
        checked(run(script, account, cwd=work), work)
    vacuum = [new.server.program("vacuumdb"), "--all", "--analyze-only", "-h", str(socket_dir), "-U", ROLE]
    if new.cluster.major >= _STATISTICS_KEPT_SINCE:
        vacuum.append("--missing-stats-only")
    checked(run(vacuum, account), work)


def _exchange(place: Place, old: Cluster, new: Cluster) -> None:
    """Give the new cluster its name, which makes it the current one, and the old one a draft's."""
    new.path.rename(place.home / str(new.major))
    files.sync_folder(place.home)
    old.path.rename(draft_name(place))
