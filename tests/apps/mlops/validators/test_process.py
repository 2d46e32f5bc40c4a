from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pilothouse.apps.mlops.validators.process import Tool, python, running, written


def test_the_environment_holds_nothing_of_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PILOTHOUSE_HOME", "COVERAGE_PROCESS_START", "PYTEST_ADDOPTS", "PYTHONPATH", "API_TOKEN"):
        monkeypatch.setenv(name, "x")
    tool = Tool(python("-c", "import os; print(*sorted(os.environ))"), tmp_path, tmp_path)
    with running(tool):
        outcome = tool.finish()
    assert outcome.code == 0
    assert set(outcome.output.split()) <= {
        *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "HOME", "TMPDIR"),
        *("PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "PYTEST_DISABLE_PLUGIN_AUTOLOAD"),
    }


def test_a_tool_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    script = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\ntime.sleep(60)\n"
    )
    started = time.monotonic()
    tool = Tool(python("-c", script), tmp_path, tmp_path, deadline=1.0)
    with running(tool):
        outcome = tool.finish()
    assert outcome.code is None
    assert time.monotonic() - started < 10
    assert _gone(int(outcome.output))


def test_leaving_the_block_by_an_error_ends_the_tool(tmp_path: Path) -> None:
    tool = Tool(python("-c", "import time; time.sleep(60)"), tmp_path, tmp_path)
    with pytest.raises(KeyError), running(tool):
        raise KeyError
    assert tool._process.poll() is not None


def test_output_does_not_name_the_folder(tmp_path: Path) -> None:
    tool = Tool(python("-c", "import os; print(os.getcwd() + '/a.py', os.getcwd())"), tmp_path, tmp_path)
    with running(tool):
        assert tool.finish().output.split() == ["a.py", "."]


@pytest.mark.parametrize("path", ["/etc/x", "../x", "a/../../x"])
def test_a_path_that_leads_out_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="leads out of the repository"), written({path: b""}):
        raise AssertionError


def _gone(process: int) -> bool:
    for _ in range(100):
        status = Path(f"/proc/{process}/stat")
        if not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False
