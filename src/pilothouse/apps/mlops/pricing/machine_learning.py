"""Prices machine learning on AWS: SageMaker, Glue and managed Airflow.

SageMaker jobs are no Terraform resources; they are priced under the names aws_sagemaker_training_job and
aws_sagemaker_processing_job from their instance type, number and hours.
"""

from __future__ import annotations

from decimal import Decimal

from pilothouse.apps.mlops.pricing.model import CostLine
from pilothouse.apps.mlops.pricing.quote import Quote
from pilothouse.apps.mlops.pricing.reading import HOURS, Block, amount, block, blocks, number, text

SAGEMAKER = "aws/sagemaker"
GLUE = "aws/glue"
MWAA = "aws/mwaa"
MILLION = 1_000_000

DPUS = {"Standard": "1", "G.1X": "1", "G.2X": "2", "G.4X": "4", "G.8X": "8", "G.025X": "0.25", "Z.2X": "2"}
"""Data processing units of one Glue worker, by its type (AWS Glue documentation, worker types)."""


def job(quote: Quote) -> tuple[CostLine, ...]:
    """aws_sagemaker_training_job and aws_sagemaker_processing_job (and batch transform).

    Takes instance_type, instance_count (1), volume_size_gb (0), beside the arguments or in a resource_config
    block. Usage: monthly_hrs, the hours that each instance runs in a month.
    """
    attributes = quote.resource.attributes
    config: Block = block(attributes, "resource_config") or attributes
    kind = text(config, "instance_type")
    count = amount(config, "instance_count", 1)
    hours = quote.use("monthly_hrs")
    total = None if hours is None else hours * count
    quote.metered(SAGEMAKER, f"instance.{kind}", f"instance hours ({kind})", total)
    size = number(config, "volume_size_gb") or number(config, "volume_size_in_gb")
    if size:
        share = None if hours is None else size * count * hours / HOURS
        quote.metered(SAGEMAKER, "storage", "storage while it runs", share)
    return quote.done()


def endpoint(quote: Quote) -> tuple[CostLine, ...]:
    """aws_sagemaker_endpoint_configuration: its variants' instances, all month.

    Takes production_variants blocks, or instance_type and initial_instance_count beside the arguments.
    Usage: monthly_hrs (730), instances (for one variant), monthly_data_processed_gb.
    """
    attributes = quote.resource.attributes
    hours = quote.use_or("monthly_hrs", int(HOURS))
    for variant in blocks(attributes, "production_variants") or (attributes,):
        kind = text(variant, "instance_type")
        if block(variant, "serverless_config"):
            quote.unknown("serverless variant", "serverless inference has no price in the book")
            continue
        stated = quote.use("instances")
        count = amount(variant, "initial_instance_count", 1) if stated is None else stated
        quote.fixed(SAGEMAKER, f"instance.{kind}", f"endpoint instances ({kind})", count * hours)
    quote.optional(SAGEMAKER, "data", "data in and out", quote.use("monthly_data_processed_gb"))
    return quote.done()


def feature_group(quote: Quote) -> tuple[CostLine, ...]:
    """aws_sagemaker_feature_group, online store on demand.

    Usage: monthly_write_request_units, monthly_read_request_units, storage_gb.
    """
    writes, reads = quote.use("monthly_write_request_units"), quote.use("monthly_read_request_units")
    quote.metered(SAGEMAKER, "feature.write", "write request units", writes, per=MILLION)
    quote.metered(SAGEMAKER, "feature.read", "read request units", reads, per=MILLION)
    quote.metered(SAGEMAKER, "feature.storage", "online storage", quote.use("storage_gb"))
    return quote.done()


def notebook(quote: Quote) -> tuple[CostLine, ...]:
    """aws_sagemaker_notebook_instance. Usage: monthly_hrs (730)."""
    kind = quote.text("instance_type")
    quote.fixed(SAGEMAKER, f"instance.{kind}", f"notebook ({kind})", quote.use_or("monthly_hrs", int(HOURS)))
    quote.fixed(SAGEMAKER, "storage", "storage", amount(quote.resource.attributes, "volume_size", 5))
    return quote.done()


def _dpus(attributes: Block) -> Decimal:
    capacity = number(attributes, "max_capacity")
    workers = number(attributes, "number_of_workers")
    if workers is not None:
        return workers * Decimal(DPUS.get(text(attributes, "worker_type", "Standard"), "1"))
    if capacity is not None:
        return capacity
    shell = text(block(attributes, "command"), "name") == "pythonshell"
    return Decimal("0.0625") if shell else Decimal(10)


def glue_job(quote: Quote) -> tuple[CostLine, ...]:
    """aws_glue_job. Usage: monthly_hours, how long it runs in a month."""
    dpus = _dpus(quote.resource.attributes)
    hours = quote.use("monthly_hours")
    total = None if hours is None else hours * dpus
    quote.metered(GLUE, "dpu", f"runs on {dpus} DPUs", total)
    return quote.done()


def glue_crawler(quote: Quote) -> tuple[CostLine, ...]:
    """aws_glue_crawler. Usage: monthly_hours (DPU-hours)."""
    quote.metered(GLUE, "dpu", "crawls", quote.use("monthly_hours"))
    return quote.done()


def glue_catalog(quote: Quote) -> tuple[CostLine, ...]:
    """aws_glue_catalog_database. Usage: monthly_objects, monthly_requests."""
    quote.metered(GLUE, "objects", "objects stored", quote.use("monthly_objects"), per=100_000)
    quote.metered(GLUE, "requests", "requests", quote.use("monthly_requests"), per=MILLION)
    return quote.done()


def airflow(quote: Quote) -> tuple[CostLine, ...]:
    """aws_mwaa_environment. Usage: additional_workers, additional_schedulers (means), meta_database_gb."""
    size = quote.text("environment_class", "mw1.small")
    quote.fixed(MWAA, f"environment.{size}", f"environment ({size})", HOURS)
    for key, item in (("additional_workers", "worker"), ("additional_schedulers", "scheduler")):
        mean = quote.use(key)
        hours = None if mean is None else mean * HOURS
        quote.optional(MWAA, f"{item}.{size}", key.replace("_", " "), hours)
    quote.optional(MWAA, "storage", "metadata storage", quote.use("meta_database_gb"))
    return quote.done()
