"""The variables that formulas of the catalogue may read, each with its meaning.

`planner.sheet` sets every one of them; what a component's own sizing computes comes on top.
"""

from __future__ import annotations

VARIABLES: dict[str, str] = {
    # traffic
    "mean_rps": "requests or events a second, mean over the month",
    "peak_rps": "requests or events a second at peak, for one region",
    "requests": "requests or events a month",
    "payload_kb": "size of one request or event in kilobytes",
    "data_gb": "data coming in a month, in gigabytes",
    "response_gb": "data going out to callers a month, in gigabytes",
    "cache_hit": "share of lookups answered by a cache, 0 without one",
    # data
    "storage_gb": "data kept, in gigabytes",
    "growth_gb": "growth of the data kept a month, in gigabytes",
    "retention_days": "days for which data, logs and decisions are kept",
    "log_gb": "logs a month, in gigabytes",
    "metrics": "number of custom metrics",
    "alarms": "number of alarms",
    "features_gb": "features kept for online lookup, in gigabytes",
    "consumed": "events a month that a consumer turns into features, where serving does not read the stream",
    "feature_reads": "feature lookups a month",
    "feature_writes": "feature updates a month",
    "peak_reads": "feature lookups a second at peak",
    "peak_writes": "feature updates a second at peak",
    "documents": "documents to answer from",
    "vectors": "vectors in the index",
    "vector_gb": "vectors with their index, in gigabytes",
    "tokens_in": "tokens of one prompt",
    "tokens_out": "tokens of one answer",
    "embedding_tokens": "tokens embedded a month",
    "devices": "edge devices",
    # model and compute
    "gpu": "1 where training needs an accelerator",
    "serve_gpu": "1 where serving needs an accelerator",
    "model_mb": "size of the model in megabytes",
    "model_memory_gb": "memory a serving process needs, in gigabytes",
    "cpu_rps": "predictions a second one core carries at full use",
    "gpu_rps": "predictions a second one accelerator carries at full use",
    "serving_vcpu": "cores needed at peak at the target utilisation",
    "serving_gpus": "accelerators needed at peak at the target utilisation",
    "generation_gpus": "accelerators needed to generate text at peak",
    "inference_p50": "time of one prediction, median, in milliseconds",
    "inference_p99": "time of one prediction, 99th percentile, in milliseconds",
    "edge_p50": "time of one prediction on a device, median, in milliseconds",
    "edge_p99": "time of one prediction on a device, 99th percentile, in milliseconds",
    "batch_vcpu_hours": "core-hours of batch prediction a month",
    "batch_gpu_hours": "accelerator-hours of batch prediction a month",
    "trainings": "trainings a month",
    "train_vcpu": "cores needed to finish one training in time",
    "train_gpu": "accelerators needed to finish one training in time",
    "train_memory_gb": "memory of a training machine, in gigabytes",
    "train_vcpu_hours": "core-hours of training a month",
    "train_gpu_hours": "accelerator-hours of training a month",
    "runs": "pipeline runs a month",
    # shape
    "zones": "zones (and so replicas) asked for",
    "regions": "regions served",
    "standby": "1 in a region that stands by for another",
    "host_aws": "1 where a cluster runs on AWS",
    "host_gcp": "1 where a cluster runs on Google Cloud",
    "host_azure": "1 where a cluster runs on Azure",
}

MACHINE_VARIABLES = frozenset({"vcpu", "memory_gb", "machine_gpu", "unit_rps"})
"""What the choice of a machine adds; the number of machines comes under the rule's own name."""
