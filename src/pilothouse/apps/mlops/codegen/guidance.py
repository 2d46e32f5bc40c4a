"""Sentences of the documents that differ by workload and cloud: tasks, first steps, measures, the request path."""

from __future__ import annotations

from pilothouse.apps.mlops.codegen.facts import CLOUD_NAMES, Facts
from pilothouse.apps.mlops.design import Role
from pilothouse.apps.mlops.requirements import Cloud, Regime, Workload

Row = tuple[str, str]

KEYS = {
    Cloud.AWS: "one KMS key of this system, rotated every year",
    Cloud.GCP: "one Cloud KMS key of this system, rotated every 90 days",
    Cloud.AZURE: "one Key Vault key of this system, rotated every year",
    Cloud.KUBERNETES: "the storage class named in terraform/environments/, which has to be an encrypted one",
}
ACCESS = {
    Cloud.AWS: "one IAM role per workload with named actions on named resources, inside a permissions boundary",
    Cloud.GCP: "one service account per workload with roles on single resources, by prefix in the bucket",
    Cloud.AZURE: "one managed identity per workload with roles on single resources; keys and passwords are turned off",
    Cloud.KUBERNETES: "one service account per workload without an API token; a NetworkPolicy names who may call whom",
}


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
        steps.append("Make API keys and store their SHA-256 digests, one per line, in the secret that docs/runbook.md names.")
    if facts.workload is Workload.EDGE:
        steps.append("Make the fleet's update key and give it to devices (`UPDATE_KEY`) and to whoever publishes models.")
    return steps


def first_steps(facts: Facts) -> list[str]:
    """Steps of the first deployment that only some designs have."""
    steps = []
    if facts.has(Role.GATEWAY):
        steps.append("Point the host name at the output `url` or `address`, and check `/health/ready` through it.")
    if "aws-sagemaker-model-monitor" in facts.components:
        steps.append("Model Monitor starts after the first training: before it there is nothing to compare with.")
    if "azure-postgres-pgvector" in facts.components:
        steps.append("As the administrator, create the service's user: `SELECT pgaadauth_create_principal('service', false, false)`.")
    if facts.components & {"aws-rds-pgvector"}:
        steps.append("As the owner, create the service's user: `CREATE USER service; GRANT rds_iam TO service;`.")
    if facts.cloud is Cloud.KUBERNETES:
        steps.append("Create the Kubernetes secrets that the table under Secrets names, before the first apply.")
    start = "index" if facts.workload is Workload.RAG else "train"
    steps.append(f"Run the `{start}` command once, so that there is something to serve.")
    return steps


def secrets_text(facts: Facts) -> str:
    """Where secrets live and how they are set; no value is ever in Terraform or in this repository."""
    if facts.cloud is Cloud.KUBERNETES:
        names = {
            "oss-minio": "`storage-root` (MINIO_ROOT_USER, MINIO_ROOT_PASSWORD), `storage-access` (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)",
            "oss-valkey": "`cache-access` (CACHE_PASSWORD)",
            "oss-qdrant": "`vector-store-key` (QDRANT__SERVICE__API_KEY)",
            "oss-keycloak": "`identity-database` (POSTGRES_USER, POSTGRES_PASSWORD, KC_DB_USERNAME, KC_DB_PASSWORD), "
            "`identity-admin` (KC_BOOTSTRAP_ADMIN_USERNAME, KC_BOOTSTRAP_ADMIN_PASSWORD)",
            "oss-airflow": "`airflow-webserver`, `airflow-fernet`, `airflow-metadata`, `airflow-git`",
            "oss-prometheus": "`grafana-admin` in the namespace `monitoring` (user, password)",
        }
        found = [text for component, text in names.items() if component in facts.components]
        found.append("`api-keys` (API_KEY_DIGESTS)")
        return f"Kubernetes secrets, made outside Terraform (from Vault, or by `kubectl create secret`): {'; '.join(found)}."
    command = {
        Cloud.AWS: f"aws secretsmanager put-secret-value --secret-id {facts.slug}-prod/api-keys --secret-string file://digests",
        Cloud.GCP: f"gcloud secrets versions add {facts.slug}-prod-api-keys --data-file=digests",
        Cloud.AZURE: "az keyvault secret set --vault-name VAULT --name api-keys --file digests",
    }[facts.cloud]
    return (
        "Terraform makes the secret and its permissions, never its value. Digests of API keys, one SHA-256 per line:\n\n"
        f"```sh\nprintf '%s' \"$KEY\" | sha256sum | cut -d ' ' -f 1 >> digests\n{command}\n```"
    )


def measures(facts: Facts) -> list[Row]:
    """What the repository does for compliance, each with how."""
    region = facts.design.region
    found = [
        ("Encryption at rest", f"Every store uses {KEYS[facts.cloud]}."),
        ("Encryption in transit", "TLS 1.2 or newer at the edge and to every store that offers it."),
        ("Least privilege", f"{ACCESS[facts.cloud][0].upper()}{ACCESS[facts.cloud][1:]}."),
        ("Residency", f"Everything runs in {region} ({CLOUD_NAMES[facts.cloud]}); one variable names it."),
        ("Retention", f"Raw data is deleted after {facts.retention_days} days, logs after {facts.log_retention_days}."),
        ("No personal data in logs", "Logs name rows and columns, never values."),
        ("Traceability", "Every prediction carries the model's version; every version its digest, metrics and rows."),
        ("Change control", "Tests and Terraform checks before a merge; deployments by short-lived credentials only."),
    ]
    if {Regime.GDPR, Regime.CCPA} & set(facts.compliance):
        found.append(("Erasure", "Delete the entity from the feature store and from raw/, then train again."))
    if Regime.EU_AI_ACT in facts.compliance:
        found.append(("Transparency", "docs/model-card.md says what the model is for; every answer carries its reasons."))
    if Regime.HIPAA in facts.compliance:
        found.append(("Agreement", f"A business associate agreement with {CLOUD_NAMES[facts.cloud]} has to be in place."))
    if Regime.PCI_DSS in facts.compliance:
        found.append(("Card data", "The contract holds no card number; keep it that way, and tokenise before ingest."))
    human = facts.design.requirements.human_review
    if human and human.value:
        found.append(("Human review", "The service scores; who acts on a score, and from which value on, is set by the caller."))
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
        found.insert(4, ("predictions/date=YYYY-MM-DD/", "predictions; `_SUCCESS` is written last", "until deleted"))
    return found


def path_text(facts: Facts) -> str:
    """How one request, event, day or question goes through the system."""
    match facts.workload:
        case Workload.ONLINE:
            return (
                "A caller sends an entity with the features it knows. The gateway ends TLS and limits rates; the service "
                "checks the key, completes the features from the online store, checks them against the data contract, "
                "asks the model in memory, and answers with the prediction, its three strongest reasons and the version."
            )
        case Workload.STREAMING:
            return (
                "A producer appends an event. A consumer reads it, completes its features, checks the contract, publishes "
                "the prediction under the event's id, and only then commits. After a crash in between the event comes "
                "again and the same result is published again, which readers keep once."
            )
        case Workload.BATCH:
            return (
                "Rows arrive by day under `raw/`. Every night the scoring job validates a day, scores it with the "
                "champion and writes one partition, its `_SUCCESS` last. A finished day is left alone unless forced, so "
                "that any day, and any range of days, can be scored again. Nothing listens for requests."
            )
        case Workload.EDGE:
            return (
                "The model runs on the device, and predicts with or without a network. Reports wait in a queue on disk "
                "until the network takes them. New models are offered by a signed manifest to a growing share of the "
                "devices; a device that cannot verify or run one keeps the one it has."
            )
        case Workload.RAG:
            return (
                "Documents are cut into passages and embedded once. A question is embedded, the nearest passages are "
                "found, and the model answers from them, naming the passages. An answer whose citations do not hold is "
                "not given. A fixed set of questions judges every change."
            )
        case Workload.TRAINING:
            return (
                "Labelled rows are validated and become features; a model is trained, judged on entities it has not "
                "seen, registered with its digest, and promoted if nothing speaks against it. Nothing is served here: "
                "readers load the champion from the registry."
            )
