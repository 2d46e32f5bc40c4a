"""The Python package of a generated repository, with its tests: layers by workload, adapters by component."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pilothouse.apps.mlops.codegen.adapters import Adapter, adapters_of
from pilothouse.apps.mlops.codegen.assets import layer, render
from pilothouse.apps.mlops.codegen.facts import Facts
from pilothouse.apps.mlops.requirements import ModelFamily, Workload

LAYERS = {
    Workload.BATCH: ("common", "model", "batch"),
    Workload.ONLINE: ("common", "model", "service", "store", "online"),
    Workload.STREAMING: ("common", "model", "service", "store", "events", "streaming"),
    Workload.EDGE: ("common", "model", "service", "events", "edge"),
    Workload.RAG: ("common", "service", "rag"),
    Workload.TRAINING: ("common", "model"),
}
HEAVY = {
    ModelFamily.GRADIENT_BOOSTING: "xgboost",
    ModelFamily.TIME_SERIES: "xgboost",
    ModelFamily.RECOMMENDER: "xgboost",
    ModelFamily.LINEAR: "sklearn",
}
"""Library of the heavy trainer by model family; every other family trains a network with torch."""
HEAVY_REQUIRES = {
    "xgboost": ("numpy>=2.0", "xgboost>=2.1"),
    "sklearn": ("scikit-learn>=1.5",),
    "torch": ("torch>=2.5",),
}
SETTING = {"registry_sagemaker": "model_package_group", "registry_mlflow": "mlflow_tracking_uri"}


def application_values(facts: Facts) -> dict[str, object]:
    """What the templates of the package ask for."""
    adapters = {adapter.kind: adapter for adapter in adapters_of(facts)}
    heavy = HEAVY.get(facts.family, "torch")
    workload = facts.workload
    service = workload in {Workload.ONLINE, Workload.RAG, Workload.EDGE, Workload.STREAMING}
    registry = adapters.get("registry")
    return {
        "package": facts.package,
        "slug": facts.slug,
        "title": facts.title,
        "region": facts.design.region,
        "cloud": facts.cloud.value,
        "latency_ms": f"{facts.latency_ms:.1f}",
        "rag": workload is Workload.RAG,
        "batch": workload is Workload.BATCH,
        "streaming": workload is Workload.STREAMING,
        "edge": workload is Workload.EDGE,
        "service": service,
        "listens": service,
        "online_store": workload in {Workload.ONLINE, Workload.STREAMING},
        "streams": workload in {Workload.STREAMING, Workload.EDGE} or fresh_features(facts),
        "updates": fresh_features(facts),
        "on_lambda": "aws-lambda" in facts.components,
        "heavy": heavy,
        "heavy_module": "sklearn" if heavy == "sklearn" else heavy,
        "sagemaker_routes": "aws-sagemaker-endpoint" in facts.components and workload is Workload.ONLINE,
        "vertex_routes": "gcp-vertex-endpoint" in facts.components and workload is Workload.ONLINE,
        "cache": "cache" in adapters,
        "announcer": registry.name if registry else "",
        "announcer_setting": SETTING[registry.module] if registry else "",
        "adapter_libraries": libraries_of(facts),
        **{
            f"{kind}_adapter": _name(adapters.get(kind))
            for kind in ("objects", "online", "stream", "passages")
        },
        **{f"{kind}_adapter": _name(adapters.get(kind)) for kind in ("llm", "secrets")},
        **{f"{kind}_scheme": _scheme(adapters.get(kind)) for kind in ("online", "stream", "passages", "llm")},
    }


def fresh_features(facts: Facts) -> bool:
    """Whether a stream keeps the features of a request-response service fresh."""
    return facts.workload is Workload.ONLINE and any(
        adapter.kind == "stream" for adapter in adapters_of(facts)
    )


def layers_of(facts: Facts) -> tuple[str, ...]:
    """Layers of templates that make up the package."""
    return (*LAYERS[facts.workload], *(("events", "updates") if fresh_features(facts) else ()))


def libraries_of(facts: Facts) -> list[tuple[str, str]]:
    """(adapter module, library it imports) of every adapter."""
    pairs = [(adapter.module, adapter.library) for adapter in adapters_of(facts)]
    if "aws-sagemaker-endpoint" in facts.components and facts.workload is Workload.ONLINE:
        pairs.append(("invoker", "boto3"))
    return sorted(pairs)


def requirements_of(facts: Facts) -> dict[str, tuple[str, ...]]:
    """Packages by extra: cloud (the adapters' clients) and heavy (the heavier trainer)."""
    cloud = {item for adapter in adapters_of(facts) for item in adapter.requires}
    if "aws-sagemaker-endpoint" in facts.components:
        cloud.add("boto3>=1.35")
    extras = {"cloud": tuple(sorted(cloud))}
    if facts.workload is not Workload.RAG:
        extras["heavy"] = HEAVY_REQUIRES[HEAVY.get(facts.family, "torch")]
    return extras


def application_files(facts: Facts, values: Mapping[str, object]) -> dict[str, str]:
    """The package under src/, its data contract and its tests, by path."""
    files: dict[str, str] = {}
    for name in layers_of(facts):
        for path, template in layer(name):
            files[path.replace("PACKAGE", facts.package)] = render(template, values)
    source = f"src/{facts.package}"
    modules = [module for module, _ in libraries_of(facts)]
    for module in modules:
        files[f"{source}/adapters/{module}.py"] = render(f"adapters/{module}.py.j2", values)
    if modules:
        files[f"{source}/adapters/__init__.py"] = (
            '"""Clients of the cloud\'s services; only what is used is imported."""\n'
        )
        files["tests/test_adapters.py"] = render("adapters/test_adapters.py.j2", values)
    if facts.workload is not Workload.RAG:
        files[f"{source}/contract.json"] = contract_json(facts)
    files[f"{source}/py.typed"] = ""
    return files


def contract_json(facts: Facts) -> str:
    """The data contract of the use case as the package reads it."""
    document = facts.dataset.model_dump(mode="json")
    columns = [
        {key: value for key, value in column.items() if key not in _UNUSED[column["kind"]]}
        for column in document["columns"]
    ]
    return json.dumps({**document, "columns": columns}, indent=2) + "\n"


_UNUSED = {"number": {"values"}, "category": {"low", "high", "log"}}


def _name(adapter: Adapter | None) -> str:
    return adapter.name if adapter else ""


def _scheme(adapter: Adapter | None) -> str:
    return adapter.scheme if adapter else ""
