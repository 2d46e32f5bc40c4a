"""Sentences of the documents that differ by workload and cloud: tasks, first steps, measures, secrets."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from pilothouse.apps.mlops.codegen.application import fresh_features
from pilothouse.apps.mlops.codegen.facts import CLOUD_NAMES, Facts
from pilothouse.apps.mlops.design import Role
from pilothouse.apps.mlops.requirements import Cloud, Frozen, Workload

Row = tuple[str, str]

FILE = Path(__file__).parent / "guidance.toml"
WITH_SIDECAR = {
    "aws-ecs-fargate",
    "aws-eks",
    "aws-lambda",
    "azure-container-apps",
    "gcp-cloud-run",
    "oss-fastapi",
}
"""Serving components whose module also runs (or is handed) the updates of features."""


class Guidance(Frozen):
    """The sentences of guidance.toml, by what they depend on."""

    path: dict[Workload, str]
    keys: dict[Cloud, str]
    access: dict[Cloud, str]
    store_secret: dict[Cloud, str]
    first_step: dict[str, str]
    cluster_secret: dict[str, str]
    regime: dict[str, tuple[str, str]]


@cache
def guidance() -> Guidance:
    """The sentences."""
    return Guidance.model_validate(tomllib.loads(FILE.read_text(encoding="utf-8")))


def tasks(facts: Facts) -> list[Row]:
    """What is done every day or week, with its command."""
    run = f"python -m {facts.package}"
    if facts.workload is Workload.RAG:
        return [
            ("Index what has changed", f"{run} index"),
            ("Judge answers", f"{run} evaluate"),
            ("Ask one question", f'{run} ask "..."'),
        ]
    found = [
        ("Train, judge and promote", f"{run} train"),
        ("Let another version serve", f"{run} promote VERSION"),
        ("Let the version before serve again", f"{run} rollback"),
        ("Check for drift", f"{run} drift"),
    ]
    if facts.workload is Workload.BATCH:
        found += [
            ("Score one day again", f"{run} score --date YYYY-MM-DD --force"),
            ("Score a range of days (backfill)", f"{run} score --date FIRST --until LAST"),
        ]
    if facts.workload is Workload.EDGE:
        found += [
            ("Offer the champion to a tenth of the devices", f"{run} publish --percent 10"),
            ("Offer it to all", f"{run} publish --percent 100"),
        ]
    return found


def own_steps(facts: Facts) -> list[str]:
    """Steps of the README that only some designs have."""
    steps = []
    if facts.workload in {Workload.ONLINE, Workload.RAG}:
        steps.append(
            "Make API keys and store their SHA-256 digests in the secret that docs/runbook.md names."
        )
    if fresh_features(facts) and facts.component(Role.SERVING) not in WITH_SIDECAR:
        steps.append(
            "Run `update-features` beside the service: it brings events of the stream to the features."
        )
    if facts.workload is Workload.EDGE:
        steps.append("Give the fleet's update key (`UPDATE_KEY`) to devices and to whoever publishes models.")
    return steps


def first_steps(facts: Facts) -> list[str]:
    """Steps of the first deployment that only some designs have."""
    steps = []
    if facts.has(Role.GATEWAY):
        steps.append("Point the host name at the output `url` or `address`, and check `/health/ready` there.")
    steps += [text for component, text in guidance().first_step.items() if component in facts.components]
    if facts.cloud is Cloud.KUBERNETES:
        steps.append("Create the Kubernetes secrets that are named under Secrets, before the first apply.")
    start = "index" if facts.workload is Workload.RAG else "train"
    steps.append(f"Run the `{start}` command once, so that there is something to serve.")
    return steps


def secrets_text(facts: Facts) -> str:
    """Where secrets live and how they are set; no value is ever in Terraform or in this repository."""
    if facts.cloud is Cloud.KUBERNETES:
        found = [text for name, text in guidance().cluster_secret.items() if name in facts.components]
        names = "; ".join([*found, "`api-keys` (API_KEY_DIGESTS)"])
        return f"Kubernetes secrets, made outside Terraform (by Vault or `kubectl create secret`): {names}."
    command = guidance().store_secret[facts.cloud].format(slug=facts.slug)
    return (
        "Terraform makes the secret and its permissions, never its value. Digests of API keys, one per line:"
        f"\n\n```sh\nprintf '%s' \"$KEY\" | sha256sum | cut -d ' ' -f 1 >> digests\n{command}\n```"
    )


def measures(facts: Facts) -> list[Row]:
    """What the repository does for compliance, each with how."""
    cloud = CLOUD_NAMES[facts.cloud]
    kept = f"Raw data is deleted after {facts.retention_days} days, logs after {facts.log_retention_days}."
    found = [
        ("Encryption at rest", f"Every store uses {guidance().keys[facts.cloud]}."),
        ("Encryption in transit", "TLS 1.2 or newer at the edge and to every store that offers it."),
        ("Least privilege", guidance().access[facts.cloud]),
        ("Residency", f"Everything runs in {facts.design.region} ({cloud}); one variable names it."),
        ("Retention", kept),
        ("No personal data in logs", "Logs name rows and columns, never values."),
        ("Traceability", "Every answer carries the model's version; every version its digest and metrics."),
        (
            "Change control",
            "Tests and Terraform checks before a merge; deployments by short-lived credentials.",
        ),
    ]
    named = guidance().regime
    regimes = [named[regime.value] for regime in facts.compliance if regime.value in named]
    found += [(title, text.format(cloud=cloud)) for title, text in dict.fromkeys(regimes)]
    human = facts.design.requirements.human_review
    if human and human.value:
        found.append(
            ("Human review", "The service scores; the caller sets who acts on a score, and from where on.")
        )
    return found


def places(facts: Facts) -> list[tuple[str, str, str]]:
    """(prefix, what it holds, how long) of the bucket."""
    kept = f"{facts.retention_days} days"
    if facts.workload is Workload.RAG:
        return [
            ("raw/documents/", "the documents that answers come from", kept),
            ("evaluation/", "questions with their expected source", "until deleted"),
            ("monitoring/", "quality of answers, and its reference", "until deleted"),
        ]
    found = [
        ("raw/labelled/", "labelled rows to train on", kept),
        ("features/", "validated rows", "replaced by every training"),
        ("models/", "versions, each with digest and metrics, and which one serves", "until deleted"),
        ("monitoring/", "what was scored lately, the reference, drift reports", "until deleted"),
    ]
    if facts.workload is Workload.BATCH:
        found.insert(1, ("raw/date=YYYY-MM-DD/", "rows to score, by day", kept))
        found.insert(
            4, ("predictions/date=YYYY-MM-DD/", "predictions; `_SUCCESS` comes last", "until deleted")
        )
    return found


def path_text(facts: Facts) -> str:
    """How one request, event, day or question goes through the system."""
    return guidance().path[facts.workload]
