"""Alerts and the dashboard follow targets and workload; every alert has its section in the runbook."""

import json
import re
from itertools import product

import pytest
import yaml

from apps.mlops.designs import design_of
from pilothouse.apps.mlops.codegen import generate
from pilothouse.apps.mlops.codegen.facts import facts_of
from pilothouse.apps.mlops.codegen.monitoring import alert_rules, monitoring_files
from pilothouse.apps.mlops.requirements import Cloud, Workload


def names(workload: Workload) -> set[str]:
    return {str(rule["alert"]) for rule in alert_rules(facts_of(design_of(workload, Cloud.AWS), (), "fraud"))}


def test_targets_become_limits() -> None:
    files = monitoring_files(facts_of(design_of(Workload.ONLINE, Cloud.AWS), (), "fraud"))
    rules = {
        rule["alert"]: rule for rule in yaml.safe_load(files["monitoring/alerts.yml"])["groups"][0]["rules"]
    }

    assert rules["LatencyOverTarget"]["expr"].startswith("histogram_quantile(0.99,")
    assert rules["LatencyOverTarget"]["expr"].endswith("> 0.2")
    assert "> 0.0144" in rules["AvailabilityBudgetBurnsFast"]["expr"]
    assert "99.9 %" in rules["AvailabilityBudgetBurnsFast"]["annotations"]["summary"]


def test_each_workload_watches_what_can_go_wrong_with_it() -> None:
    assert names(Workload.STREAMING) >= {"StreamFallsBehind", "EventsRejected", "FeaturesDrifted"}
    assert names(Workload.BATCH) == {"TrainingLate", "ScoringLate", "FeaturesDrifted"}
    assert names(Workload.EDGE) >= {"ReportsSpilled", "UpdateRefused"}
    assert names(Workload.RAG) >= {"QuestionsUnanswered", "AnswersWorse", "IndexLate"}
    assert names(Workload.TRAINING) == {"TrainingLate"}
    assert "RequestsRefused" in names(Workload.ONLINE)


@pytest.mark.parametrize("workload", list(Workload))
def test_every_alert_leads_to_its_section_of_the_runbook(workload: Workload) -> None:
    files = generate(design_of(workload, Cloud.AWS), (), "fraud")
    headings = set(re.findall(r"^## (\w+)$", files["docs/runbook.md"].decode(), re.MULTILINE))

    for rule in yaml.safe_load(files["monitoring/alerts.yml"])["groups"][0]["rules"]:
        assert rule["alert"] in headings
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"


@pytest.mark.parametrize(("workload", "file"), list(product(Workload, ("alerts.yml", "dashboard.json"))))
def test_queries_name_metrics_that_the_code_reports(workload: Workload, file: str) -> None:
    files = generate(design_of(workload, Cloud.KUBERNETES), (), "fraud")
    source = "\n".join(data.decode() for path, data in files.items() if path.startswith("src/"))
    queries = files[f"monitoring/{file}"].decode()

    for metric in re.findall(r"\b[a-z]+(?:_[a-z]+)+(?=[\[{)])", queries):
        plain = metric.removesuffix("_bucket")
        if plain.startswith("model_"):
            assert 'f"model_{name}"' in source
        elif plain not in {"histogram_quantile", "schema_version"}:
            assert f'"{plain}"' in source, metric


def test_the_dashboard_has_a_panel_for_every_place() -> None:
    files = monitoring_files(facts_of(design_of(Workload.RAG, Cloud.GCP), (), "answers"))
    panels = json.loads(files["monitoring/dashboard.json"])["panels"]

    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len(places) >= 6
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
