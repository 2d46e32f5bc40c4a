"""Every screen of the console on data that the applications made: what checks and pictures visit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page, expect

from support.accessible import settled
from support.site import Site

FRAUD = (
    "Design an MLOps platform for real-time fraud detection, 5,000 requests per second, p99 latency below "
    "100 ms, budget 5,000 EUR per month, GDPR, data stays in the EU, on AWS"
)
SALES = "Batch forecasting of sales on GCP with a budget of $3000/month"
VAGUE = "Something with machine learning"
TICKET = {"text": "How long do refunds take?", "sender": "nadia.haddad@example.com"}
DAMAGED = "The sleeping bag in order H-10003 arrived damaged, refund it. My e-mail is elif.yilmaz@example.com"
CARD = "4111 1111 1111 1111"
GREETING = """---
variables:
  name: string
---
You greet people {}.

<!-- user -->
{{{{ name }}}}
"""
UNFIT = """@id("first")
permit (principal, action, resource);

@id("second")
forbid (principal, action == Action::"refund_order", resource)
when { context.facts.nowhere == 1 };
"""
RULE = """@id("no-lookups")
@reason("Nobody looks customers up by e-mail.")
forbid (principal, action == Action::"find_customer_by_email", resource);
"""
PATIENT = 30_000


@dataclass(frozen=True)
class Stop:
    """A part of the console that is visited: its address, and what is there once it shows something."""

    name: str
    address: str
    shown: str = "main h1"
    press: tuple[str, ...] = ()
    """Names of the buttons that are pressed once it is there."""
    modelled: bool = False
    """Whether it is looked at where a provider of models is set up."""


STOPS = (
    Stop("start", "/"),
    Stop("runs", "/runs", "[data-testid=run-row]"),
    Stop("run", "/runs/{design}", "[data-testid=workflow-complete]"),
    Stop("run-questions", "/runs/{vague}", "[data-testid=question]"),
    Stop("run-approval", "/runs/{refund}"),
    Stop("run-fork", "/runs/{vague}", "[data-testid=question]", ("Fork",)),
    Stop("run-graph", "/runs/{design}?tab=graph&step=planner%230", "[data-testid=step-panel]"),
    Stop("run-timeline", "/runs/{design}?tab=timeline", "[data-testid=waterfall]"),
    Stop("run-artifacts", "/runs/{design}?tab=artifacts", "[data-testid=markdown]"),
    Stop("run-journal", "/runs/{design}?tab=journal&entry=5", "[data-testid=entry-payload]"),
    Stop("run-logs", "/runs/{design}?tab=logs", "[data-testid=log-line]"),
    Stop("run-trace", "/runs/{design}?tab=trace", "[data-testid=waterfall]"),
    Stop("run-compare", "/runs/{design}?tab=compare&with={other}", "[data-testid=compare-steps]"),
    Stop("mlops-design", "/runs/{design}?tab=design", "[data-testid=checks]"),
    Stop("support-conversation", "/runs/{conversation}?tab=conversation", "[data-testid=actions]"),
    Stop("inbox", "/inbox", "[data-testid=inbox-item]"),
    Stop("inbox-approval", "/inbox/{approval}"),
    Stop("policies", "/policies", "[data-testid=policy-version]"),
    Stop("policies-decisions", "/policies?tab=decisions", "[data-testid=decision]"),
    Stop("policies-explain", "/policies?tab=explain", "main form"),
    Stop("policies-editor", "/policies/{draft}", "[data-testid=policy-problem]"),
    Stop("policies-difference", "/policies/{draft}?tab=diff", "[data-testid=policy-diff]"),
    Stop("policies-simulation", "/policies/{draft}?tab=simulate", "main form"),
    Stop("budgets", "/budgets", "[data-testid=new-budget]"),
    Stop("budget", "/budgets/{budget}", "text=Forecast"),
    Stop("switches", "/switches?ended=true", "[data-testid=kill]"),
    Stop("flags", "/switches?tab=flags", "[data-testid=flag]"),
    Stop("guards", "/guards", "[data-testid=guard-text]"),
    Stop("guards-findings", "/guards?tab=findings", "[data-testid=guard-entry]"),
    Stop("guards-rules", "/guards?tab=rules", "text=idempotency_key"),
    Stop("audit", "/audit", "[data-testid=audit-row]"),
    Stop("audit-proof", "/audit?entry={entry}", "[data-testid=proof-badge]"),
    Stop("audit-heads", "/audit?tab=heads"),
    Stop("models-none", "/models", "text=No model is set up."),
    Stop("models", "/models", "[data-testid=aliases]", modelled=True),
    Stop("usage", "/usage", "[data-testid=usage-chart]", modelled=True),
    Stop("usage-calls", "/usage?view=calls", "[data-testid=calls-table]", modelled=True),
    Stop("prompts", "/prompts"),
    Stop("prompt", "/prompts/welcome~new", "[data-testid=version-2]"),
    Stop("prompt-difference", "/prompts/welcome~new?tab=diff&from=1&to=2"),
    Stop("prompt-editor", "/prompts/welcome~new?tab=new&version=2"),
    Stop("experiments", "/experiments", "[data-testid=experiments-table]", modelled=True),
    Stop("experiment", "/experiments/{experiment}", "[data-testid=arm-candidate]", modelled=True),
    Stop("experiment-new", "/experiments/new", modelled=True),
    Stop("evaluations", "/evaluations"),
    Stop("health", "/operations/health", "[data-testid=health-part]"),
    Stop("workers", "/operations/workers"),
    Stop("breakers", "/operations/breakers"),
    Stop("schedules", "/schedules", "text=by_night"),
    Stop("schedule", "/schedules/{schedule}"),
    Stop("schedule-editor", "/schedules/{schedule}", press=("Edit",)),
    Stop("account", "/settings/account"),
    Stop("people", "/settings/people"),
    Stop("people-new", "/settings/people", press=("Invite somebody",)),
    Stop("chat-links", "/chats"),
    Stop("roles", "/settings/roles"),
    Stop("keys", "/settings/keys"),
    Stop("keys-new", "/settings/keys", press=("New key",)),
    Stop("engagements", "/settings/engagements"),
    Stop("notifications", "/settings/notifications"),
    Stop("notifications-new", "/settings/notifications", press=("New target",)),
    Stop("retention", "/settings/retention"),
    Stop("limits", "/settings/limits"),
    Stop("tenants", "/settings/tenants"),
    Stop("tenant", "/settings/tenants/default"),
    Stop("attestations", "/settings/attestations"),
)


@dataclass
class Places:
    """What was made on a site, by the names that addresses of stops use."""

    named: dict[str, str] = field(default_factory=dict)

    def address(self, stop: Stop) -> str:
        """Where a stop is on that site."""
        return "/console" + stop.address.format(**self.named)


def visit(page: Page, stop: Stop) -> None:
    """Wait in a window at a stop until it shows what it is about, and press what is to be pressed."""
    settled(page)
    expect(page.locator(stop.shown).first).to_be_visible(timeout=PATIENT)
    for name in stop.press:
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.get_by_role("dialog")).to_have_css("opacity", "1")


def furnished(here: Site) -> Places:
    """Do on a site without models what people do in a day, so that each screen has something to show."""
    places = Places()
    places.named |= _worked(here)
    places.named |= _governed(here)
    _set_up(here)
    wanted = {"name": "by_night", "workflow": "support", "input": TICKET, "cron": "30 3 * * *"}
    places.named["schedule"] = here.post("/api/v1/schedules", wanted | {"time_zone": "Asia/Tokyo"})["id"]
    return places


def _worked(here: Site) -> dict[str, str]:
    """Runs of the applications: completed, waiting for answers, for a customer and for an approval."""
    vague = here.run("mlops", VAGUE, until=("waiting",))
    refund = here.run("support", DAMAGED, until=("waiting",))
    _answer(here, refund, "yes")
    approval = _asked_next(here, refund)
    conversation = here.run("support", TICKET, until=("waiting",))
    for text in ("Where is my order H-10005?", "Can I pay with shells on the moon?"):
        _answer(here, conversation, text)
        conversation = _asked_next(here, conversation)
    here.run("support", {"text": f"My card is {CARD}, is that fine?"}, until=("waiting",))
    return {
        "design": _designed(here, FRAUD),
        "other": _designed(here, SALES),
        "vague": vague["id"],
        "refund": refund["id"],
        "approval": approval["questions"][0]["id"],
        "conversation": conversation["id"],
    }


def _designed(here: Site, wanted: str) -> str:
    """A run of the architect whose every question was answered with what is suggested."""
    run = here.run("mlops", wanted, until=("waiting", "completed"))
    while run["status"] == "waiting":
        _answer(here, run)
        run = _asked_next(here, run)
    return str(run["id"])


def _answer(here: Site, run: Mapping[str, Any], given: str | None = None) -> None:
    for question in here.get("/api/v1/questions", run_id=run["id"], status="open")["items"]:
        answer = question["default"] or question["choices"][0] if given is None else given
        here.post(f"/api/v1/questions/{question['id']}/answer", {"answer": answer})


def _asked_next(here: Site, run: Mapping[str, Any]) -> dict[str, Any]:
    """The run once it has ended, or waits for other questions than it did."""
    before = {question["id"] for question in run["questions"]}
    while True:
        found = here.reached(run["id"], "waiting", "completed")
        asked = {question["id"] for question in found["questions"]}
        if found["status"] == "completed" or (asked and before.isdisjoint(asked)):
            return found


def _governed(here: Site) -> dict[str, str]:
    """A budget, a switch that was let go, a flag, a policy that does not fit, and an entry with its proof."""
    money = {"unit": "money", "currency": "EUR", "period": "month", "soft": "400", "hard": "500"}
    budget = here.post("/api/v1/budgets", {"name": "refunds-a-month", **money})
    killed = {"kind": "workflow", "name": "support"}
    here.post("/api/v1/switches/kill", killed | {"why": "INC-311: wrong answers"})
    here.post("/api/v1/switches/unkill", killed)
    assert here.api.put("/api/v1/flags", json={"name": "new.greeting", "enabled": True}).is_success
    draft = here.post("/api/v1/policies", {"files": {"unfit.cedar": UNFIT, "rule.cedar": RULE}})
    here.post("/api/v1/audit/heads", {})
    entry = here.get("/api/v1/audit/entries", kind="outcome")["items"][0]
    return {"budget": budget["id"], "draft": str(draft["number"]), "entry": str(entry["id"])}


def _set_up(here: Site) -> None:
    """Two versions of a prompt, people, keys, limits, engagements, and what somebody stated."""
    for tone in ("calmly", "warmly"):
        here.post("/api/v1/prompts/welcome~new/versions", {"text": GREETING.format(tone)})
    here.person("ines@example.com", "operator")
    here.post("/api/v1/engagements", {"name": "warehouse"})
    here.post("/api/v1/keys", {"name": "nightly build", "roles": ["viewer"], "rate": 5, "models": ["fast"]})
    stated = {"topic": "on_call", "stated_by": "Ada", "evidence": "the rota", "days": 30}
    here.post("/api/v1/attestations", stated)
    assert here.api.put("/api/v1/limits", json={"scope": "installation", "concurrency": 500}).is_success
    override = {"mode": "metrics_only", "reason": "moves house"}
    assert here.api.put("/api/v1/breakers/smtp/override", json=override).is_success


def asking_models(house: Site) -> Places:
    """Ask models on a site that has a provider, so that usage and an experiment have something to show."""
    arms = [{"name": "control"}, {"name": "candidate", "model": "one:n", "weight": "50"}]
    wanted = {"name": "cheaper-model", "about": "model:default", "arms": arms}
    made = house.post("/api/v1/experiments", wanted)
    house.post(f"/api/v1/experiments/{made['id']}/start", {})
    for number in range(20):
        house.run("agent.triage", f"Where is my order {number}?")
    return Places({"experiment": made["id"]})
