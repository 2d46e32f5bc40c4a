"""Prometheus alerts and a Grafana dashboard: burn rates of the targets, lag, drift, late jobs."""

from __future__ import annotations

import json
from typing import NamedTuple

import yaml
from pydantic import JsonValue

from pilothouse.apps.mlops.codegen.facts import Facts
from pilothouse.apps.mlops.requirements import Workload

SERVED = {Workload.ONLINE, Workload.RAG, Workload.EDGE, Workload.STREAMING}
BURN_RATES = (("page", 14.4, "1h", "5m"), ("page", 6.0, "6h", "30m"), ("ticket", 1.0, "3d", "6h"))
"""Severity, rate, long and short window, as https://sre.google/workbook/alerting-on-slos/ recommends."""


class Panel(NamedTuple):
    """One panel of the dashboard: its title, query, unit and legend."""

    title: str
    query: str
    unit: str
    legend: str


def percent(share: float) -> str:
    """A share as people write it: 0.999 is 99.9 %."""
    return f"{share * 100:.6g} %"


def alert_rules(facts: Facts) -> list[dict[str, JsonValue]]:
    """Every alert rule, in the order of the file."""
    return [*(_served(facts) if facts.workload in SERVED else []), *_jobs(facts)]


def monitoring_files(facts: Facts) -> dict[str, str]:
    """monitoring/alerts.yml and monitoring/dashboard.json."""
    alerts = {"groups": [{"name": facts.slug, "rules": alert_rules(facts)}]}
    demand = facts.design.demand
    header = (
        f"# Alerts of {facts.slug}. Targets: {percent(demand.availability)} of requests answered well, "
        f"{facts.latency_ms:g} ms at p{demand.latency_percentile:g}.\n"
        "# Every alert names its section of docs/runbook.md.\n"
    )
    return {
        "monitoring/alerts.yml": header
        + yaml.safe_dump(alerts, sort_keys=False, width=110, allow_unicode=True),
        "monitoring/dashboard.json": json.dumps(_dashboard(facts), indent=2) + "\n",
    }


def _rule(name: str, expression: str, wait: str, severity: str, summary: str) -> dict[str, JsonValue]:
    return {
        "alert": name,
        "expr": expression,
        "for": wait,
        "labels": {"severity": severity},
        "annotations": {"summary": summary, "runbook": f"docs/runbook.md#{name.lower()}"},
    }


def _served(facts: Facts) -> list[dict[str, JsonValue]]:
    """Burn-rate alerts of the availability target, the latency target, and what the workload adds."""
    budget = 1 - facts.design.demand.availability
    share = facts.design.demand.latency_percentile / 100
    match facts.workload:
        case Workload.STREAMING:
            total, bad = "events_total", 'events_total{result="retried"}'
        case _:
            total, bad = "http_requests_total", 'http_requests_total{status=~"5.."}'
    rules: list[dict[str, JsonValue]] = []
    for severity, rate, long, short in BURN_RATES:
        limit = f"{rate * budget:.6g}"
        parts = [
            f"sum(rate({bad}[{window}])) / sum(rate({total}[{window}])) > {limit}" for window in (long, short)
        ]
        name = f"AvailabilityBudgetBurns{'Fast' if rate > 10 else 'Steadily' if rate > 1 else 'Slowly'}"
        text = f"The error budget of {percent(1 - budget)} burns at {rate:g} times its rate."
        rules.append(_rule(name, " and ".join(parts), "2m", severity, text))
    histogram = "event_seconds" if facts.workload is Workload.STREAMING else "http_request_seconds"
    quantile = f"histogram_quantile({share:g}, sum by (le) (rate({histogram}_bucket[5m])))"
    text = f"p{facts.design.demand.latency_percentile:g} is over {facts.latency_ms:g} ms."
    rules.append(_rule("LatencyOverTarget", f"{quantile} > {facts.latency_ms / 1000:g}", "10m", "page", text))
    rules.append(
        _rule("ServiceAbsent", f"absent({total})", "5m", "page", "Nothing is scraped from the service.")
    )
    if facts.workload is Workload.STREAMING:
        rules.append(
            _rule("StreamFallsBehind", "stream_lag > 10000", "10m", "page", "Events wait longer and longer.")
        )
        rejected = 'sum(rate(events_total{result="rejected"}[15m])) / sum(rate(events_total[15m])) > 0.05'
        rules.append(
            _rule("EventsRejected", rejected, "15m", "ticket", "Over 5 % of events break the contract.")
        )
    if facts.workload is Workload.ONLINE:
        refused = "sum(rate(predictions_refused_total[15m])) / sum(rate(http_requests_total[15m])) > 0.05"
        rules.append(
            _rule("RequestsRefused", refused, "15m", "ticket", "Over 5 % of requests break the contract.")
        )
    if facts.workload is Workload.EDGE:
        rules.append(
            _rule(
                "ReportsSpilled",
                "increase(spilled_reports[1h]) > 0",
                "5m",
                "ticket",
                "A device loses reports.",
            )
        )
        refused = "increase(updates_refused_total[1h]) > 0"
        rules.append(
            _rule("UpdateRefused", refused, "1m", "page", "Devices refuse the model that is offered.")
        )
    if facts.workload is Workload.RAG:
        unanswered = 'sum(rate(answers_total{found="false"}[1h])) / sum(rate(answers_total[1h])) > 0.4'
        rules.append(
            _rule("QuestionsUnanswered", unanswered, "1h", "ticket", "Many questions find no answer.")
        )
    return rules


def _jobs(facts: Facts) -> list[dict[str, JsonValue]]:
    """Alerts on jobs that are late, drift, and a model or answers that got worse."""
    rules: list[dict[str, JsonValue]] = []

    def late(name: str, command: str, days: float) -> None:
        seconds = int(days * 86400 * 1.25 + 7200)
        expression = f'time() - max(job_last_success_seconds{{command="{command}"}}) > {seconds}'
        rules.append(
            _rule(name, expression, "15m", "ticket", f"The {command} job has not succeeded in time.")
        )

    if facts.workload is Workload.RAG:
        late("IndexLate", "index", 1)
        rules.append(
            _rule("AnswersWorse", "min(answer_hit_rate) < 0.8", "5m", "ticket", "Answers cite wrong sources.")
        )
        return rules
    late("TrainingLate", "train", facts.retraining_days)
    if facts.workload is Workload.BATCH:
        late("ScoringLate", "score", 1)
    if facts.workload is not Workload.TRAINING:
        rules.append(
            _rule("FeaturesDrifted", "max(drift_max_psi) > 0.2", "5m", "ticket", "A feature has drifted.")
        )
    return rules


def _dashboard(facts: Facts) -> dict[str, JsonValue]:
    panels: list[JsonValue] = []
    for index, panel in enumerate(_panels(facts)):
        panels.append(
            {
                "id": index + 1,
                "type": "timeseries",
                "title": panel.title,
                "datasource": {"type": "prometheus", "uid": "prometheus"},
                "gridPos": {"h": 8, "w": 12, "x": (index % 2) * 12, "y": (index // 2) * 8},
                "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
                "targets": [{"refId": "A", "expr": panel.query, "legendFormat": panel.legend}],
            }
        )
    return {
        "uid": facts.slug,
        "title": facts.title,
        "tags": [facts.slug],
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": []},
        "panels": panels,
    }


def _panels(facts: Facts) -> list[Panel]:
    panels: list[Panel] = []
    percentile = facts.design.demand.latency_percentile
    if facts.workload in SERVED:
        histogram = "event_seconds" if facts.workload is Workload.STREAMING else "http_request_seconds"
        quantile = f"histogram_quantile({percentile / 100:g}, sum by (le) (rate({histogram}_bucket[5m])))"
        panels += [
            Panel(
                "Requests by status", "sum by (status) (rate(http_requests_total[5m]))", "reqps", "{{status}}"
            ),
            Panel(
                f"Latency p{percentile:g} (target {facts.latency_ms:g} ms)", quantile, "s", f"p{percentile:g}"
            ),
        ]
    by_workload = {
        Workload.ONLINE: [
            Panel(
                "Predictions by version",
                "sum by (version) (rate(predictions_total[5m]))",
                "ops",
                "{{version}}",
            ),
            Panel(
                "Feature lookups", "sum by (result) (rate(feature_lookups_total[5m]))", "ops", "{{result}}"
            ),
        ],
        Workload.STREAMING: [
            Panel("Events by result", "sum by (result) (rate(events_total[5m]))", "ops", "{{result}}"),
            Panel("Lag", "max(stream_lag)", "short", "events that wait"),
        ],
        Workload.EDGE: [
            Panel(
                "Predictions by version",
                "sum by (version) (rate(predictions_total[5m]))",
                "ops",
                "{{version}}",
            ),
            Panel("Reports that wait", "sum(queued_reports)", "short", "reports"),
        ],
        Workload.RAG: [
            Panel("Answers", "sum by (found) (rate(answers_total[5m]))", "ops", "found: {{found}}"),
            Panel("Tokens", "sum by (direction) (rate(llm_tokens_total[5m]))", "ops", "{{direction}}"),
            Panel("Answers that cite the right source", "max(answer_hit_rate)", "percentunit", "hit rate"),
        ],
    }
    panels += by_workload.get(facts.workload, [])
    panels.append(Panel("Time of jobs", "max by (command) (job_seconds)", "s", "{{command}}"))
    panels.append(
        Panel(
            "Last success of jobs", "time() - max by (command) (job_last_success_seconds)", "s", "{{command}}"
        )
    )
    if facts.workload is not Workload.RAG:
        metric = "model_auc" if facts.dataset.task == "classification" else "model_relative_rmse"
        panels.append(Panel("Candidate model", f"max({metric})", "short", metric))
        panels.append(Panel("Drift", "max(drift_max_psi)", "short", "greatest PSI"))
    return panels
