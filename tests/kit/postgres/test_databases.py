from __future__ import annotations

from pathlib import Path

import pytest

from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit.postgres import databases
from pilothouse.kit.postgres.configuration import conninfo


def test_a_server_that_is_away_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"PostgreSQL refused: .*No such file"):
        databases.version(conninfo(tmp_path, "postgres"))
