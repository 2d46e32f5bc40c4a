"""Files beside the package: Airflow's DAGs, Glue's script, and Terraform for the store of its own state."""

from __future__ import annotations

from collections.abc import Mapping

from pilothouse.apps.mlops.codegen import hcl
from pilothouse.apps.mlops.codegen.assets import render
from pilothouse.apps.mlops.codegen.facts import Facts
from pilothouse.apps.mlops.requirements import Workload

DAGS = {"aws-mwaa": "mwaa", "gcp-composer": "composer", "oss-airflow": "kubernetes"}
"""Airflow flavours: how a DAG starts the tasks that Terraform describes."""


def orchestration_files(facts: Facts, values: Mapping[str, object]) -> tuple[dict[str, str], str]:
    """Files by path, and what orchestration/ holds (empty where the design needs none)."""
    files = {"terraform/bootstrap/main.tf": _bootstrap(facts)}
    about = []
    flavour = next((name for component, name in DAGS.items() if component in facts.components), "")
    if flavour and (facts.workload is not Workload.RAG or flavour == "kubernetes"):
        files["orchestration/dags/pipelines.py"] = render(
            "orchestration/dag.py.j2", {**values, "flavour": flavour}
        )
        about.append("Airflow's DAGs")
    if "aws-glue" in facts.components and facts.workload is not Workload.RAG:
        files["orchestration/glue/features.py"] = render("orchestration/glue.py.j2", values)
        about.append("the Glue job's script, copied to jobs/ of the bucket")
    return files, " and ".join(about)


def _bootstrap(facts: Facts) -> str:
    """terraform/bootstrap/main.tf: run once by a person, with its own local state."""
    values = {
        "region": hcl.quoted(facts.design.region),
        "name": hcl.quoted(f"{facts.slug}-state"),
        "account": hcl.quoted(f"{facts.slug.replace('-', '')}state"[:24]),
    }
    return render(f"bootstrap/{facts.cloud.value}.tf.j2", values)
