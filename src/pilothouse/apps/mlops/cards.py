"""The reason cards of the architect's agents: what was decided, from what, and what was not chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pilothouse import Artifact, Option, ReasonCard
from pilothouse.apps.mlops.design import Check, Design, Review, Verdict
from pilothouse.apps.mlops.requirements import Constraint, Coverage, Inquiry, Intake, Origin

if TYPE_CHECKING:
    from pilothouse.apps.mlops.agents import BuildRequest
    from pilothouse.apps.mlops.rationale import Rationale
    from pilothouse.apps.mlops.validators import Validation

SHOWN = 6
"""How many lines a card lists before it says how many more there are."""


def intake(prompt: str, found: Intake) -> ReasonCard:
    """What was read, with the words it was read from."""
    stated = {name: item for name, item in constraints(found) if item.origin is not Origin.ASSUMED}
    lines = [f"{name} = {shown(item)}{_from(item)}" for name, item in stated.items()]
    lines += [f"Contradiction: {item.explanation}" for item in found.contradictions]
    sure = [item.confidence for item in stated.values()]
    return ReasonCard(
        title="Intake",
        decision=f"Read {len(stated)} constraints and found {len(found.contradictions)} contradictions.",
        reasoning=_first(lines, 12),
        confidence=round(sum(sure) / len(sure), 2) if sure else 0.0,
        inputs={"prompt": prompt[:200], "language": found.language},
    )


def coverage(known: Coverage, enough: float) -> ReasonCard:
    """How much is known, and what is asked."""
    going_on = "going on" if known.score >= enough else f"asking {len(known.inquiries)} questions first"
    return ReasonCard(
        title="Coverage",
        decision=f"Coverage {known.score:.2f} of the {enough:.2f} needed: {going_on}.",
        reasoning=(f"Known: {_list(known.known)}.", f"Missing: {_list(known.missing)}."),
        confidence=known.score,
        alternatives=tuple(
            Option(name=f"not asked: {item.key}", reason=item.default_assumes, score=item.value)
            for item in known.inquiries[3:6]
        ),
    )


def questions(asked: Sequence[Inquiry], replies: Sequence[str], settled: Intake) -> ReasonCard:
    """What was answered and what is assumed."""
    answered = [f"{item.key}: {reply}" for item, reply in zip(asked, replies, strict=True)]
    assumed = [
        f"Assumed {name} = {shown(item)}"
        for name, item in constraints(settled)
        if item.origin is Origin.ASSUMED
    ]
    decision = f"{len(asked)} questions answered, {len(assumed)} values assumed."
    if not asked:
        decision = "Enough is known: nothing is asked."
    return ReasonCard(
        title="Questions", decision=decision, reasoning=_first([*answered, *assumed], 10), confidence=1.0
    )


def planner(design: Design) -> ReasonCard:
    """The design and why the others lost."""
    lines = [f"{choice.role.value}: {choice.name}. {choice.why}" for choice in design.choices]
    lines += [
        f"Relaxed {item.field} from {item.was} to {item.becomes}: {item.because}"
        for item in design.relaxations
    ]
    return ReasonCard(
        title=f"Planner, round {design.round}",
        decision=(
            f"{design.workload.value} on {design.cloud.value} in {design.region}: "
            f"{len(design.choices)} components, {design.bill.expected:,.0f} USD a month expected, "
            f"score {design.score.total:.2f}."
        ),
        reasoning=_first(lines, 20),
        confidence=design.score.total,
        outputs={name: round(value, 2) for name, value in design.score.criteria.items()},
        alternatives=tuple(
            Option(name=item.name, reason=item.reason, score=item.score) for item in design.alternatives
        ),
    )


def review(found: Review) -> ReasonCard:
    """What a critic checked: failures first, then warnings."""
    order = {Verdict.FAIL: 0, Verdict.WARN: 1, Verdict.PASS: 2}
    checks = sorted(found.checks, key=lambda check: order[check.verdict])
    count = {verdict: sum(check.verdict is verdict for check in checks) for verdict in Verdict}
    title = found.critic.replace("_", " ").capitalize()
    return ReasonCard(
        title=title,
        decision="{} passed, {} warnings, {} failed.".format(
            *(count[verdict] for verdict in (Verdict.PASS, Verdict.WARN, Verdict.FAIL))
        ),
        reasoning=_first([_check(check) for check in checks], SHOWN),
        confidence=_share(count),
        outputs={"objections": [item.reason for item in found.objections]} if found.objections else {},
    )


def bill(design: Design, found: Review) -> ReasonCard:
    """The bill against the budget, with its largest lines."""
    total = design.bill
    priced = sorted((line for line in total.lines if line.monthly), key=lambda line: -(line.monthly or 0))
    lines = [f"{line.monthly:,.2f} USD  {line.component}: {line.description}" for line in priced]
    budget = "no budget given" if total.budget_usd is None else f"budget {total.budget_usd:,.0f} USD"
    card = review(found)
    return card.model_copy(
        update={
            "title": "Cost critic",
            "decision": (
                f"{total.expected:,.0f} USD a month expected ({total.low:,.0f} to {total.high:,.0f}), "
                f"{budget}, {len(total.unknown)} lines without a price."
            ),
            "reasoning": (*_first(lines, SHOWN), *card.reasoning[:3]),
        }
    )


def gate_prompt(design: Design) -> str:
    """What the final gate asks."""
    return (
        f"Build this design? {design.workload.value} on {design.cloud.value} ({design.region}), "
        f"{design.bill.expected:,.0f} USD a month expected."
    )


def gate_reason(reviews: Sequence[Review]) -> str:
    """What the person at the gate should know of the reviews."""
    failed = [check for found in reviews for check in found.checks if check.verdict is Verdict.FAIL]
    if not failed:
        return "No check failed."
    return f"{len(failed)} checks failed: " + "; ".join(_check(check) for check in failed[:3])


def gate(design: Design, verdict: str) -> ReasonCard:
    """The decision at the gate."""
    return ReasonCard(
        title="Final gate",
        decision=f"{verdict}: {len(design.choices)} components on {design.cloud.value}.",
        confidence=1.0,
    )


def repository(files: Mapping[str, str], design: Design) -> ReasonCard:
    """What was generated."""
    folders: dict[str, int] = {}
    for path in files:
        folder = path.split("/")[0] if "/" in path else "(root)"
        folders[folder] = folders.get(folder, 0) + 1
    return ReasonCard(
        title="Codegen",
        decision=f"{len(files)} files, {sum(text.count(chr(10)) for text in files.values()):,} lines.",
        reasoning=(f"{design.workload.value} repository for {design.cloud.value}, in this layout:",),
        confidence=1.0,
        outputs={name: f"{count} files" for name, count in sorted(folders.items())},
    )


def validation(found: Validation) -> ReasonCard:
    """What each validator found."""
    lines = [
        f"{item.name}: {'passed' if item.passed else 'failed'}, {len(item.findings)} findings"
        for item in found.results
    ]
    passed = sum(item.passed for item in found.results)
    return ReasonCard(
        title="Validators",
        decision=f"{passed} of {len(found.results)} validators passed.",
        reasoning=tuple(lines),
        confidence=passed / len(found.results) if found.results else 0.0,
    )


def rationale(_: BuildRequest, found: Rationale) -> ReasonCard:
    """How many decisions are on record."""
    titles = [record.title for record in found.decisions]
    return ReasonCard(
        title="Rationale", decision=f"{len(titles)} decision records.", reasoning=_first(titles, SHOWN)
    )


def published(artifacts: Sequence[Artifact]) -> ReasonCard:
    """What was saved."""
    lines = [f"{item.name}: {item.size:,} bytes, sha-256 {item.sha256[:16]}" for item in artifacts]
    return ReasonCard(
        title="Publish", decision=f"{len(artifacts)} artifacts saved.", reasoning=tuple(lines), confidence=1.0
    )


def constraints(found: Intake) -> list[tuple[str, Constraint[object]]]:
    """The constraints that are known, by name."""
    requirements = found.requirements
    named = ((name, getattr(requirements, name)) for name in type(requirements).model_fields)
    return [(name, item) for name, item in named if isinstance(item, Constraint)]


def shown(item: Constraint[object]) -> str:
    """A constraint's value for people."""
    value = item.value
    if isinstance(value, tuple):
        text = ", ".join(str(part) for part in value)
    elif hasattr(value, "monthly"):
        text = f"{value.monthly:,.0f} {getattr(value, 'currency', '')} a month"
    else:
        text = str(value)
    return f"{text} {item.unit}" if item.unit and not hasattr(value, "monthly") else text


def _from(item: Constraint[object]) -> str:
    if item.span is None:
        return f" ({item.origin.value}, {item.confidence:.2f})"
    verb = "stated as" if item.origin is Origin.STATED else f"{item.origin.value} from"
    return f' ({verb} "{item.span.text}", {item.confidence:.2f})'


def _check(check: Check) -> str:
    where = f" [{check.component}]" if check.component else ""
    return f"{check.verdict.value}: {check.title}{where}: {check.detail}"


def _share(count: Mapping[Verdict, int]) -> float:
    total = sum(count.values())
    return round((count[Verdict.PASS] + 0.5 * count[Verdict.WARN]) / total, 2) if total else 0.0


def _first(lines: Sequence[str], most: int) -> tuple[str, ...]:
    if len(lines) <= most:
        return tuple(lines)
    return (*lines[:most], f"and {len(lines) - most} more")


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "nothing"
