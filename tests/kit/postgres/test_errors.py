from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pilothouse.errors import PilothouseError
from pilothouse.kit.postgres import errors


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, errors.NoSpace),
        (errno.EDQUOT, errors.NoSpace),
        (errno.ENOEXEC, errors.NoServerForPlatform),
        (errno.EROFS, errors.FolderNotUsable),
        (errno.ENAMETOOLONG, errors.FolderNotUsable),
    ],
)
def test_an_error_of_the_system_says_what_to_do(number: int, kind: type[PilothouseError]) -> None:
    with pytest.raises(kind) as caught, errors.explaining(Path("/data")):
        raise OSError(number, os.strerror(number), "/data/file")
    assert type(caught.value) is kind
    assert caught.value.hint


def test_other_errors_pass_unchanged() -> None:
    with pytest.raises(ValueError, match="as it is"), errors.explaining(Path("/data")):
        raise ValueError("as it is")


def test_every_error_has_a_code_of_its_own() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and kind.__module__ == errors.__name__
    ]
    assert len(kinds) >= 11
    assert all(PilothouseError.of_code(kind.code) is kind for kind in kinds)
