"""The generated package: its own linter is content, and its own tests pass, for every workload."""

import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from apps.mlops.designs import design_of
from pilothouse.apps.mlops.codegen import generate
from pilothouse.apps.mlops.codegen.application import application_files, application_values, requirements_of
from pilothouse.apps.mlops.codegen.datasets import ALIKE, dataset_of
from pilothouse.apps.mlops.codegen.facts import Facts, facts_of
from pilothouse.apps.mlops.design import Design, Role
from pilothouse.apps.mlops.requirements import Cloud, Constraint, ModelFamily, UseCase, Workload

RUFF = Path(sys.executable).parent / "ruff"


def write(design: Design, project: str, folder: Path) -> Path:
    for path, data in generate(design, (), project).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def facts_for(
    use_case: UseCase, workload: Workload = Workload.TRAINING, family: ModelFamily | None = None
) -> Facts:
    design = design_of(workload, Cloud.AWS)
    requirements = design.requirements.model_copy(update={"use_case": Constraint(value=use_case)})
    if family:
        requirements = requirements.model_copy(update={"model_family": Constraint(value=family)})
    return facts_of(design.model_copy(update={"requirements": requirements}), (), "system")


@pytest.mark.parametrize("workload", list(Workload))
def test_the_generated_tests_pass(workload: Workload, tmp_path: Path) -> None:
    folder = write(design_of(workload, Cloud.AWS), "fraud-detection", tmp_path)

    result = run(folder, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")

    assert result.returncode == 0, result.stdout[-3000:]
    assert " passed" in result.stdout
    assert ("skipped" in result.stdout) == ("is not installed: pip install" in result.stdout)


@pytest.mark.parametrize(("workload", "cloud"), list(product(Workload, Cloud)))
def test_the_generated_linter_is_content(workload: Workload, cloud: Cloud, tmp_path: Path) -> None:
    folder = write(design_of(workload, cloud), "predictive-maintenance", tmp_path)

    check = run(folder, str(RUFF), "check", "--no-cache", "--output-format", "concise", ".")
    layout = run(folder, str(RUFF), "format", "--no-cache", "--check", ".")

    assert check.returncode == 0, check.stdout
    assert layout.returncode == 0, layout.stdout


@pytest.mark.parametrize("workload", [Workload.ONLINE, Workload.RAG])
def test_the_generated_types_hold(workload: Workload, tmp_path: Path) -> None:
    folder = write(design_of(workload, Cloud.AWS), "fraud-detection", tmp_path)

    result = run(folder, sys.executable, "-m", "mypy", "--no-incremental")

    assert result.returncode == 0, result.stdout


ALTERNATIVES = [
    (Workload.ONLINE, Cloud.AWS, {Role.INGEST: "aws-kinesis", Role.SERVING: "aws-lambda"}),
    (Workload.RAG, Cloud.AWS, {Role.SERVING: "aws-lambda", Role.VECTOR_STORE: "aws-opensearch"}),
    (Workload.ONLINE, Cloud.GCP, {Role.SERVING: "gcp-vertex-endpoint", Role.ORCHESTRATION: "gcp-composer"}),
]


@pytest.mark.parametrize(("workload", "cloud", "swaps"), ALTERNATIVES)
def test_variants_of_the_code_are_linted_and_tested_too(
    workload: Workload, cloud: Cloud, swaps: dict[Role, str], tmp_path: Path
) -> None:
    folder = write(design_of(workload, cloud, swaps=swaps), "x", tmp_path)

    for command in (["check"], ["format", "--check"]):
        result = run(folder, str(RUFF), *command, "--no-cache", ".")
        assert result.returncode == 0, result.stdout
    only = "service or answers or events or command"
    result = run(folder, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", only)
    assert result.returncode == 0, result.stdout[-3000:]


@pytest.mark.parametrize("use_case", [case for case in UseCase if case not in ALIKE])
def test_the_sample_rows_of_every_use_case_train_a_model_that_serves(
    use_case: UseCase, tmp_path: Path
) -> None:
    facts = facts_for(use_case)
    values = application_values(facts)
    for path, text in application_files(facts, {**values, **_operations()}).items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    result = run(tmp_path / "src", sys.executable, "-m", facts.package, "train", "--sample", "400")

    assert result.returncode == 0, result.stdout + result.stderr
    assert '"promoted": true' in result.stdout
    assert dataset_of(use_case).label


def _operations() -> dict[str, object]:
    names = (
        "extras",
        "all_extras",
        "lambda_adapter",
        "default_command",
        "prepare_command",
        "service_command",
    )
    others = ("image_expression", "image_variable", "serving", "rolls_out")
    return dict.fromkeys((*names, *others), "") | {"extras": {}}


@pytest.mark.parametrize(
    ("family", "package", "library"),
    [
        (ModelFamily.GRADIENT_BOOSTING, "xgboost>=2.1", "import xgboost"),
        (ModelFamily.LINEAR, "scikit-learn>=1.5", "from sklearn"),
        (ModelFamily.TRANSFORMER, "torch>=2.5", "import torch"),
    ],
)
def test_the_model_family_chooses_the_heavy_trainer(family: ModelFamily, package: str, library: str) -> None:
    facts = facts_for(UseCase.CHURN, family=family)
    files = application_files(facts, {**application_values(facts), **_operations()})

    assert package in requirements_of(facts)["heavy"]
    assert library in files[f"src/{facts.package}/heavy.py"]


def test_answers_from_documents_need_no_heavy_trainer() -> None:
    facts = facts_for(UseCase.DOCUMENT_QA, Workload.RAG)

    assert "heavy" not in requirements_of(facts)
