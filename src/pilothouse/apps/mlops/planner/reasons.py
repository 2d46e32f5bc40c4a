"""Why a candidate or component lost, and why one was chosen: in numbers, from the scores themselves."""

from __future__ import annotations

from pilothouse.apps.mlops.catalogue.workloads import RoleNeed
from pilothouse.apps.mlops.design import Alternative, Rejected
from pilothouse.apps.mlops.planner.explore import Exploration, Visit, rank_of
from pilothouse.apps.mlops.planner.menu import Option
from pilothouse.apps.mlops.planner.scoring import weights_after
from pilothouse.apps.mlops.planner.search import Candidate
from pilothouse.apps.mlops.requirements import Cloud

BREAKS = "breaks"
"""How the reason begins where a limit is broken."""

SHOWN = 3
"""At most so many differences are told; the scores hold all of them."""

_LIMIT_WORDS = {
    "budget": "the budget",
    "latency_ms": "the latency",
    "availability": "the availability",
    "deadline_weeks": "the deadline",
}


def why_lost(loser: Candidate, winner: Candidate, weights: dict[str, float]) -> str:
    """The reason `loser` was not chosen: limits it breaks, or the criteria that cost it most."""
    if loser.violated and not winner.violated:
        broken = " and ".join(_LIMIT_WORDS[name] for name in loser.violated)
        return f"{BREAKS} {broken}: {_figures(loser)}"
    if loser.doubtful and not winner.doubtful:
        return f"{loser.unknown} of its prices are not known, so that the budget cannot be shown to hold"
    gap = winner.total - loser.total
    worse = sorted(
        (
            (weights[name] * (winner.criteria[name] - loser.criteria[name]), name)
            for name in weights
            if winner.criteria[name] - loser.criteria[name] > 0.0005
        ),
        reverse=True,
    )
    told = [_difference(name, loser, winner) for _, name in worse[:SHOWN]]
    if gap < 0.0005:
        return f"scores the same; {'; '.join(told)}" if told else "scores the same and comes later by name"
    return f"lost by {gap:.3f}: {'; '.join(told) or 'many small differences'}"


def _figures(candidate: Candidate) -> str:
    parts = {
        "budget": f"${candidate.cost:,.0f} a month",
        "latency_ms": f"{candidate.latency:.3g} ms on the path",
        "availability": f"{candidate.availability * 100:.4f} % available",
        "deadline_weeks": f"{candidate.weeks:.1f} weeks to set up",
    }
    return ", ".join(parts[name] for name in candidate.violated)


def _difference(name: str, loser: Candidate, winner: Candidate) -> str:
    if name == "cost":
        return _cost_difference(loser, winner)
    if name == "latency":
        return f"{loser.latency:.3g} ms on the path against {winner.latency:.3g} ms"
    if name == "availability":
        return f"{loser.availability * 100:.4f} % available against {winner.availability * 100:.4f} %"
    words = {
        "effort": "needs more skill or hours to run",
        "stack": "uses less of the existing stack",
        "compliance": "less of it is attested by the provider",
        "portability": "harder to leave",
    }
    return f"{words[name]} ({loser.criteria[name]:.2f} against {winner.criteria[name]:.2f})"


def _cost_difference(loser: Candidate, winner: Candidate) -> str:
    if loser.unknown and not winner.unknown and loser.cost <= winner.cost:
        return f"{loser.unknown} of its prices are not known"
    ratio = loser.cost / winner.cost if winner.cost else 0.0
    times = f"{ratio:.1f} times the monthly cost" if ratio >= 1.15 else "a higher monthly cost"
    return f"{times} (${loser.cost:,.0f} against ${winner.cost:,.0f})"


def rejections(
    option: Option, visit: Visit, winner: Candidate, weights: dict[str, float]
) -> tuple[Rejected, ...]:
    """Every other component of the platform for the role of `option`, with the reason it lost."""
    rejected = [
        Rejected(component=component.id, name=component.name, reason=reason)
        for component, reason in visit.menu.out[option.role]
    ]
    for other in visit.menu.options[option.role]:
        if other.component.id == option.component.id:
            continue
        candidate = visit.found.best_with.get((option.role, other.component.id))
        if candidate is None:
            needs = ", ".join(other.component.needs)
            rejected.append(
                Rejected(
                    component=other.component.id,
                    name=other.component.name,
                    reason=f"needs a {needs} beside it, which no combination here has",
                )
            )
            continue
        rejected.append(
            Rejected(
                component=other.component.id,
                name=other.component.name,
                reason=why_lost(candidate, winner, weights),
                score=round(candidate.total, 4),
            )
        )
    return tuple(sorted(rejected, key=lambda entry: (-(entry.score or 0.0), entry.component)))


def why_chosen(option: Option, need: RoleNeed, rejected: tuple[Rejected, ...]) -> str:
    """Why the component stands in the design: what the role is for, and how it beat the rest."""
    scored = [entry for entry in rejected if entry.score is not None]
    role = f"{need.because[0].upper()}{need.because[1:]}."
    if scored:
        runner = scored[0]
        return f"{role} {option.component.name} leads {runner.name}, which {_lower(runner.reason)}."
    if rejected:
        first = rejected[0]
        return f"{role} {option.component.name} is what is left: {first.name} {_lower(first.reason)}."
    return f"{role} {option.component.name} is what the platform offers for it."


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def alternatives(exploration: Exploration, chosen: Visit, winner: Candidate) -> tuple[Alternative, ...]:
    """Other whole designs: the best on every other platform and posture, and with other serving here."""
    weights = exploration_weights(exploration)
    found: dict[str, tuple[Alternative, Candidate]] = {}
    for visit in sorted(exploration.visits, key=lambda visit: rank_of(visit.found.best)):
        candidate = visit.found.best
        if visit is chosen or candidate is None:
            continue
        venue, posture = visit.menu.site.venue.words, visit.menu.site.posture.words
        found.setdefault(venue, (_alternative(f"{venue}, {posture}", candidate, winner, weights), candidate))
    for (role, component_id), candidate in chosen.found.best_with.items():
        if role.value != "serving" or component_id in {o.component.id for o in winner.options}:
            continue
        option = candidate.option(role)
        name = f"{chosen.menu.site.venue.words} with {option.component.name if option else component_id}"
        found[name] = (_alternative(name, candidate, winner, weights), candidate)
    ordered = sorted(found.values(), key=lambda pair: (pair[1].rank, pair[0].name))
    return tuple(alternative for alternative, _ in ordered) + _impossible(exploration)


def exploration_weights(exploration: Exploration) -> dict[str, float]:
    """The weights that the exploration scored with."""
    return weights_after(exploration.kitchen.directives)


def _alternative(
    name: str, candidate: Candidate, winner: Candidate, weights: dict[str, float]
) -> Alternative:
    priced = candidate.cost > 0 or candidate.unknown == 0
    return Alternative(
        name=name,
        cloud=candidate.site.venue.cloud,
        score=round(candidate.total, 4),
        expected_monthly_usd=round(candidate.cost, 2) if priced else None,
        reason=why_lost(candidate, winner, weights),
    )


def _impossible(exploration: Exploration) -> tuple[Alternative, ...]:
    """Platforms that were looked at and could not fill every role."""
    venues = {visit.menu.site.venue.words for visit in exploration.visits}
    return tuple(
        Alternative(name=name, cloud=_cloud(name), score=0.0, expected_monthly_usd=None, reason=reason)
        for name, reason in sorted(exploration.unfilled.items())
        if name not in venues
    )


def _cloud(name: str) -> Cloud:
    words = {"AWS": Cloud.AWS, "Google Cloud": Cloud.GCP, "Azure": Cloud.AZURE}
    return words.get(name, Cloud.KUBERNETES)
