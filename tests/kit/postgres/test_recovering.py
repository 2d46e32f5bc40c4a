from __future__ import annotations

from pathlib import Path

import psycopg

from pilothouse.kit import postgres
from pilothouse.kit.postgres.archiving import Archive, read, write
from pilothouse.kit.postgres.cluster import Cluster, current
from pilothouse.kit.postgres.place import find
from pilothouse.kit.postgres.recovering import _exchange


def test_a_restore_that_was_interrupted_between_its_renames_is_current_and_works(data: Path) -> None:
    home = data / "postgres"
    (home / "18").rename(home / "restored-18")
    assert current(home) == Cluster(home / "restored-18", 18)
    with postgres.attach(data) as attachment, psycopg.connect(attachment.dsn) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    place = find(data)
    new = home / ".draft-new"
    new.mkdir()
    kept = _exchange(place, current(home), Cluster(new, 18))
    assert [path.name for path in kept.iterdir() if path.name == "PG_VERSION"] == ["PG_VERSION"]
    assert list((home / "18").iterdir()) == []
    assert not (home / "restored-18").exists()
    (home / "18").rmdir()
    kept.rename(home / "18")


def test_remains_of_a_restore_are_cleared_by_the_next(tmp_path: Path) -> None:
    place = postgres.Place(tmp_path, "0")
    for name in ("postgres", "postgres/restored-18", "postgres/18", "postgres/.draft-new"):
        (tmp_path / name).mkdir()
    (place.home / "18" / "old").touch()
    (place.home / ".draft-new" / "new").touch()
    kept = _exchange(place, current(place.home), Cluster(place.home / ".draft-new", 18))
    assert (kept / "old").exists()
    assert (place.home / "18" / "new").exists()
    assert current(place.home) == Cluster(place.home / "18", 18)


def test_where_to_archive_is_kept_with_the_data_and_ended(data: Path) -> None:
    place = find(data)
    assert read(place) is None
    assert postgres.stop_archiving(data) is None
    archive = Archive(Path("/somewhere"), 60)
    write(place, archive)
    assert read(place) == archive
    assert postgres.status(data).archive == Path("/somewhere")
    assert postgres.stop_archiving(data) == Path("/somewhere")
    assert read(place) is None
    assert postgres.stop_archiving(data / "none") is None
