"""Documents: decisions, cost, requirements and compliance say what the design says."""

import re

from apps.mlops.designs import case_of, design_of
from pilothouse.apps.mlops.codegen import generate
from pilothouse.apps.mlops.pricing.model import PriceSource
from pilothouse.apps.mlops.requirements import Budget, Cloud, Constraint, Regime, Span, Workload


def documents(workload: Workload = Workload.ONLINE, cloud: Cloud = Cloud.AWS) -> dict[str, str]:
    case = case_of(workload, cloud)
    files = generate(case.design, case.reviews, "fraud-detection")
    return {path: data.decode() for path, data in files.items() if path.endswith(".md")}


def test_every_choice_has_a_decision_with_its_alternatives() -> None:
    case = case_of(Workload.ONLINE, Cloud.AWS)
    records = {path: text for path, text in documents().items() if "/decisions/" in path}

    assert len(records) == len(case.design.choices) + 1
    serving = next(text for path, text in records.items() if "serving-aws-ecs-fargate" in path)
    assert "Another &lt;one&gt; | 0.41 | It costs more & scales less." in serving
    assert "Adds $182.50 a month." in serving


def test_the_cost_table_has_every_line_and_keeps_unknowns_apart() -> None:
    text = documents()["docs/cost.md"]
    known, unknown = text.split("## Unknown")

    assert known.count("| $182.50 |") == len(design_of(Workload.ONLINE, Cloud.AWS).choices)
    assert "Support plan" in unknown
    assert "Support plan" not in known
    assert "against a budget of $5,000" in text


def test_a_price_names_where_it_is_published() -> None:
    design = design_of(Workload.BATCH, Cloud.AWS)
    source = PriceSource(url="https://aws.amazon.com/s3/pricing/", date="2025-06-01", region="eu-west-1")
    line = design.bill.lines[0].model_copy(update={"source": source, "quantity": None, "unit_price": None})
    bill = design.bill.model_copy(update={"lines": (line,), "notes": ("Rounded | up.",), "budget_usd": None})
    text = generate(design.model_copy(update={"bill": bill}), (), "x")["docs/cost.md"].decode()

    assert "| https://aws.amazon.com/s3/pricing/ | 2025-06-01 | eu-west-1 |" in text
    assert "| - | hours | - |" in text
    assert "against a budget" not in text


def test_requirements_name_the_words_they_were_read_from() -> None:
    design = design_of(Workload.ONLINE, Cloud.AWS)
    requirements = design.requirements.model_copy(
        update={
            "latency_ms": Constraint(value=200.0, unit="ms", span=Span(start=0, end=12, text="under 200|ms")),
            "budget": Constraint(value=Budget(monthly=5000, currency="USD", stated_amount=5000)),
        }
    )
    files = generate(design.model_copy(update={"requirements": requirements}), (), "fraud")
    text = files["docs/requirements.md"].decode()

    assert '| latency ms | 200 ms | stated: "under 200\\|ms" | 1.00 |' in text
    assert "monthly 5000, currency USD" in text
    assert "| compliance | gdpr, soc2 |" in text


def test_compliance_lists_measures_and_checks() -> None:
    text = documents()["docs/compliance.md"]

    assert "Named regimes: GDPR, SOC2." in text
    assert "deleted after 180 days, logs after 365" in text
    assert "| Residency | warn |" in text
    assert "Erasure" in text


def test_each_regime_adds_its_measure() -> None:
    design = design_of(Workload.RAG, Cloud.AZURE)
    requirements = design.requirements.model_copy(
        update={
            "compliance": Constraint(value=(Regime.HIPAA, Regime.PCI_DSS, Regime.EU_AI_ACT)),
            "human_review": Constraint(value=True),
        }
    )
    files = generate(design.model_copy(update={"requirements": requirements}), (), "fraud")
    text = files["docs/compliance.md"].decode()

    for title in ("Agreement", "Card data", "Transparency", "Human review"):
        assert f"| {title} |" in text
    assert "agreement with Azure" in text


def test_the_runbook_differs_by_workload_and_cloud() -> None:
    assert "score --date FIRST --until LAST" in documents(Workload.BATCH)["docs/runbook.md"]
    assert "publish --percent 10" in documents(Workload.EDGE)["docs/runbook.md"]
    assert "rollback" not in documents(Workload.RAG)["docs/runbook.md"]
    assert "kubectl create secret" in documents(cloud=Cloud.KUBERNETES)["docs/runbook.md"]
    assert "gcloud secrets versions add" in documents(cloud=Cloud.GCP)["docs/runbook.md"]


def test_links_of_the_readme_lead_somewhere() -> None:
    case = case_of(Workload.ONLINE, Cloud.AWS)
    files = generate(case.design, case.reviews, "fraud-detection")

    for target in re.findall(r"\]\(([^)]+)\)", files["README.md"].decode()):
        assert any(path.startswith(target) for path in files), target
