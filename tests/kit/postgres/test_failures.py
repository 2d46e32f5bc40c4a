from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pilothouse.errors import PilothouseError
from pilothouse.kit.postgres.errors import FolderNotUsable, NoServerForPlatform, NoSpace, StartFailed
from pilothouse.kit.postgres.failures import checked, from_output

DATA = Path("/data")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ('FATAL:  could not write lock file "postmaster.pid": No space left on device', NoSpace),
        ("could not extend file: Disk quota exceeded", NoSpace),
        ("initdb: error: could not access directory: Permission denied", FolderNotUsable),
        ("postgres: /lib/libc.so.6: version `GLIBC_2.28' not found", NoServerForPlatform),
        ("FATAL:  unexpected", StartFailed),
        ("", StartFailed),
    ],
)
def test_the_cause_is_told_from_what_was_said(said: str, kind: type[PilothouseError]) -> None:
    error = from_output("postgres", DATA, said)
    assert type(error) is kind
    assert said[-20:] in str(error)


def test_the_lines_around_the_last_error_are_quoted() -> None:
    said = "\n".join(
        [*(f"LOG:  {number}" for number in range(9)), "FATAL:  in /proc/self/fd/7/x", "hint", "more"]
    )
    text = str(from_output("postgres", DATA, said, hint="See the log."))
    assert text == "postgres failed on /data: LOG:  7 / LOG:  8 / FATAL:  in .../x / hint / more See the log."


def test_a_statement_refused_by_a_program_that_ended_well_is_a_failure() -> None:
    good = subprocess.CompletedProcess(["/bin/postgres"], 0, "", "LOG:  fine")
    checked(good, DATA)
    with pytest.raises(StartFailed, match=r"^postgres failed on /data: ERROR:  no such thing"):
        checked(subprocess.CompletedProcess(["/bin/postgres"], 0, "", "ERROR:  no such thing"), DATA)
    with pytest.raises(StartFailed, match="it said nothing"):
        checked(subprocess.CompletedProcess(["/bin/postgres"], 1, "", ""), DATA)
