"""What technologies stand for: whose they are, what is open, what holds data and what belongs together."""

from __future__ import annotations

from collections.abc import Mapping

from pilothouse.apps.mlops.requirements import Cloud

PROVIDERS: Mapping[Cloud, frozenset[str]] = {
    Cloud.AWS: frozenset(
        {
            *(
                "athena",
                "aurora",
                "bedrock",
                "dynamodb",
                "ec2",
                "ecs",
                "eks",
                "emr",
                "fargate",
                "glue",
                "kinesis",
            ),
            *("lambda", "msk", "rds", "redshift", "s3", "sagemaker", "step functions"),
        }
    ),
    Cloud.GCP: frozenset(
        {
            *("bigquery", "bigtable", "cloud functions", "cloud run", "cloud storage", "dataflow", "gke"),
            *("pub/sub", "vertex ai"),
        }
    ),
    Cloud.AZURE: frozenset(
        {
            *(
                "aks",
                "azure functions",
                "azure ml",
                "azure openai",
                "blob storage",
                "cosmos db",
            ),
            *("data factory", "event hubs", "microsoft fabric", "synapse"),
        }
    ),
}
"""The managed services that exist on one cloud only."""

HOSTED_MODELS = frozenset({"openai", "anthropic", "gemini", "bedrock", "azure openai", "vertex ai"})
"""Models that are reached over the internet."""

PROPRIETARY = frozenset({"snowflake", "databricks", "pinecone", "datadog", "splunk"}).union(
    HOSTED_MODELS, *PROVIDERS.values()
)
"""Products whose source is not open."""

MEMBERS: Mapping[str, frozenset[str]] = {
    "kubernetes": frozenset({"eks", "gke", "aks", "openshift", "kubeflow", "kserve", "argo", "helm"}),
    "serverless": frozenset({"lambda", "cloud functions", "azure functions", "cloud run", "fargate"}),
}
"""A technology that is excluded takes these with it."""

SOURCE_TECHNOLOGIES = frozenset(
    {
        *(
            "postgresql",
            "mysql",
            "mariadb",
            "oracle",
            "sql server",
            "mongodb",
            "cassandra",
            "kafka",
            "rabbitmq",
        ),
        *(
            "mqtt",
            "snowflake",
            "hadoop",
            "hive",
            "elasticsearch",
            "clickhouse",
            "teradata",
            "sap",
            "salesforce",
        ),
        *(
            "sharepoint",
            "confluence",
            "jira",
            "zendesk",
            "shopify",
            "stripe",
            "google analytics",
            "excel",
            "s3",
        ),
        *("redshift", "kinesis", "dynamodb", "bigquery", "pub/sub", "cloud storage", "blob storage", "rds"),
        *("event hubs", "databricks", "aurora", "synapse", "cosmos db"),
    }
)
"""Technologies that hold the data a model learns from."""
