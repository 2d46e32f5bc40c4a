"""Facts: everything the templates say about a design, computed once and the same every time."""

from __future__ import annotations

import keyword
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from pydantic import TypeAdapter

from pilothouse.apps.mlops.codegen import hcl
from pilothouse.apps.mlops.codegen.datasets import Dataset, dataset_of
from pilothouse.apps.mlops.codegen.schedule import eventbridge, unix_cron
from pilothouse.apps.mlops.codegen.stack import Module, Parameter, modules
from pilothouse.apps.mlops.codegen.wiring import FOLDER
from pilothouse.apps.mlops.design import Design, Review, Role
from pilothouse.apps.mlops.requirements import Cloud, ModelFamily, Regime, UseCase, Workload

_FOLDERS = frozenset({"test", "tests", "src", "docs", "ml"})
"""Top-level names of the generated repository."""

CLOUD_NAMES = {
    Cloud.AWS: "AWS",
    Cloud.GCP: "Google Cloud",
    Cloud.AZURE: "Azure",
    Cloud.KUBERNETES: "Kubernetes",
}
WORKLOAD_NAMES = {
    Workload.BATCH: "batch scoring",
    Workload.ONLINE: "real-time predictions",
    Workload.STREAMING: "predictions on a stream",
    Workload.EDGE: "predictions on devices",
    Workload.RAG: "answers from documents",
    Workload.TRAINING: "training",
}
ENVIRONMENTS = {"production": "prod", "staging": "stage"}
LOG_RETENTION = (7, 14, 30, 60, 90, 120, 180, 365, 545, 731)  # days that CloudWatch Logs offers
REGULATED = {Regime.HIPAA, Regime.PCI_DSS, Regime.SOC2, Regime.ISO_27001, Regime.FEDRAMP, Regime.EU_AI_ACT}


@dataclass(frozen=True)
class Facts:
    """A design with its reviews under the name of a project, and what follows from them."""

    design: Design
    reviews: tuple[Review, ...]
    project: str  # as the owner writes it

    @cached_property
    def slug(self) -> str:
        """The project in lower case with dashes, at most 16 characters: every resource is named after it."""
        words = re.sub(r"[^a-z0-9]+", "-", self.project.lower()).strip("-")
        words = words if words[:1].isalpha() else f"ml-{words}".rstrip("-")
        return words[:16].strip("-")

    @cached_property
    def package(self) -> str:
        """Name of the Python package; no keyword, and no name that would hide another module."""
        name = self.slug.replace("-", "_")
        taken = keyword.iskeyword(name) or name in sys.stdlib_module_names or name in _FOLDERS
        return f"{name}_service" if taken else name

    @cached_property
    def title(self) -> str:
        """What the system is, in a few words."""
        use_case = self.design.requirements.use_case
        what = use_case.value.value.replace("_", " ") if use_case else self.project
        return f"{what.capitalize()} on {CLOUD_NAMES[self.cloud]}: {WORKLOAD_NAMES[self.workload]}"

    @cached_property
    def modules(self) -> tuple[Module, ...]:
        """The Terraform modules of the design."""
        return modules(self.design)

    @cached_property
    def dataset(self) -> Dataset:
        """The rows that the model learns from: by use case."""
        use_case = self.design.requirements.use_case
        return dataset_of(use_case.value if use_case else UseCase.GENERAL)

    @property
    def workload(self) -> Workload:
        """How predictions are made."""
        return self.design.workload

    @property
    def cloud(self) -> Cloud:
        """Where it runs."""
        return self.design.cloud

    @cached_property
    def family(self) -> ModelFamily:
        """The kind of model; gradient boosting where the customer named none."""
        family = self.design.requirements.model_family
        return family.value if family else ModelFamily.GRADIENT_BOOSTING

    @cached_property
    def components(self) -> frozenset[str]:
        """Ids of the components in the design."""
        return frozenset(choice.component for choice in self.design.choices)

    def has(self, role: Role) -> bool:
        """Whether the design fills `role`."""
        return self.design.choice(role) is not None

    def component(self, role: Role) -> str:
        """The component of `role`, or an empty string."""
        choice = self.design.choice(role)
        return choice.component if choice else ""

    @cached_property
    def compliance(self) -> tuple[Regime, ...]:
        """Regimes the customer named."""
        compliance = self.design.requirements.compliance
        return compliance.value if compliance else ()

    @cached_property
    def personal_data(self) -> bool:
        """Whether the data is about people, as stated or as a regime implies."""
        stated = self.design.requirements.personal_data
        return bool(stated and stated.value) or bool(
            {Regime.GDPR, Regime.HIPAA, Regime.CCPA} & set(self.compliance)
        )

    @cached_property
    def retention_days(self) -> int:
        """Days that raw data is kept; a year where the customer said nothing."""
        stated = self.design.requirements.retention_days
        return stated.value if stated else 365

    @cached_property
    def retraining_days(self) -> float:
        """Days between trainings; a week where the customer said nothing."""
        stated = self.design.requirements.retraining_days
        return stated.value if stated else 7.0

    @cached_property
    def log_retention_days(self) -> int:
        """Days that logs are kept: the plan's, else a year under a regime with audits, else 90."""
        choice = self.design.choice(Role.MONITORING)
        stated = choice.parameters.get("retention_days") if choice else None
        wanted = int(stated) if stated is not None else (365 if REGULATED & set(self.compliance) else 90)
        return min((days for days in LOG_RETENTION if days >= wanted), default=LOG_RETENTION[-1])

    @cached_property
    def latency_ms(self) -> float:
        """The latency target in milliseconds; a second where there is none."""
        return self.design.demand.latency_ms or 1000.0

    @cached_property
    def monthly_budget_usd(self) -> float:
        """The budget per month in US dollars, 0 without one."""
        budget = self.design.bill.budget_usd
        return float(budget) if budget is not None else 0.0

    @cached_property
    def highly_available(self) -> bool:
        """Whether the availability asked for rules out a single zone."""
        return self.design.demand.availability >= 0.999

    @cached_property
    def usual_sizes(self) -> Mapping[str, Mapping[str, Parameter]]:
        """Sizes by component for what the planner leaves open; "" holds for every component."""
        return _usual_sizes()

    def of(self, environment: str) -> dict[str, hcl.Literal]:
        """Values of the root variables' facts in "production" or "staging"."""
        production = environment == "production"
        retraining, daily = unix_cron(self.retraining_days), unix_cron(1)
        drift = "0 6 * * *"
        return {
            "region": self.design.region,
            "environment": ENVIRONMENTS[environment],
            "data_classification": "personal" if self.personal_data else "internal",
            "log_retention_days": self.log_retention_days if production else min(30, self.log_retention_days),
            "retention_days": self.retention_days,
            "deletion_protection": production,
            "high_availability": production and self.highly_available,
            "latency_slo_ms": self.latency_ms,
            "latency_percentile": self.design.demand.latency_percentile,
            "availability_target": self.design.demand.availability,
            "peak_rps": self.design.demand.peak_rps,
            "monthly_budget_usd": round(self.monthly_budget_usd * (1 if production else 0.3), 2),
            "devices": self.design.demand.devices,
            "retraining_cron": retraining,
            "scoring_cron": daily,
            "drift_cron": drift,
            "retraining_days": self.retraining_days,
            "schedules": {
                "retraining": eventbridge(retraining),
                "scoring": eventbridge(daily),
                "drift": eventbridge(drift),
            },
            "github_repository": f"your-org/{self.slug}",
            "domain_name": f"{self.slug}{'' if production else '-staging'}.example.com",
            "nat_gateways": 2 if production and self.highly_available else 1,
            "kube_context": environment,
        }

    def scaled(self, name: str, value: hcl.Literal, environment: str) -> hcl.Literal:
        """A size in `environment`: staging runs one of everything, at most two at its busiest."""
        if environment == "production" or not isinstance(value, int) or isinstance(value, bool):
            return value
        if name.endswith("_max_replicas"):
            return min(value, 2)
        return min(value, 1) if name.endswith("_replicas") else value


def facts_of(design: Design, reviews: Sequence[Review], project: str) -> Facts:
    """The facts of a design; raises `ValueError` where `project` holds no letter or digit."""
    if not re.search(r"[A-Za-z0-9]", project):
        raise ValueError(
            f"The project name {project!r} holds no letter or digit; name it like 'fraud-detection'."
        )
    return Facts(canonical(design), tuple(reviews), project)


def canonical(design: Design) -> Design:
    """The same design with its mappings in the order of their keys.

    Equal designs then give equal bytes, whatever order a mapping was filled in or came back from storage in.
    """
    choices = tuple(
        choice.model_copy(update={"parameters": dict(sorted(choice.parameters.items()))})
        for choice in design.choices
    )
    score = design.score.model_copy(
        update={
            "criteria": dict(sorted(design.score.criteria.items())),
            "weights": dict(sorted(design.score.weights.items())),
        }
    )
    return design.model_copy(update={"choices": choices, "score": score})


@cache
def _usual_sizes() -> dict[str, dict[str, Parameter]]:
    table = tomllib.loads((FOLDER / "sizes.toml").read_text(encoding="utf-8"))
    sizes = TypeAdapter(dict[str, dict[str, Parameter]]).validate_python(table)
    return sizes | {"": sizes["common"]}
