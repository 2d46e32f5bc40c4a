from __future__ import annotations

import re

import pytest

from apps.mlops.validators.samples import changed, repository
from pilothouse.apps.mlops.validators import Severity, ValidationFailed, require_passed, validate

NAMES = [
    "terraform-syntax",
    "terraform-references",
    "ruff",
    "tests",
    "workflows",
    "compose",
    "dockerfile",
    "yaml",
    "json",
    "secrets",
    "mermaid",
]


def test_a_clean_repository_passes_every_validator() -> None:
    validation = validate(repository())
    assert [result.name for result in validation.results] == NAMES
    assert [item for result in validation.results for item in result.findings] == []
    assert validation.passed
    require_passed(validation)


def test_everything_that_is_broken_is_named_with_file_and_line_and_the_same_bytes_come_out() -> None:
    files = changed("terraform/main.tf", "= local.name", "= local.gone")
    files["terraform/broken.tf"] = b"a = [\n"
    files["src/demo.py"] = b"import os\n\n\ndef double(value: int) -> int:\n    return 3 * value\n"
    files["Dockerfile"] = b'FROM python:3.12\nCMD ["a"]\n'
    files[".github/workflows/ci.yml"] = (
        b"on: push\njobs:\n  a:\n    runs-on: x\n    stepz: []\n    steps: [{run: x}]\n"
    )
    files["compose.yaml"] = b"services:\n  a:\n    image: x:1\n    image: x:2\n    portz: []\n"
    files["dashboards/service.json"] = b"{"
    files["docs/architecture.md"] = b"```mermaid\nflowchart LR\n  a[A\n```\n"
    files["src/keys.py"] = b'KEY = "AKIA' + b'QWERTYUIOPASDFGH"\n'
    validation = validate(files)
    places = {result.name: [item.place for item in result.findings] for result in validation.results}
    assert not any(result.passed for result in validation.results)
    assert places["terraform-syntax"] == ["terraform/broken.tf:2"]
    assert "terraform/main.tf:12" in places["terraform-references"]
    assert "src/demo.py:1" in places["ruff"]
    assert places["tests"] == ["tests/test_demo.py:8"]
    assert ".github/workflows/ci.yml:5" in places["workflows"]
    assert "compose.yaml:5" in places["compose"]
    assert places["dockerfile"] == ["Dockerfile:1"]
    assert places["yaml"] == ["compose.yaml:4"]
    assert places["json"] == ["dashboards/service.json:1"]
    assert places["secrets"] == ["src/keys.py:1"]
    assert places["mermaid"] == ["docs/architecture.md:3"]
    assert validate(files).model_dump_json() == validation.model_dump_json()
    with pytest.raises(ValidationFailed) as failure:
        require_passed(validation)
    for name in NAMES:
        assert re.search(rf"{name}: \S+:\d+: ", str(failure.value)), name


def test_a_warning_alone_does_not_fail() -> None:
    validation = validate(changed("terraform/variables.tf", "variable", 'variable "unused" {}\n\nvariable'))
    require_passed(validation)
    assert [item.severity for result in validation.results for item in result.findings] == [Severity.WARNING]
