"""Terraform: every component has a module that parses, sizes and targets reach it, nothing is wide open."""

import re
from functools import cache

import hcl2
import pytest

from apps.mlops.designs import design_of
from pilothouse.apps.mlops.catalogue import load_catalogue
from pilothouse.apps.mlops.codegen import Unwired
from pilothouse.apps.mlops.codegen.facts import facts_of
from pilothouse.apps.mlops.codegen.stack import FOLDER
from pilothouse.apps.mlops.codegen.terraform import terraform_files
from pilothouse.apps.mlops.design import Role
from pilothouse.apps.mlops.requirements import Cloud, Workload

WORKLOADS = {
    Role.VECTOR_STORE: Workload.RAG,
    Role.LLM: Workload.RAG,
    Role.FEATURE_STORE: Workload.ONLINE,
    Role.GATEWAY: Workload.ONLINE,
    Role.CACHE: Workload.ONLINE,
}
SERVING = {
    "aws-sagemaker-batch-transform": Workload.BATCH,
    "gcp-vertex-batch": Workload.BATCH,
    "azure-ml-batch": Workload.BATCH,
    "oss-edge-runtime": Workload.EDGE,
}
OFFERS = [
    (cloud, role, component.id)
    for component in load_catalogue().components
    for cloud in component.clouds
    for role in component.roles
]


def files_of(workload: Workload, cloud: Cloud, swaps: dict[Role, str] | None = None) -> dict[str, str]:
    return terraform_files(facts_of(design_of(workload, cloud, swaps=swaps), (), "fraud-detection"))


@cache
def parsed(text: str) -> None:
    hcl2.parses_to_tree(text)


def test_the_catalogue_offers_every_component_of_the_contract() -> None:
    assert len({component for _, _, component in OFFERS}) >= 62


@pytest.mark.parametrize(("cloud", "role", "component"), OFFERS)
def test_every_component_generates_a_module_that_parses(cloud: Cloud, role: Role, component: str) -> None:
    workload = SERVING.get(component) or WORKLOADS.get(role, Workload.STREAMING)

    files = files_of(workload, cloud, {role: component})

    module = f"terraform/modules/{component}/"
    assert f"./modules/{component}" in files["terraform/main.tf"]
    assert {
        module + name for name in ("main.tf", "outputs.tf", "variables.tf", "versions.tf")
    } <= files.keys()
    for path, text in files.items():
        if path.endswith((".tf", ".tfvars", ".tfbackend")):
            parsed(text)


def test_every_template_of_a_module_belongs_to_a_component_or_is_called() -> None:
    offered = {component for _, _, component in OFFERS}
    for folder in sorted(path for platform in FOLDER.iterdir() for path in platform.iterdir()):
        calls = f'source = "../{folder.name}"'
        called = any(calls in path.read_text() for path in folder.parent.rglob("main.tf"))
        assert folder.name in offered or folder.name == "foundation" or called, folder


def test_sizes_of_the_plan_reach_the_modules_and_staging_is_smaller() -> None:
    files = files_of(Workload.ONLINE, Cloud.AWS)

    production = files["terraform/environments/production.tfvars"]
    assert re.search(r"^serving_cpu +=  ?2$", production, re.MULTILINE)
    assert re.search(r"^serving_max_replicas += 9$", production, re.MULTILINE)
    assert 'training_instance    = "ml.m5.2xlarge"' in production
    staging = files["terraform/environments/staging.tfvars"]
    assert re.search(r"^serving_replicas += 1$", staging, re.MULTILINE)
    main = files["terraform/main.tf"]
    assert "= var.serving_cpu" in main
    assert 'variable "serving_cpu"' in files["terraform/variables.tf"]


def test_targets_residency_retention_and_schedules_are_variables_of_the_environment() -> None:
    production = files_of(Workload.BATCH, Cloud.AWS)["terraform/environments/production.tfvars"]

    for line in (
        'region              = "eu-west-1"',
        "retention_days      = 180",
        "monthly_budget_usd  = 5000",
    ):
        assert line in production
    assert "cron(0 3 ? * MON *)" in production


@pytest.mark.parametrize("cloud", list(Cloud))
def test_every_declared_root_variable_gets_a_value_or_has_a_default(cloud: Cloud) -> None:
    files = files_of(Workload.ONLINE, cloud)

    declared = dict(re.findall(r'variable "(\w+)" \{\n(.*?)\n\}', files["terraform/variables.tf"], re.DOTALL))
    for environment in ("production", "staging"):
        text = files[f"terraform/environments/{environment}.tfvars"]
        given = set(re.findall(r"^(\w+) +=", text, re.MULTILINE))
        assert given <= declared.keys()
        assert {name for name, body in declared.items() if "default" not in body} <= given


def test_no_policy_allows_everything_on_everything() -> None:
    for path in FOLDER.rglob("*.tf"):
        for actions in re.findall(r"actions\s*=\s*\[(.*?)\]", path.read_text(), re.DOTALL):
            assert '"*"' not in actions, path
            assert ":*" not in actions, path


def test_state_is_remote_and_encrypted_and_resources_are_tagged() -> None:
    files = files_of(Workload.ONLINE, Cloud.AWS)

    assert 'backend "s3" {}' in files["terraform/backend.tf"]
    assert "encrypt      = true" in files["terraform/environments/production.tfbackend"]
    assert "default_tags" in files["terraform/providers.tf"]
    assert "CostCenter" in files["terraform/main.tf"]


def test_two_components_of_one_role_get_names_of_their_own() -> None:
    design = design_of(Workload.STREAMING, Cloud.AWS)
    glue = design_of(Workload.BATCH, Cloud.AWS).choice(Role.INGEST)
    assert glue is not None
    both = design.model_copy(update={"choices": (*design.choices, glue)})

    main = terraform_files(facts_of(both, (), "fraud"))["terraform/main.tf"]

    assert 'module "ingest_aws_kinesis"' in main
    assert 'module "ingest_aws_glue"' in main
    assert "module.ingest_aws_glue.task" in main


def test_a_service_on_a_cluster_of_its_own_is_reached_through_it() -> None:
    files = files_of(Workload.ONLINE, Cloud.AWS, {Role.SERVING: "aws-eks"})

    assert "module.serving.cluster_endpoint" in files["terraform/providers.tf"]
    assert 'module "workload"' in files["terraform/main.tf"]
    assert 'gateway_target_type = "instance"' in files["terraform/main.tf"]
    assert "kube_context" not in files["terraform/variables.tf"]


def test_a_missing_neighbour_is_named() -> None:
    with pytest.raises(Unwired, match=r"aws-glue needs bucket_arn"):
        files_of(Workload.BATCH, Cloud.AWS, {Role.STORAGE: ""})
