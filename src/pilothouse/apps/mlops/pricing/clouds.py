"""The Google Cloud, Azure and Kubernetes resource types that have a price, and those that are free."""

from __future__ import annotations

from collections.abc import Mapping

from pilothouse.apps.mlops.pricing import azure, gcp_compute, gcp_data, kubernetes, llm
from pilothouse.apps.mlops.pricing.aws import Pricer

PRICERS: Mapping[str, Pricer] = {
    "aws_bedrock_model_invocation": llm.bedrock,
    "google_artifact_registry_repository": gcp_data.artifact_registry,
    "google_bigtable_instance": gcp_data.bigtable,
    "google_cloud_run_v2_service": gcp_compute.cloud_run,
    "google_composer_environment": gcp_compute.composer,
    "google_compute_forwarding_rule": gcp_data.forwarding_rule,
    "google_container_cluster": gcp_compute.cluster,
    "google_dataflow_job": gcp_compute.dataflow,
    "google_kms_crypto_key": gcp_data.crypto_key,
    "google_logging_project_bucket_config": gcp_data.logs,
    "google_pubsub_topic": gcp_data.pubsub,
    "google_redis_instance": gcp_data.redis,
    "google_secret_manager_secret": gcp_data.secret,
    "google_sql_database_instance": gcp_data.sql_instance,
    "google_storage_bucket": gcp_data.bucket,
    "google_vertex_ai_custom_job": gcp_compute.custom_job,
    "google_vertex_ai_endpoint": gcp_compute.endpoint,
    "google_vertex_ai_model_invocation": llm.vertex,
    "google_workflows_workflow": gcp_data.workflow,
    "azurerm_application_gateway": azure.app_gateway,
    "azurerm_cognitive_deployment": llm.azure_openai,
    "azurerm_container_app": azure.container_app,
    "azurerm_container_registry": azure.registry,
    "azurerm_cosmosdb_account": azure.cosmos,
    "azurerm_data_factory": azure.data_factory,
    "azurerm_eventhub_namespace": azure.event_hubs,
    "azurerm_key_vault": azure.vault,
    "azurerm_key_vault_key": azure.vault_key,
    "azurerm_kubernetes_cluster": azure.cluster,
    "azurerm_log_analytics_workspace": azure.log_analytics,
    "azurerm_machine_learning_compute_cluster": azure.ml_cluster,
    "azurerm_machine_learning_online_endpoint": azure.ml_endpoint,
    "azurerm_postgresql_flexible_server": azure.postgres,
    "azurerm_redis_cache": azure.redis,
    "azurerm_storage_account": azure.storage_account,
    "kubernetes_capacity": kubernetes.capacity,
}

FREE = frozenset(
    {
        "azurerm_resource_group",
        "azurerm_role_assignment",
        "azurerm_user_assigned_identity",
        "azurerm_virtual_network",
        "google_compute_network",
        "google_compute_subnetwork",
        "google_project_iam_member",
        "google_service_account",
    }
)
"""Types without a price of their own."""
