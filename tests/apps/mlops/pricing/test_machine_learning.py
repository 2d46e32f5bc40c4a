"""SageMaker, Glue and managed Airflow."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

Monthly = Callable[..., dict[str, Decimal | None]]
D = Decimal


@pytest.mark.parametrize("nested", [False, True])
def test_a_training_job_is_paid_while_it_runs(monthly: Monthly, nested: bool) -> None:
    config = {"instance_type": "ml.m5.large", "instance_count": 2, "volume_size_gb": 73}
    attributes = {"resource_config": config} if nested else config
    assert monthly("aws_sagemaker_training_job", attributes, {"monthly_hrs": 100}) == {
        "instance hours (ml.m5.large)": D(23),
        "storage while it runs": D("2.8"),  # 73 GB x 2 x 100 h / 730 h x 0.14
    }
    assert set(monthly("aws_sagemaker_processing_job", attributes).values()) == {None}


def test_an_endpoint_is_paid_all_month(monthly: Monthly) -> None:
    variants = [
        {"instance_type": "ml.m5.large", "initial_instance_count": 2},
        {"serverless_config": {"memory_size_in_mb": 1024}},
    ]
    assert monthly("aws_sagemaker_endpoint_configuration", {"production_variants": variants}) == {
        "endpoint instances (ml.m5.large)": D("167.9"),
        "serverless variant": None,
    }
    found = monthly(
        "aws_sagemaker_endpoint_configuration",
        {"instance_type": "ml.m5.large"},
        {"instances": 3, "monthly_data_processed_gb": 100},
    )
    assert found == {"endpoint instances (ml.m5.large)": D("251.85"), "data in and out": D("1.6")}


def test_features_and_notebooks(monthly: Monthly) -> None:
    usage = {
        "monthly_write_request_units": 1_000_000,
        "monthly_read_request_units": 4_000_000,
        "storage_gb": 2,
    }
    assert monthly("aws_sagemaker_feature_group", {}, usage) == {
        "write request units": D("1.25"),
        "read request units": D(1),
        "online storage": D("0.9"),
    }
    notebook = monthly("aws_sagemaker_notebook_instance", {"instance_type": "ml.t3.medium"})
    assert notebook == {"notebook (ml.t3.medium)": D("36.5"), "storage": D("0.7")}


@pytest.mark.parametrize(
    ("attributes", "dpus"),
    [
        ({}, "10"),
        ({"max_capacity": 4}, "4"),
        ({"command": {"name": "pythonshell"}}, "0.0625"),
        ({"number_of_workers": 3, "worker_type": "G.2X"}, "6"),
        ({"number_of_workers": 4, "worker_type": "G.025X"}, "1"),
    ],
)
def test_a_glue_job_runs_on_data_processing_units(
    monthly: Monthly, attributes: dict[str, object], dpus: str
) -> None:
    (cost,) = monthly("aws_glue_job", attributes, {"monthly_hours": 10}).values()
    assert cost == D("4.4") * D(dpus)


def test_crawlers_catalogues_and_airflow(monthly: Monthly) -> None:
    assert monthly("aws_glue_job") == {"runs on 10 DPUs": None}
    assert monthly("aws_glue_crawler", {}, {"monthly_hours": 10}) == {"crawls": D("4.4")}
    assert monthly("aws_glue_catalog_database", {}, {"monthly_objects": 200_000}) == {
        "objects stored": D(2),
        "requests": None,
    }
    found = monthly("aws_mwaa_environment", {}, {"additional_workers": 2, "meta_database_gb": 10})
    assert found == {
        "environment (mw1.small)": D("357.7"),
        "additional workers": D("80.3"),
        "metadata storage": D(1),
    }
