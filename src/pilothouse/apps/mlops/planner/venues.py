"""Where a design may run: the platforms that the requirements allow, and the regions on each."""

from __future__ import annotations

from dataclasses import dataclass

from pilothouse.apps.mlops.catalogue.model import Catalogue, Platform, Region
from pilothouse.apps.mlops.planner.sheet import Place, Posture
from pilothouse.apps.mlops.requirements import Cloud, Regime, Requirements

ON_PREMISES = "on_premises"
PROVIDERS = (Cloud.AWS, Cloud.GCP, Cloud.AZURE)
NOT_ASKED_FOR = "needs machines of the customer's own, which were not asked for"
KUBERNETES_WORDS = frozenset({"kubernetes", "k8s"})


@dataclass(frozen=True, slots=True)
class Venue:
    """A platform and, for Kubernetes, whose machines the cluster runs on (a cloud's, or `on_premises`)."""

    cloud: Cloud
    host: str
    regions: tuple[Region, ...]

    @property
    def words(self) -> str:
        """The venue as people say it."""
        names = {"aws": "AWS", "gcp": "Google Cloud", "azure": "Azure", ON_PREMISES: "own machines"}
        if self.cloud is Cloud.KUBERNETES:
            return f"Kubernetes on {names[self.host]}"
        return names[self.host]


def venues(requirements: Requirements, catalogue: Catalogue) -> tuple[tuple[Venue, ...], dict[str, str]]:
    """The venues to plan on, and for every platform that is left out the reason why."""
    left_out: dict[str, str] = {}
    found: list[Venue] = []
    wanted = wanted_regions(requirements)
    for cloud, host in _places(requirements):
        reason = _forbidden(requirements, cloud, host)
        platform = catalogue.platform(cloud if host == ON_PREMISES else Cloud(host))
        regions = match_regions(catalogue, platform, wanted)
        if reason is None and regions is None:
            reason = f"has no region for {', '.join(wanted)}"
        if reason is not None or regions is None:
            left_out.setdefault(Venue(cloud, host, ()).words, reason or "")
            continue
        found.append(Venue(cloud=cloud, host=host, regions=regions))
    return tuple(found), left_out


def wanted_regions(requirements: Requirements) -> tuple[str, ...]:
    """The regions asked for, in lower case; the European Union where GDPR is named and no region is."""
    if requirements.regions is not None and requirements.regions.value:
        return tuple(dict.fromkeys(word.strip().lower() for word in requirements.regions.value))
    regimes = requirements.compliance.value if requirements.compliance else ()
    if Regime.GDPR in regimes or Regime.EU_AI_ACT in regimes:
        return ("eu",)
    return ()


def match_regions(
    catalogue: Catalogue, platform: Platform, wanted: tuple[str, ...]
) -> tuple[Region, ...] | None:
    """A region of `platform` for each word of `wanted` (the default region without one), or None.

    A word is a region's id (also another provider's, then by its country or geography), geography, country
    or a name. The customer's own machines are wherever the customer says.
    """
    if platform.cloud is Cloud.KUBERNETES or not wanted:
        return platform.regions[:1]
    found: list[Region] = []
    for word in wanted:
        region = _region(catalogue, platform, word)
        if region is None:
            return None
        if region not in found:
            found.append(region)
    return tuple(found)


def _region(catalogue: Catalogue, platform: Platform, word: str) -> Region | None:
    for region in platform.regions:
        if word in {region.id, region.area, region.country, *region.names}:
            return region
    foreign = next((r for p in catalogue.platforms for r in p.regions if r.id == word), None)
    if foreign is None:
        return None
    near = [r for r in platform.regions if r.country == foreign.country]
    near += [r for r in platform.regions if r.area == foreign.area]
    return near[0] if near else None


def _places(requirements: Requirements) -> tuple[tuple[Cloud, str], ...]:
    """Every platform and host to consider, in a fixed order."""
    stated = requirements.cloud.value if requirements.cloud else None
    excluded = requirements.excluded_clouds.value if requirements.excluded_clouds else ()
    hosts = [cloud.value for cloud in PROVIDERS if cloud not in excluded]
    if stated in PROVIDERS and stated is not None:
        hosts = [stated.value]
    elif stated is not Cloud.KUBERNETES:
        hosts = hosts[:1] or [Cloud.AWS.value]
    clusters = [(Cloud.KUBERNETES, host) for host in hosts]
    return (*((cloud, cloud.value) for cloud in PROVIDERS), *clusters, (Cloud.KUBERNETES, ON_PREMISES))


def _forbidden(requirements: Requirements, cloud: Cloud, host: str) -> str | None:
    """Why the requirements rule a platform out, or None."""
    on_premises = requirements.on_premises is not None and requirements.on_premises.value
    open_source = requirements.open_source_only is not None and requirements.open_source_only.value
    stated = requirements.cloud.value if requirements.cloud else None
    excluded_clouds = requirements.excluded_clouds.value if requirements.excluded_clouds else ()
    excluded = set(requirements.excluded_technologies.value) if requirements.excluded_technologies else set()
    if on_premises and host != ON_PREMISES:
        return "does not run on the customer's own machines"
    if host == ON_PREMISES and not on_premises:
        return NOT_ASKED_FOR
    if stated is not None and cloud is not stated:
        same_host = open_source and cloud is Cloud.KUBERNETES and host == stated.value
        if not same_host:
            return f"is not {stated.value}, which was asked for"
    if cloud in excluded_clouds or (host in {c.value for c in excluded_clouds}):
        return "was excluded"
    if cloud is Cloud.KUBERNETES and excluded & KUBERNETES_WORDS:
        return "needs Kubernetes, which was excluded"
    if open_source and cloud is not Cloud.KUBERNETES:
        return "is built from proprietary services, and only open source was asked for"
    return None


def places(venue: Venue, posture: Posture, catalogue: Catalogue) -> tuple[Place, ...]:
    """The regions a design stands in, each with its share of traffic and the peak it must take.

    Of several regions each takes an equal share, and the others can take over the share of one that is
    lost. A standby region is the nearest other one of the same geography; it takes the whole peak.
    """
    count = len(venue.regions)
    active = [
        Place(region=region.id, share=1 / count, peak_share=1 / max(1, count - 1)) for region in venue.regions
    ]
    if posture.standby:
        standby = standby_region(venue, catalogue)
        if standby is not None:
            active.append(Place(region=standby.id, share=0.0, peak_share=1.0, standby=True))
    return tuple(active)


def standby_region(venue: Venue, catalogue: Catalogue) -> Region | None:
    """Another region of the same geography, or None where the platform has none or several are served."""
    if venue.host == ON_PREMISES or len(venue.regions) > 1:
        return None
    first = venue.regions[0]
    platform = catalogue.platform(Cloud(venue.host))
    return next((r for r in platform.regions if r.area == first.area and r.id != first.id), None)
