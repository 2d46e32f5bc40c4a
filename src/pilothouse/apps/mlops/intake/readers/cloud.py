"""Where it runs: the cloud, clouds that are ruled out, own servers, and technologies in or out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pilothouse.apps.mlops.intake.lexicon.match import Hit
from pilothouse.apps.mlops.intake.lexicon.technologies import PROVIDERS, SOURCE_TECHNOLOGIES
from pilothouse.apps.mlops.intake.reading import FAR, Candidate, Reading
from pilothouse.apps.mlops.requirements import Cloud

_EITHER = frozenset({"or", "oder", "ou", "o", "either", "of"})
_ABOUT_PEOPLE = frozenset(
    {
        *("skills", "skill", "experience", "knowledge", "expertise", "experts", "engineers", "erfahrung"),
        *("kenntnisse", "experiencia", "know", "team"),
    }
)
"""Words that make the name before them a thing that people know rather than a place."""
_BOTH = frozenset({"and", "und", "et", "y", "plus"})


def read_cloud(reading: Reading) -> Iterator[Candidate]:
    """The clouds that are named; Kubernetes only where no provider is, since it runs on each of them.

    Of clouds joined by "or" or "and" the first is taken, and the others are noted.
    """
    products = {at: hit for hit in reading.of("technology") for at in range(hit.first, hit.last)}
    named = [hit for hit in reading.of("cloud") if not hit.negated and not _product(products, hit)]
    named = [hit for hit in named if reading.word(hit.last) not in _ABOUT_PEOPLE]
    providers = [hit for hit in named if hit.value is not Cloud.KUBERNETES]
    previous: Hit | None = None
    merged: list[tuple[Hit, list[str], bool]] = []
    for hit in providers or named:
        joint = _joint(reading, previous, hit) if previous else ""
        if previous and joint and merged[-1][0].value != hit.value:
            merged[-1][1].append(str(getattr(hit.value, "value", hit.value)))
            merged[-1] = (merged[-1][0], merged[-1][1], joint == "or")
        else:
            merged.append((hit, [], False))
        previous = hit
    for hit, others, either in merged:
        note = f"{', '.join(others)} {'would do as well' if either else 'is used as well'}" if others else ""
        second = reading.near("acceptable", hit.last - 1, hit.last, back=0, ahead=2) < FAR
        confidence = 0.7 if second else 0.75 if others else hit.confidence
        yield Candidate("cloud", hit.value, confidence, hit.first, hit.last, note=note)


def _product(products: Mapping[int, Hit], hit: Hit) -> bool:
    """Whether the name of the cloud is part of a product that runs anywhere ("Azure DevOps").

    `products` are the technologies by the tokens that name them.
    """
    product = products.get(hit.first)
    if product is None or product.last - product.first <= hit.last - hit.first:
        return False
    return not any(product.value in services for services in PROVIDERS.values())


def _joint(reading: Reading, earlier: Hit, later: Hit) -> str:
    """How two names are joined: "or", "and", or "" where they are not."""
    between = [token.text for token in reading.tokens[earlier.last : later.first]]
    gap = reading.text.plain[reading.tokens[earlier.last - 1].end : reading.tokens[later.first].start]
    if gap.strip() == "/" or (len(between) <= 3 and _EITHER & set(between)):
        return "or"
    return "and" if len(between) == 1 and between[0] in _BOTH else ""


def read_excluded_clouds(reading: Reading) -> Iterator[Candidate]:
    """Clouds that are ruled out; the empty set where the customer leaves the choice open."""
    for hit in reading.of("cloud"):
        if hit.negated and hit.value is not Cloud.KUBERNETES:
            yield Candidate("excluded_clouds", (hit.value,), hit.confidence, hit.first, hit.last)
    for hit in reading.of("open_cloud"):
        yield Candidate("excluded_clouds", (), hit.confidence, hit.first, hit.last, note="any cloud will do")


def read_on_premises(reading: Reading) -> Iterator[Candidate]:
    """Own servers or a cloud; "not in the cloud" is own servers, and what is left behind is neither."""
    for hit in reading.of("on_premises"):
        left = reading.near("migration", hit.first, hit.first + 1, back=3, ahead=0) < FAR
        if left or reading.word(hit.last) in _ABOUT_PEOPLE:
            continue
        value = bool(hit.value) is not hit.negated
        yield Candidate("on_premises", value, hit.confidence, hit.first, hit.last)


def read_technologies(reading: Reading) -> Iterator[Candidate]:
    """The stack that is there, what may not be used, and the stores among it that hold the data."""
    for hit in reading.of("technology"):
        field = "excluded_technologies" if hit.negated else "existing_stack"
        yield Candidate(field, (hit.value,), hit.confidence, hit.first, hit.last)
        if not hit.negated and hit.value in SOURCE_TECHNOLOGIES:
            yield Candidate("sources", (hit.value,), 0.75, hit.first, hit.last)
