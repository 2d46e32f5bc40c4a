"""Designs made by hand: one per workload and cloud, and one that holds any given component."""

from __future__ import annotations

from decimal import Decimal

from pilothouse.apps.mlops.design import (
    Alternative,
    Check,
    Choice,
    Demand,
    Design,
    Rejected,
    Review,
    Role,
    Score,
    Verdict,
)
from pilothouse.apps.mlops.pricing.model import Bill, CostLine
from pilothouse.apps.mlops.requirements import (
    Cloud,
    Constraint,
    Frozen,
    ModelFamily,
    Regime,
    Requirements,
    UseCase,
    Workload,
)

REGIONS = {
    Cloud.AWS: "eu-west-1",
    Cloud.GCP: "europe-west1",
    Cloud.AZURE: "westeurope",
    Cloud.KUBERNETES: "eu-central",
}

USE_CASES = {
    Workload.BATCH: (UseCase.CHURN, ModelFamily.GRADIENT_BOOSTING),
    Workload.ONLINE: (UseCase.FRAUD_DETECTION, ModelFamily.GRADIENT_BOOSTING),
    Workload.STREAMING: (UseCase.ANOMALY_DETECTION, ModelFamily.LINEAR),
    Workload.EDGE: (UseCase.VISION_INSPECTION, ModelFamily.COMPUTER_VISION),
    Workload.RAG: (UseCase.DOCUMENT_QA, ModelFamily.LLM),
    Workload.TRAINING: (UseCase.FORECASTING, ModelFamily.TIME_SERIES),
}

COMMON = {
    Cloud.AWS: {
        Role.STORAGE: "aws-s3",
        Role.ORCHESTRATION: "aws-step-functions",
        Role.TRAINING: "aws-sagemaker-training",
        Role.REGISTRY: "aws-sagemaker-registry",
        Role.MONITORING: "aws-cloudwatch",
        Role.DRIFT: "aws-sagemaker-model-monitor",
        Role.CICD: "oss-github-actions",
        Role.SECRETS: "aws-secrets-manager",
        Role.IDENTITY: "aws-iam",
    },
    Cloud.GCP: {
        Role.STORAGE: "gcp-gcs",
        Role.ORCHESTRATION: "gcp-workflows",
        Role.TRAINING: "gcp-vertex-training",
        Role.REGISTRY: "gcp-artifact-registry",
        Role.MONITORING: "gcp-cloud-monitoring",
        Role.DRIFT: "oss-drift-job",
        Role.CICD: "oss-github-actions",
        Role.SECRETS: "gcp-secret-manager",
        Role.IDENTITY: "gcp-iam",
    },
    Cloud.AZURE: {
        Role.STORAGE: "azure-blob",
        Role.ORCHESTRATION: "azure-data-factory",
        Role.TRAINING: "azure-ml-training",
        Role.REGISTRY: "azure-container-registry",
        Role.MONITORING: "azure-monitor",
        Role.DRIFT: "oss-drift-job",
        Role.CICD: "oss-github-actions",
        Role.SECRETS: "azure-key-vault",
        Role.IDENTITY: "azure-entra",
    },
    Cloud.KUBERNETES: {
        Role.STORAGE: "oss-minio",
        Role.ORCHESTRATION: "oss-argo-workflows",
        Role.TRAINING: "oss-training-job",
        Role.REGISTRY: "oss-mlflow",
        Role.MONITORING: "oss-prometheus",
        Role.DRIFT: "oss-drift-job",
        Role.CICD: "oss-github-actions",
        Role.SECRETS: "oss-vault",
        Role.IDENTITY: "oss-keycloak",
    },
}

OWN: dict[tuple[Workload, Cloud], dict[Role, str]] = {
    (Workload.ONLINE, Cloud.AWS): {
        Role.FEATURE_STORE: "aws-dynamodb",
        Role.SERVING: "aws-ecs-fargate",
        Role.GATEWAY: "aws-alb",
        Role.CACHE: "aws-elasticache",
    },
    (Workload.ONLINE, Cloud.GCP): {
        Role.FEATURE_STORE: "gcp-bigtable",
        Role.SERVING: "gcp-cloud-run",
        Role.GATEWAY: "gcp-load-balancer",
        Role.CACHE: "gcp-memorystore",
    },
    (Workload.ONLINE, Cloud.AZURE): {
        Role.FEATURE_STORE: "azure-cosmos",
        Role.SERVING: "azure-container-apps",
        Role.GATEWAY: "azure-app-gateway",
        Role.CACHE: "azure-redis",
    },
    (Workload.ONLINE, Cloud.KUBERNETES): {
        Role.FEATURE_STORE: "oss-feast",
        Role.SERVING: "oss-fastapi",
        Role.GATEWAY: "oss-envoy",
        Role.CACHE: "oss-valkey",
    },
    (Workload.STREAMING, Cloud.AWS): {
        Role.INGEST: "aws-kinesis",
        Role.FEATURE_STORE: "aws-dynamodb",
        Role.SERVING: "aws-ecs-fargate",
    },
    (Workload.STREAMING, Cloud.GCP): {
        Role.INGEST: "gcp-pubsub",
        Role.FEATURE_STORE: "gcp-bigtable",
        Role.SERVING: "gcp-cloud-run",
    },
    (Workload.STREAMING, Cloud.AZURE): {
        Role.INGEST: "azure-event-hubs",
        Role.FEATURE_STORE: "azure-cosmos",
        Role.SERVING: "azure-container-apps",
    },
    (Workload.STREAMING, Cloud.KUBERNETES): {
        Role.INGEST: "oss-kafka",
        Role.FEATURE_STORE: "oss-feast",
        Role.SERVING: "oss-fastapi",
        Role.CACHE: "oss-valkey",
    },
    (Workload.BATCH, Cloud.AWS): {Role.INGEST: "aws-glue", Role.SERVING: "aws-sagemaker-batch-transform"},
    (Workload.BATCH, Cloud.GCP): {Role.SERVING: "gcp-vertex-batch"},
    (Workload.BATCH, Cloud.AZURE): {Role.SERVING: "azure-ml-batch"},
    (Workload.BATCH, Cloud.KUBERNETES): {Role.SERVING: "oss-fastapi", Role.ORCHESTRATION: "oss-airflow"},
    (Workload.RAG, Cloud.AWS): {
        Role.VECTOR_STORE: "aws-rds-pgvector",
        Role.LLM: "aws-bedrock",
        Role.SERVING: "aws-ecs-fargate",
        Role.GATEWAY: "aws-api-gateway",
        Role.DRIFT: "oss-drift-job",
    },
    (Workload.RAG, Cloud.GCP): {
        Role.VECTOR_STORE: "gcp-cloudsql-pgvector",
        Role.LLM: "gcp-vertex-gemini",
        Role.SERVING: "gcp-cloud-run",
        Role.GATEWAY: "gcp-load-balancer",
    },
    (Workload.RAG, Cloud.AZURE): {
        Role.VECTOR_STORE: "azure-postgres-pgvector",
        Role.LLM: "azure-openai",
        Role.SERVING: "azure-container-apps",
        Role.GATEWAY: "azure-app-gateway",
    },
    (Workload.RAG, Cloud.KUBERNETES): {
        Role.VECTOR_STORE: "oss-qdrant",
        Role.LLM: "oss-vllm",
        Role.SERVING: "oss-fastapi",
        Role.GATEWAY: "oss-envoy",
    },
    (Workload.EDGE, Cloud.AWS): {Role.INGEST: "aws-kinesis", Role.SERVING: "oss-edge-runtime"},
    (Workload.EDGE, Cloud.GCP): {Role.INGEST: "gcp-pubsub", Role.SERVING: "oss-edge-runtime"},
    (Workload.EDGE, Cloud.AZURE): {Role.INGEST: "azure-event-hubs", Role.SERVING: "oss-edge-runtime"},
    (Workload.EDGE, Cloud.KUBERNETES): {Role.INGEST: "oss-mqtt", Role.SERVING: "oss-edge-runtime"},
    (Workload.TRAINING, Cloud.AWS): {Role.TRAINING: "aws-batch"},
    (Workload.TRAINING, Cloud.GCP): {},
    (Workload.TRAINING, Cloud.AZURE): {},
    (Workload.TRAINING, Cloud.KUBERNETES): {},
}
"""What each workload and cloud adds to, or puts in place of, the components in `COMMON`."""

PARAMETERS: dict[str, dict[str, str | int | float | bool]] = {
    "aws-ecs-fargate": {"cpu": 2, "memory_mb": 4096, "replicas": 3, "max_replicas": 9},
    "aws-kinesis": {"shards": 5, "retention_hours": 48},
    "aws-elasticache": {"instance": "cache.m7g.large", "nodes": 2},
    "aws-sagemaker-training": {"instance": "ml.m5.2xlarge", "nodes": 1, "hours_per_month": 8.5, "gpu": 0},
    "gcp-cloud-run": {"cpu": 2, "memory_mb": 2048, "replicas": 2, "max_replicas": 20},
    "azure-container-apps": {"cpu": 1, "memory_mb": 2048, "replicas": 2, "max_replicas": 10},
    "oss-fastapi": {"cpu": 1, "memory_mb": 1024, "replicas": 3, "max_replicas": 12},
    "oss-kafka": {"nodes": 3, "storage_gb": 200, "partitions": 12, "retention_hours": 72},
}


class Case(Frozen):
    """One design with the reviews of its critics."""

    design: Design
    reviews: tuple[Review, ...]


def design_of(
    workload: Workload,
    cloud: Cloud,
    *,
    swaps: dict[Role, str] | None = None,
    requirements: Requirements | None = None,
) -> Design:
    """A whole design; `swaps` puts other components in place of the usual ones ("" leaves a role out)."""
    components = COMMON[cloud] | OWN[workload, cloud] | (swaps or {})
    if workload is Workload.RAG:
        components = {role: c for role, c in components.items() if role is not Role.TRAINING}
    if workload is Workload.TRAINING:
        components = {role: c for role, c in components.items() if role is not Role.DRIFT}
    choices = tuple(
        Choice(
            role=role,
            component=component,
            name=component.split("-", 1)[1].replace("-", " ").title(),
            why=f"The design needs a {role.value.replace('_', ' ')}. {component} fits at the least cost.",
            parameters=PARAMETERS.get(component, {}),
            rejected=(
                Rejected(
                    component="other", name="Another <one>", reason="It costs more & scales less.", score=0.41
                ),
            ),
        )
        for role, component in components.items()
        if component
    )
    use_case, family = USE_CASES[workload]
    return Design(
        requirements=requirements or requirements_of(workload, cloud, use_case, family),
        workload=workload,
        cloud=cloud,
        region=REGIONS[cloud],
        demand=demand_of(workload),
        choices=choices,
        score=Score(criteria={"cost": 0.8, "fit": 0.9}, weights={"cost": 0.5, "fit": 0.5}, total=0.85),
        bill=bill_of(choices),
        alternatives=(
            Alternative(
                name="The same on another cloud",
                cloud=Cloud.GCP if cloud is not Cloud.GCP else Cloud.AWS,
                score=0.79,
                expected_monthly_usd=2900.5,
                reason="It costs more for the same latency.",
            ),
        ),
        assumptions=("Traffic peaks at five times its mean.",),
    )


def demand_of(workload: Workload) -> Demand:
    """Demand in round numbers."""
    return Demand(
        mean_rps=40,
        peak_rps=200,
        requests_per_month=105_000_000,
        payload_kb=2,
        storage_gb=500,
        growth_gb_per_month=20,
        training_hours_per_month=8,
        availability=0.999,
        latency_ms=None if workload in {Workload.BATCH, Workload.TRAINING} else 200,
        latency_percentile=99,
        gpu=False,
        devices=250 if workload is Workload.EDGE else 0,
        documents=20_000 if workload is Workload.RAG else 0,
        assumptions=("A payload of 2 kB was assumed.",),
    )


def requirements_of(workload: Workload, cloud: Cloud, use_case: UseCase, family: ModelFamily) -> Requirements:
    """Requirements with a regime and a few stated numbers."""
    return Requirements(
        prompt=f"Design {workload.value} {use_case.value.replace('_', ' ')} on {cloud.value} <now> & soon",
        use_case=Constraint(value=use_case),
        workload=Constraint(value=workload),
        latency_ms=Constraint(value=200.0, unit="ms", confidence=0.9),
        model_family=Constraint(value=family),
        retraining_days=Constraint(value=7.0, unit="days"),
        availability=Constraint(value=0.999),
        cloud=Constraint(value=cloud),
        compliance=Constraint(value=(Regime.GDPR, Regime.SOC2)),
        retention_days=Constraint(value=180, unit="days"),
    )


def bill_of(choices: tuple[Choice, ...]) -> Bill:
    """A bill with one line per component and one unknown."""
    lines = tuple(
        CostLine(
            component=choice.component,
            resource=choice.component.replace("-", "_"),
            description=f"{choice.name}, on demand",
            quantity=Decimal(730),
            unit="hours",
            unit_price=Decimal("0.25"),
            monthly=Decimal("182.50"),
            assumption="Runs all month.",
        )
        for choice in choices
    )
    unknown = CostLine(resource="support", description="Support plan", unit="month", assumption="Not public.")
    total = sum((line.monthly or Decimal(0) for line in lines), Decimal(0))
    return Bill(
        lines=lines,
        low=total * Decimal("0.8"),
        expected=total,
        high=total * Decimal("1.4"),
        unknown=(unknown,),
        budget_usd=Decimal(5000),
        within_budget=True,
    )


def reviews_of(design: Design) -> tuple[Review, ...]:
    """Reviews with a pass and a warning."""
    serving = design.choice(Role.SERVING)
    component = serving.component if serving else None
    return (
        Review(
            critic="technical",
            checks=(
                Check(
                    id="latency-budget",
                    title="Latency along the path",
                    verdict=Verdict.PASS,
                    rule="The sum along the request path stays under the target.",
                    detail="120 ms of 200 ms at p99.",
                    component=component,
                ),
            ),
        ),
        Review(
            critic="policy",
            checks=(
                Check(
                    id="encryption-at-rest",
                    title="Encryption at rest",
                    verdict=Verdict.PASS,
                    rule="Every store is encrypted with a key of its own.",
                    detail="All stores use the system's key.",
                ),
                Check(
                    id="residency",
                    title="Residency",
                    verdict=Verdict.WARN,
                    rule="Data stays in the named region.",
                    detail="Logs may leave <the region> & return.",
                ),
            ),
        ),
    )


def case_of(workload: Workload, cloud: Cloud, swaps: dict[Role, str] | None = None) -> Case:
    """A design and its reviews."""
    design = design_of(workload, cloud, swaps=swaps)
    return Case(design=design, reviews=reviews_of(design))
