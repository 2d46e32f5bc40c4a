"""Terraform's own settings: provider versions and configuration, remote state, and the root's locals."""

from __future__ import annotations

import re

from pilothouse.apps.mlops.codegen import hcl
from pilothouse.apps.mlops.codegen.application import fresh_features
from pilothouse.apps.mlops.codegen.facts import Facts
from pilothouse.apps.mlops.codegen.stack import Source, nested
from pilothouse.apps.mlops.requirements import Cloud, Workload

# Major versions that the modules were checked against (`terraform validate` with the providers' schemas of
# aws 6.25, google 6.50, azurerm 4.55, azuread 3.7, kubernetes 2.38 and helm 3.1).
PROVIDERS = {
    "aws": "~> 6.25",
    "azuread": "~> 3.7",
    "azurerm": "~> 4.55",
    "google": "~> 6.50",
    "helm": "~> 3.1",
    "kubernetes": "~> 2.38",
}
BACKENDS = {Cloud.AWS: "s3", Cloud.GCP: "gcs", Cloud.AZURE: "azurerm", Cloud.KUBERNETES: "s3"}
COMMANDS = {
    Workload.BATCH: ("score",),
    Workload.ONLINE: ("serve",),
    Workload.STREAMING: ("consume",),
    Workload.EDGE: ("serve",),
    Workload.RAG: ("serve",),
    Workload.TRAINING: ("train",),
}

_TYPE = re.compile(r'^(?:resource|data) "([a-z]+)_', re.MULTILINE)


def providers_of(*sources: Source) -> tuple[str, ...]:
    """Providers whose resources the modules use, sorted."""
    text = "\n".join(body for source in sources for body in source.files.values())
    return tuple(sorted(set(_TYPE.findall(text)) & PROVIDERS.keys()))


def versions(facts: Facts, source: Source | None = None) -> str:
    """versions.tf of one module, or of the root where `source` is None."""
    if source is None:
        names = providers_of(*(module.source for module in facts.modules), *nested(facts.modules))
    else:
        names = providers_of(source)
    required = "".join(
        f'    {name} = {{\n      source  = "hashicorp/{name}"\n      version = "{PROVIDERS[name]}"\n    }}\n'
        for name in names
    )
    inner = f"\n  required_providers {{\n{required}  }}\n" if names else ""
    return f'terraform {{\n  required_version = ">= 1.10"\n{inner}}}\n'


def backend(facts: Facts) -> str:
    """backend.tf: where state lives; the environment's .tfbackend file completes it."""
    note = "# Remote state: terraform init -backend-config=environments/production.tfbackend\n"
    return f'{note}terraform {{\n  backend "{BACKENDS[facts.cloud]}" {{}}\n}}\n'


def backend_config(facts: Facts, environment: str) -> str:
    """Settings of the backend in one environment; the store itself is made once, by terraform/bootstrap."""
    key, name = f"{facts.slug}/{environment}.tfstate", f"{facts.slug}-state"
    items: list[tuple[str, hcl.Literal]]
    match facts.cloud:
        case Cloud.AWS:
            items = [
                ("bucket", name),
                ("key", key),
                ("region", facts.design.region),
                ("encrypt", True),
                ("use_lockfile", True),
            ]
        case Cloud.GCP:
            items = [("bucket", name), ("prefix", f"{facts.slug}/{environment}")]
        case Cloud.AZURE:
            items = [
                ("resource_group_name", name),
                ("storage_account_name", f"{facts.slug.replace('-', '')}state"),
                ("container_name", "state"),
                ("key", key),
                ("use_azuread_auth", True),
            ]
        case _:
            items = [
                ("bucket", name),
                ("key", key),
                ("region", "main"),
                ("endpoints", {"s3": "https://objects.example.com"}),
                ("use_path_style", True),
                ("use_lockfile", True),
                ("skip_credentials_validation", True),
                ("skip_requesting_account_id", True),
                ("skip_metadata_api_check", True),
                ("skip_region_validation", True),
            ]
    return hcl.attributes([(name_, hcl.literal(value)) for name_, value in items], 0)


def provider_files(facts: Facts) -> str:
    """providers.tf: one configuration per provider in use."""
    names = providers_of(*(module.source for module in facts.modules), *nested(facts.modules))
    own_cluster = on_eks(facts)
    texts = {
        "aws": 'provider "aws" {\n  region = var.region\n\n  default_tags {\n    tags = local.tags\n  }\n}\n',
        "google": (
            'provider "google" {\n  project        = var.project_id\n  region         = var.region\n'
            "  default_labels = local.tags\n}\n"
        ),
        "azurerm": (
            'provider "azurerm" {\n'
            "  subscription_id     = var.subscription_id\n  storage_use_azuread = true\n\n"
            "  features {\n    key_vault {\n      purge_soft_delete_on_destroy = false\n    }\n  }\n}\n"
        ),
        "azuread": 'provider "azuread" {}\n',
        "kubernetes": _cluster_access(
            'provider "kubernetes" {{\n{inner}}}\n', on_eks=own_cluster, nested_exec=False
        ),
        "helm": _cluster_access(
            'provider "helm" {{\n  kubernetes = {{\n{inner}  }}\n}}\n', on_eks=own_cluster, nested_exec=True
        ),
    }
    return "\n".join(texts[name] for name in names)


def _cluster_access(shape: str, *, on_eks: bool, nested_exec: bool) -> str:
    """How a provider reaches the cluster: the one of this design on EKS, else one that exists already."""
    pad = "    " if nested_exec else "  "
    if not on_eks:
        inner = f"{pad}config_path    = var.kubeconfig_path\n{pad}config_context = var.kube_context\n"
    else:
        inner = (
            f"{pad}host                   = module.serving.cluster_endpoint\n"
            f"{pad}cluster_ca_certificate = base64decode(module.serving.cluster_certificate)\n\n"
            f"{pad}exec {'= ' if nested_exec else ''}{{\n"
            f'{pad}  api_version = "client.authentication.k8s.io/v1beta1"\n'
            f'{pad}  command     = "aws"\n'
            f'{pad}  args        = ["eks", "get-token", "--cluster-name", module.serving.cluster_name]\n'
            f"{pad}}}\n"
        )
    return shape.format(inner=inner)


def locals_of(facts: Facts) -> str:
    """The locals of the root's main.tf: names, tags, the image, its command and environment."""
    names = {module.name: module for module in facts.modules}
    registry = next((n for n, m in names.items() if "repository_url" in m.source.outputs), None)
    settings = [
        f"module.{name}.settings" for name, module in names.items() if "settings" in module.source.outputs
    ]
    own = hcl.braced(
        [
            ("SYSTEM_NAME", "local.name"),
            ("ENVIRONMENT", "var.environment"),
            ("REGION", "var.region"),
            ("LATENCY_SLO_MS", "tostring(var.latency_slo_ms)"),
        ],
        4,
    )
    on_lambda = facts.workload is Workload.STREAMING and "aws-lambda" in facts.components
    command = ("serve",) if on_lambda else COMMANDS[facts.workload]
    asked = {name for module in facts.modules for name in module.source.uses}
    lines = [("name", hcl.quoted(facts.slug)[:-1] + '-${var.environment}"')]
    image = f'"${{module.{registry}.repository_url}}:${{var.image_tag}}"' if registry else "var.image"
    offered = {
        "image": image,
        "service_command": hcl.literal(command),
        "sidecar_command": '["update-features"]' if fresh_features(facts) else "[]",
        "jobs": '["index"]' if facts.workload is Workload.RAG else "[]",
        "package": hcl.quoted(facts.package),
    }
    lines += [(name, value) for name, value in offered.items() if name in asked]
    parts = [hcl.attributes(lines), "\n", _tags(facts), "\n"]
    merged = "".join(f"    {item},\n" for item in [*settings, own])
    parts.append(f"  settings = merge(\n{merged}  )\n")
    if any(module.kubernetes and "node_port" in module.source.uses for module in facts.modules):
        parts.append(f"\n  node_port = {30080 if on_eks(facts) else 0}\n")
    if "aws-alb" in facts.components:
        kind = "instance" if "aws-eks" in facts.components else "ip"
        parts.append(f'\n  gateway_target_type = "{kind}"\n')
    if "aws-sagemaker-feature-store" in facts.components:
        kinds = [("entity_id", '"String"'), ("event_time", '"Fractional"')]
        kinds += [
            (c.name, '"String"' if c.kind == "category" else '"Fractional"') for c in facts.dataset.columns
        ]
        parts.append("\n  features = " + hcl.braced(kinds, 2) + "\n")
    return "locals {\n" + "".join(parts) + "}\n"


def _tags(facts: Facts) -> str:
    """Tags (labels on Google Cloud and Kubernetes, in lower case) of every resource."""
    tags = [
        ("Project", "local.name"),
        ("Environment", "var.environment"),
        ("Owner", "var.owner"),
        ("CostCenter", "var.cost_center"),
        ("DataClassification", "var.data_classification"),
        ("ManagedBy", '"terraform"'),
    ]
    if facts.cloud in {Cloud.GCP, Cloud.KUBERNETES}:
        tags = [(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower(), value) for name, value in tags]
    return "  tags = " + hcl.braced(tags, 2) + "\n"


def on_eks(facts: Facts) -> bool:
    """Whether the service runs on the cluster that this design makes itself."""
    return "aws-eks" in facts.components
