"""Codegen's way in: a design becomes a whole repository, the same bytes for the same input."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from pilothouse.apps.mlops.codegen.application import application_files, application_values, requirements_of
from pilothouse.apps.mlops.codegen.documents import document_files
from pilothouse.apps.mlops.codegen.facts import Facts, facts_of
from pilothouse.apps.mlops.codegen.monitoring import monitoring_files
from pilothouse.apps.mlops.codegen.orchestration import orchestration_files
from pilothouse.apps.mlops.codegen.providers import COMMANDS
from pilothouse.apps.mlops.codegen.terraform import terraform_files
from pilothouse.apps.mlops.design import Design, Review, Role
from pilothouse.apps.mlops.requirements import Cloud, Workload

ROLLED_OUT = {"aws-ecs-fargate", "aws-lambda", "gcp-cloud-run", "gcp-vertex-endpoint", "azure-container-apps"}
"""Serving components that continuous delivery updates itself; the others take the image from Terraform."""


def generate(design: Design, reviews: Sequence[Review], project: str) -> dict[str, bytes]:
    """Every file of the repository by path, sorted.

    `project` is the name its owner gives it. Raises `UnknownComponent` or `Unwired` (both `ValueError`) for a
    design that no repository can be made of, naming the component.
    """
    facts = facts_of(design, reviews, project)
    values = {**application_values(facts), **_operations(facts)}
    orchestration, about = orchestration_files(facts, values)
    texts = {
        **application_files(facts, values),
        **terraform_files(facts),
        **monitoring_files(facts),
        **orchestration,
        **document_files(facts, {**values, "orchestration": about}),
        "design.json": json.dumps(
            design.model_dump(mode="json"), indent=2, sort_keys=True, ensure_ascii=False
        )
        + "\n",
    }
    return {path: texts[path].encode() for path in sorted(texts)}


def project_name(design: Design) -> str:
    """A name where nobody gave one: the use case, else the workload, in lower case with dashes."""
    use_case = design.requirements.use_case
    return (use_case.value.value if use_case else f"{design.workload.value}_system").replace("_", "-")


def _operations(facts: Facts) -> Mapping[str, object]:
    """What the Dockerfile, Compose, Makefile and workflows ask for beyond the package's own values."""
    serving = facts.component(Role.SERVING)
    extras = requirements_of(facts)
    prepare = {
        Workload.RAG: ["index", "--sample"],
        Workload.EDGE: ["train", "--sample", "1000"],
    }.get(facts.workload, ["train", "--sample", "1000"])
    own_registry = any("repository_url" in module.source.outputs for module in facts.modules)
    repository = (
        "ghcr.io/${{ github.repository }}"
        if facts.cloud is Cloud.KUBERNETES
        else "${{ vars.REPOSITORY_URL }}"
    )
    return {
        "extras": extras,
        "all_extras": ",".join(extras),
        "lambda_adapter": serving in {"aws-lambda", "aws-sagemaker-endpoint"},
        "default_command": COMMANDS[facts.workload][0],
        "prepare_command": json.dumps(prepare),
        "service_command": json.dumps(list(COMMANDS[facts.workload])),
        "image_expression": repository,
        "image_variable": 'image_tag="$tag"' if own_registry else 'image="$IMAGE"',
        "serving": serving,
        "rolls_out": serving in ROLLED_OUT,
    }
