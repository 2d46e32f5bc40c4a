"""Who may import whom by name, and the contracts of import-linter in pyproject.toml."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from checks.layers import app_imports, core_imports, domain_imports

Found = Callable[..., list[tuple[str, int]]]  # see conftest.py

P = "src/pilothouse"
DOMAINS = {f"{P}/{name}/__init__.py": "" for name in ("runs", "inbox")}


@pytest.mark.parametrize(
    "path", [f"{P}/kit/db.py", f"{P}/runtime/x/y.py", f"{P}/settings.py", f"{P}/errors.py"]
)
@pytest.mark.parametrize(
    "text", ["import fastapi", "from typer import run", "def f():\n    import rich.table"]
)
def test_the_core_imports_no_front_end(found: Found, path: str, text: str) -> None:
    assert [place for place, _ in found(core_imports, {path: text})] == [path]


def test_domains_and_cli_import_front_ends(found: Found) -> None:
    assert (
        found(core_imports, {f"{P}/runs/endpoints.py": "import fastapi", f"{P}/cli/x.py": "import rich"})
        == []
    )


@pytest.mark.parametrize(
    "text",
    [
        "import pilothouse.inbox",
        "import pilothouse.inbox.tables",
        "from pilothouse import inbox",
        "from pilothouse.inbox import Question",
        "from pilothouse.inbox.repository import find",
        "from pilothouse.inbox import service, repository",
        "from ..inbox import tables",
        "from ..inbox.tables import Row",
        "def f():\n    from pilothouse.inbox.endpoints import router",
    ],
)
def test_a_domain_imports_nothing_of_another_but_service_and_schemas(found: Found, text: str) -> None:
    path = f"{P}/runs/service.py"
    assert [place for place, _ in found(domain_imports, {**DOMAINS, path: text})] == [path]


@pytest.mark.parametrize(
    "text",
    [
        "import pilothouse.inbox.service",
        "from pilothouse.inbox import service, schemas",
        "from pilothouse.inbox.schemas import Question",
        "from ..inbox.service import Inbox",
        "from pilothouse.runs.repository import find",
        "from .repository import find",
        "from . import tables",
        "from pilothouse.kit.ids import new_id",
        "from inbox import anything",
    ],
)
def test_a_domain_imports_services_schemas_itself_and_what_lies_below(found: Found, text: str) -> None:
    assert found(domain_imports, {**DOMAINS, f"{P}/runs/service.py": text}) == []


@pytest.mark.parametrize(("name", "lines"), [("Breaker", []), ("breaker", [1]), ("Breaker, Board", [1])])
def test_of_a_domain_that_is_used_alone_the_public_names_are_a_door(
    found: Found, name: str, lines: list[int]
) -> None:
    path = f"{P}/runs/service.py"
    files = {
        f"{P}/resilience/__init__.py": '__all__ = ["Breaker"]',
        path: f"from pilothouse.resilience import {name}",
    }
    assert found(domain_imports, {**DOMAINS, **files}) == [(path, line) for line in lines]


def test_relative_imports_of_a_package_are_resolved_from_the_package_itself(found: Found) -> None:
    path = f"{P}/runs/__init__.py"
    assert found(domain_imports, {**DOMAINS, path: "from .service import Runs"}) == []
    assert found(domain_imports, {**DOMAINS, path: "from ..inbox import tables"}) == [(path, 1)]


def test_the_composition_root_and_the_command_line_import_any_part_of_a_domain(found: Found) -> None:
    files = {
        f"{P}/app.py": "import pilothouse.runs.tables",
        f"{P}/cli/x.py": "from pilothouse.runs import tables",
    }
    assert found(domain_imports, {**DOMAINS, **files}) == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("from pilothouse import App, agent", []),
        ("import pilothouse", []),
        ("from pilothouse.apps.mlops.design import Design", []),
        ("from .design import Design", []),
        ("from .. import other", [1]),
        ("from pilothouse import kit", [1]),
        ("from pilothouse import App, errors", [1]),
        ("import pilothouse.runtime", [1]),
        ("from pilothouse.kit.money import Money", [1]),
        ("from pilothouse.apps import support", [1]),
        ("from pilothouse.apps.support.desk import Desk", [1]),
        ("import pilothouse_extras.kit", []),
    ],
)
def test_an_application_imports_public_names_and_its_own_package(
    found: Found, text: str, lines: list[int]
) -> None:
    path = f"{P}/apps/mlops/workflow.py"
    inner = ("__init__", "errors", "kit/__init__", "runtime/__init__", "apps/__init__")
    others = {f"{P}/{name}.py": "" for name in inner}
    assert found(app_imports, {**others, path: text}) == [(path, line) for line in lines]


def lint_imports(folder: Path, repository: Path, modules: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the contracts of this repository's pyproject.toml on a package of these modules."""
    for name, text in {"__init__": "", "errors": "", **modules}.items():
        path = folder / "pilothouse" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if path.parent.name != "pilothouse":
            (path.parent / "__init__.py").touch()
    if (folder / "pilothouse/apps").exists():
        (folder / "pilothouse/apps/__init__.py").touch()
    lint = "import sys, importlinter.cli as c; sys.exit(c.lint_imports(sys.argv[1], no_cache=True))"
    command = [sys.executable, "-c", lint, str(repository / "pyproject.toml")]
    environment = os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "200"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_contracts_hold_for_a_package_that_keeps_the_layers(tmp_path: Path, repository: Path) -> None:
    done = lint_imports(
        tmp_path,
        repository,
        {
            "__init__": "from pilothouse.app import App",
            "settings": "import pilothouse.errors",
            "kit/session": "import pilothouse.settings",
            "runtime/journal": "import pilothouse.kit.session",
            "runs/service": "import pilothouse.runtime.journal, pilothouse.inbox.service",
            "inbox/service": "import pilothouse.runs.schemas",
            "runs/schemas": "",
            "migrations/env": "import pilothouse.runs.schemas",
            "app": "import pilothouse.runs.service, pilothouse.migrations.env\nApp = 1",
            "cli/main": "import pilothouse.app",
            "apps/mlops/flow": "from pilothouse import App",
        },
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Contracts: 2 kept, 0 broken." in done.stdout


def test_the_contracts_name_every_import_that_breaks_the_layers(tmp_path: Path, repository: Path) -> None:
    done = lint_imports(
        tmp_path,
        repository,
        {
            "__init__": "from pilothouse.app import App",
            "app": "App = 1",
            "errors": "import pilothouse.settings",
            "settings": "import pilothouse.kit.session",
            "kit/session": "import pilothouse.runtime.journal",
            "runtime/journal": "import pilothouse.runs.service",
            "runs/service": "from pilothouse import App",
            "cli/main": "import pilothouse.apps.mlops.flow",
            "apps/mlops/flow": "import pilothouse.apps.support.flow",
            "apps/support/flow": "",
            "extras/thing": "",
        },
    )
    assert done.returncode == 1, done.stdout + done.stderr
    broken = (
        "pilothouse.errors is not allowed to import pilothouse.settings",
        "pilothouse.settings is not allowed to import pilothouse.kit",
        "pilothouse.kit is not allowed to import pilothouse.runtime",
        "pilothouse.runtime is not allowed to import pilothouse.runs",
        "pilothouse.runs is not allowed to import pilothouse.app",
        "pilothouse.cli is not allowed to import pilothouse.apps",
        "pilothouse.apps.mlops is not allowed to import pilothouse.apps.support",
        "pilothouse.extras",
    )
    assert [line for line in broken if line not in done.stdout] == []
