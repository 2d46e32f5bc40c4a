"""The script of tasks: what it decides, and what it does in a small project of its own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

# A build backend that needs no download, of one module whose commands print what they were called with.
BACKEND = """
import zipfile

def build_editable(folder, settings=None, metadata=None):
    name = "pilothouse-0.1.dist-info"
    commands = "pilothouse=pilothouse:echo\\nlint-imports=pilothouse:echo\\nruff=pilothouse:fail"
    files = {
        "pilothouse.py": open("fake.py").read(),
        f"{name}/METADATA": "Metadata-Version: 2.1\\nName: pilothouse\\nVersion: 0.1\\n",
        f"{name}/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        f"{name}/entry_points.txt": f"[console_scripts]\\n{commands}\\n",
    }
    files[f"{name}/RECORD"] = "".join(f"{path},,\\n" for path in files)
    with zipfile.ZipFile(f"{folder}/pilothouse-0.1-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
    return "pilothouse-0.1-py3-none-any.whl"
"""
COMMANDS = """
import sys

def echo():
    print("called with", sys.argv[1:])
    return 7 if "--seven" in sys.argv else 0

def fail():
    print("something is not in order")
    return 1
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "pilothouse"
version = "0.1"
optional-dependencies = { dev = [] }
"""


@pytest.fixture(scope="module")
def dev(repository_root: Path) -> ModuleType:
    """The script as a module."""
    loader = SourceFileLoader("dev_script", str(repository_root / "dev"))
    spec = importlib.util.spec_from_loader("dev_script", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def repository_root() -> Path:
    """The root of this repository."""
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, repository_root: Path) -> Iterator[Path]:
    """A project with the script, whose checks and tests are scripts that print."""
    root = tmp_path_factory.mktemp("project")
    shutil.copy(repository_root / "dev", root / "dev")
    spine = '"""How fast the spine is.\n\nMore."""\nif __name__ == "__main__":\n    print("fast")\n'
    files = {
        "backend.py": BACKEND,
        "fake.py": COMMANDS,
        "pyproject.toml": PROJECT,
        "constraints.txt": "",
        "mypy.py": "print('types are fine')\n",
        "checks.py": "print('own checks')\n",
        "pytest.py": "import sys; print('pytest', sys.argv[1:])\n",
        "benchmarks/spine.py": spine,
        "benchmarks/report.py": '"""Shared by the others."""\n',
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    yield root
    shutil.rmtree(root)


def call(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script of a project, without a terminal and without this process's packages."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))
    }
    return subprocess.run(
        [sys.executable, "-I", str(root / "dev"), *arguments],
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_called_bare_it_lists_every_task_without_packages(dev: ModuleType, repository_root: Path) -> None:
    command = [sys.executable, "-I", "-S", str(repository_root / "dev")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    listed = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        listed
        == list(dev.TASKS)
        == ["demo", "run", "test", "check", "console", "fix", "bench", "lock", "audit", "clean"]
    )


def test_an_unknown_task_is_answered_with_the_nearest_one(repository_root: Path) -> None:
    done = call(repository_root, "tests")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "./dev: There is no task tests. Did you mean test?\n"


@pytest.mark.parametrize("version", [(3, 10, 14), (3, 9, 2), (2, 7, 18)])
def test_an_older_python_is_refused_with_what_to_do(dev: ModuleType, version: tuple[int, ...]) -> None:
    with pytest.raises(dev.Stop, match=r"needs Python 3\.11 or newer, and this is \d+\.\d+\.\d+\. \w+"):
        dev.require_python(version)


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 13, 1), (4, 0, 0)])
def test_newer_pythons_are_taken(dev: ModuleType, version: tuple[int, ...]) -> None:
    dev.require_python(version)


def test_a_python_without_ensurepip_is_refused_naming_the_package_to_install(dev: ModuleType) -> None:
    dev.require_modules(("venv", "ensurepip"))
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    with pytest.raises(dev.Stop, match=f"no no_such_module module.*apt-get install python{version}-venv"):
        dev.require_modules(("venv", "no_such_module"))


def test_the_stamp_changes_with_the_place_and_with_each_input(dev: ModuleType, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for root in (here, there):
        root.mkdir()
        (root / "pyproject.toml").write_text("a")
    before = dev.stamp(here)
    assert before == dev.stamp(here)
    assert dev.stamp(there).splitlines()[0] != before.splitlines()[0]
    assert dev.stamp(there).splitlines()[1] == before.splitlines()[1]
    seen = {before}
    for name, text in (("pyproject.toml", "b"), ("constraints.txt", "b"), ("constraints.txt", "c")):
        (here / name).write_text(text)
        seen.add(dev.stamp(here))
    assert len(seen) == 4


def test_it_installs_once_and_again_when_an_input_changed(project: Path) -> None:
    shutil.rmtree(project / ".venv", ignore_errors=True)
    first, second = call(project, "run", "doctor"), call(project, "run", "doctor")
    assert first.stdout == second.stdout == "called with ['doctor']\n", first.stderr
    assert "Making .venv" in first.stderr
    assert second.stderr == ""
    (project / "constraints.txt").write_text("# changed\n")
    third, fourth = call(project, "run"), call(project, "run")
    assert "Bringing .venv up to date" in third.stderr
    assert fourth.stderr == ""


def test_what_pip_cannot_install_stops_the_task_and_is_tried_again(project: Path) -> None:
    (project / "pyproject.toml").write_text(PROJECT.replace('"backend"', '"missing"'))
    for _ in range(2):
        done = call(project, "run")
        assert done.returncode == 2
        assert "pip could not install; its message is above." in done.stderr
    (project / "pyproject.toml").write_text(PROJECT)
    assert call(project, "run").returncode == 0


def test_the_exit_code_is_that_of_the_command(project: Path) -> None:
    assert call(project, "run", "--seven").returncode == 7


def test_the_demo_takes_defaults_where_nobody_can_be_asked(project: Path) -> None:
    done = call(project, "demo", "--json")
    assert "'run', 'mlops', 'Design an MLOps system for real-time fraud detection" in done.stdout
    assert done.stdout.endswith("'--yes', '--json']\n")


def test_checks_run_all_and_show_the_output_of_those_that_fail(project: Path) -> None:
    done = call(project, "check")
    table, _, output = done.stdout.partition("\n\n")
    results = dict(line.split()[:2] for line in table.splitlines()[1:])
    passed = dict.fromkeys(("types", "own", "layers"), "passed")
    failed = dict.fromkeys(("lint", "format"), "failed")
    assert done.returncode == 1
    assert results == passed | failed
    assert output.count("something is not in order") == 2
    assert "types are fine" not in output


def test_one_check_can_be_named_and_a_wrong_name_is_answered(project: Path) -> None:
    assert call(project, "check", "own", "types").returncode == 0
    done = call(project, "check", "style")
    assert done.returncode == 2
    assert "No check is called style; there are format, layers, lint, own, types." in done.stderr


def test_tests_wait_for_the_checks_unless_it_must_be_fast(project: Path) -> None:
    checked, fast = call(project, "test"), call(project, "test", "--fast", "-x")
    assert checked.returncode == 1
    assert "pytest [" not in checked.stdout
    assert (fast.returncode, fast.stdout[:8]) == (0, "pytest [")
    assert "--cov" not in fast.stdout
    assert fast.stdout.endswith("'-x']\n")


def test_the_whole_suite_is_held_to_its_coverage_and_a_selection_is_not(dev: ModuleType) -> None:
    whole = dev.pytest_command(["-x", "-v"], long=False, fast=False, measured=True)
    assert "--cov-fail-under=90" in whole
    assert whole[-2:] == ["-x", "-v"]
    assert whole[whole.index("not long and not timed and not browser") - 1] == "-m"
    for chosen in (["-k", "kill"], [__file__], [f"{__file__}::test_x"], ["-m", "long"], ["--lf"]):
        command = dev.pytest_command(chosen, long=False, fast=False, measured=True)
        assert not any(option.startswith("--cov") for option in command)
    assert not any(option.startswith("--cov") for option in dev.pytest_command([], long=False, fast=False))
    assert dev.selects(["--cov=pilothouse.kit", "--color=yes"]) is False


def test_the_contract_is_tested_apart_from_what_is_measured(dev: ModuleType) -> None:
    whole, contract = dev.pytest_command([], long=False, fast=False), dev.apart(["-x"], long=False)[2]
    assert all((dev.ROOT / path).is_file() and f"--ignore={path}" in whole for path in dev.CONTRACT)
    assert contract[-5:] == ["-q", "-n", str(dev.cores()), *dev.CONTRACT]
    assert "-x" in contract
    assert not any(option.startswith(("--cov", "--ignore")) for option in contract)


def test_the_engine_is_tested_once_more_on_the_oldest_postgresql(dev: ModuleType) -> None:
    command = dev.oldest_command(["-x"])
    assert command[1:3] == ["-m", "support.oldest"]
    assert command[-4:] == ["-x", "tests/runtime", "tests/runs", "tests/faults"]
    assert not any(option.startswith("--cov") for option in command)
    left_out = {Path(option.partition("=")[2]).name for option in command if option.startswith("--ignore=")}
    assert left_out == set(dev.ONCE)  # each is there


def test_long_tests_run_only_when_asked_for(dev: ModuleType) -> None:
    whole = dev.pytest_command([], long=True, fast=False)
    assert whole[whole.index("-m", 3) + 1] == "not timed and not browser"


def test_what_is_timed_runs_alone_and_unmeasured(dev: ModuleType) -> None:
    for long, chosen in ((False, "timed and not long"), (True, "timed")):
        command = dev.apart(["-x"], long=long)[0]
        place = command.index(chosen)
        assert command[place - 3 : place] == ["-n", "0", "-m"]
        assert f"{dev.ROOT}/tests/budgets/test_leasing.py" in command[place:]
        assert all("mark.timed" in Path(path).read_text() for path in command[place + 1 :])
        assert "-x" in command
        assert not any(option.startswith("--cov") for option in command)


def test_each_core_drives_one_browser(dev: ModuleType) -> None:
    command = dev.apart([], long=False)[1]
    place = command.index("browser and not timed and not long")
    assert command[place - 5 : place] == ["-n", str(dev.cores()), "--dist", "loadfile", "-m"]
    assert command[place + 1 :] == list(dev.BROWSER)
    assert all((dev.ROOT / path).exists() for path in dev.BROWSER)


def test_benchmarks_are_listed_and_run_and_what_they_share_is_not_one(project: Path) -> None:
    assert call(project, "bench").stdout.splitlines()[1:] == ["  spine        How fast the spine is."]
    assert call(project, "bench", "spine").stdout == "fast\n"
    wrong = call(project, "bench", "report")
    assert wrong.returncode == 2
    assert "No benchmark is called report; there are spine." in wrong.stderr


def test_the_lock_keeps_lines_of_other_platforms_and_sorts(dev: ModuleType) -> None:
    windows = "colorama==0.4 ; sys_platform == 'win32'"
    before = f"# head; a comment\n{windows}\nuvloop==1 ; sys_platform != 'win32'\nold==1\n"
    assert dev.locked_lines("uvloop==2\nJinja2==3\nalembic==1\n", before) == [
        "alembic==1",
        windows,
        "Jinja2==3",
        "uvloop==2",
    ]


def test_the_lock_refuses_what_has_no_version(dev: ModuleType) -> None:
    with pytest.raises(dev.Stop, match="thing @ file:"):
        dev.locked_lines("a==1\nthing @ file:///x\n", "")


def test_cleaning_removes_what_was_made_and_nothing_else(project: Path) -> None:
    kept = {"design.zip", ".env", "pilothouse.toml", "benchmarks/results/spine.json", "src/build/x.py", "dev"}
    made = {
        ".mypy_cache/x",
        ".coverage.host.1",
        "src/__pycache__/a.pyc",
        "src/a/__pycache__/b.pyc",
        "dist/x.whl",
    }
    for name in kept | made:
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert call(project, "clean").returncode == 0
    assert {name for name in kept | made if (project / name).exists()} == kept
    assert not (project / ".venv").exists()
    assert call(project, "clean").stdout == ""
