"""The whole repository: every workload on every cloud, the same bytes each time, and truly different ones."""

import ast
import json
import tomllib
from itertools import combinations, product

import pytest
import yaml

from apps.mlops.designs import case_of, design_of
from pilothouse.apps.mlops.codegen import UnknownComponent, generate, project_name
from pilothouse.apps.mlops.design import Design, Role
from pilothouse.apps.mlops.requirements import Cloud, Workload

EVERYWHERE = {
    ".github/workflows/ci.yml",
    ".github/workflows/deploy.yml",
    "Dockerfile",
    "Makefile",
    "README.md",
    "compose.yaml",
    "design.json",
    "docs/architecture.md",
    "docs/compliance.md",
    "docs/cost.md",
    "docs/decisions/0001-platform.md",
    "docs/requirements.md",
    "docs/runbook.md",
    "monitoring/alerts.yml",
    "monitoring/dashboard.json",
    "pyproject.toml",
    "terraform/backend.tf",
    "terraform/bootstrap/main.tf",
    "terraform/environments/production.tfvars",
    "terraform/environments/staging.tfbackend",
    "terraform/main.tf",
    "terraform/variables.tf",
    "terraform/versions.tf",
    "tests/test_commands.py",
}
SOURCE = "src/fraud_detection/"


@pytest.mark.parametrize(("workload", "cloud"), list(product(Workload, Cloud)))
def test_every_workload_generates_on_every_cloud(workload: Workload, cloud: Cloud) -> None:
    case = case_of(workload, cloud)

    files = generate(case.design, case.reviews, "Fraud detection")

    assert files.keys() >= EVERYWHERE
    assert list(files) == sorted(files)
    assert generate(case.design, case.reviews, "Fraud detection") == files
    for path, data in files.items():
        text = data.decode()
        assert "<%" not in text, path
        assert "\r" not in text, path
        if path.endswith(".py"):
            ast.parse(text, path)
        elif path.endswith(".json"):
            json.loads(text)
        elif path.endswith(".toml"):
            tomllib.loads(text)
        elif path.endswith((".yml", ".yaml")) and "/chart/templates/" not in path:
            assert yaml.safe_load(text), path


def test_a_design_survives_the_way_through_its_own_file() -> None:
    case = case_of(Workload.ONLINE, Cloud.GCP)
    files = generate(case.design, case.reviews, "fraud-detection")

    again = Design.model_validate_json(files["design.json"])

    assert again == case.design
    assert generate(again, case.reviews, "fraud-detection") == files


def test_workloads_differ_truly() -> None:
    own = {
        Workload.BATCH: {"scoring.py"},
        Workload.ONLINE: {"online_store.py", "feature_log.py", "security.py"},
        Workload.STREAMING: {"consumer.py", "stream.py"},
        Workload.EDGE: {"device.py", "queue.py", "update.py"},
        Workload.RAG: {"documents.py", "passages.py", "answering.py", "prompt.py"},
        Workload.TRAINING: set(),
    }
    files = {w: set(generate(design_of(w, Cloud.AWS), (), "fraud-detection")) for w in own}

    for workload, names in own.items():
        assert files[workload] >= {SOURCE + name for name in names}, workload
    assert SOURCE + "service.py" not in files[Workload.BATCH] | files[Workload.TRAINING]
    assert SOURCE + "baseline.py" not in files[Workload.RAG]
    assert not any("aws-alb" in path for path in files[Workload.BATCH])
    for one, other in combinations(own, 2):
        assert files[one] != files[other], (one, other)


def test_clouds_differ_truly() -> None:
    files = {cloud: generate(design_of(Workload.ONLINE, cloud), (), "fraud-detection") for cloud in Cloud}

    clients = {
        Cloud.AWS: ("online_dynamodb", b"boto3"),
        Cloud.GCP: ("online_bigtable", b"google-cloud-bigtable"),
        Cloud.AZURE: ("online_cosmos", b"azure-cosmos"),
        Cloud.KUBERNETES: ("online_feast", b"redis"),
    }
    providers = {Cloud.AWS: b"aws", Cloud.GCP: b"google", Cloud.AZURE: b"azurerm", Cloud.KUBERNETES: b"helm"}
    for cloud, (module, package) in clients.items():
        assert f"{SOURCE}adapters/{module}.py" in files[cloud]
        assert package in files[cloud]["pyproject.toml"]
        assert b'"hashicorp/' + providers[cloud] + b'"' in files[cloud]["terraform/versions.tf"]
        others = [other for other in clients if other is not cloud]
        assert not any(f"{SOURCE}adapters/{clients[other][0]}.py" in files[cloud] for other in others)


def test_a_stream_beside_a_service_gets_a_reader() -> None:
    case = case_of(Workload.ONLINE, Cloud.AWS, {Role.INGEST: "aws-kinesis"})
    files = generate(case.design, case.reviews, "fraud-detection")

    assert SOURCE + "feature_updates.py" in files
    assert b'sidecar_command = ["update-features"]' in files["terraform/main.tf"]
    assert SOURCE + "feature_updates.py" not in generate(design_of(Workload.ONLINE, Cloud.AWS), (), "fraud")


def test_text_of_the_customer_cannot_break_out_of_the_documents() -> None:
    files = generate(design_of(Workload.ONLINE, Cloud.AWS), (), "fraud-detection")

    for path in ("README.md", "docs/requirements.md"):
        assert "<now>" not in files[path].decode()
        assert "&lt;now&gt;" in files[path].decode()


def test_an_unknown_component_is_named() -> None:
    design = design_of(Workload.ONLINE, Cloud.AWS, swaps={Role.CACHE: "aws-abacus"})

    with pytest.raises(UnknownComponent, match="aws-abacus"):
        generate(design, (), "fraud-detection")


def test_a_project_is_named_after_its_use_case_or_workload() -> None:
    design = design_of(Workload.ONLINE, Cloud.AWS)
    nameless = design.model_copy(
        update={"requirements": design.requirements.model_copy(update={"use_case": None})}
    )

    assert project_name(design) == "fraud-detection"
    assert project_name(nameless) == "online-system"
