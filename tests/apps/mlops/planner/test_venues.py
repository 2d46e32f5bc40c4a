"""Platforms, regions and shares of traffic follow what was asked for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pilothouse.apps.mlops.catalogue import Catalogue
from pilothouse.apps.mlops.planner.sheet import Posture
from pilothouse.apps.mlops.planner.venues import Venue, places, venues
from pilothouse.apps.mlops.requirements import Cloud, Regime, Requirements

Ask = Callable[..., Requirements]


def names(requirements: Requirements, catalogue: Catalogue) -> list[str]:
    return [venue.words for venue in venues(requirements, catalogue)[0]]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ["AWS", "Google Cloud", "Azure", "Kubernetes on AWS"]),
        ({"cloud": Cloud.GCP}, ["Google Cloud"]),
        (
            {"cloud": Cloud.KUBERNETES},
            ["Kubernetes on AWS", "Kubernetes on Google Cloud", "Kubernetes on Azure"],
        ),
        ({"excluded_clouds": (Cloud.AWS,)}, ["Google Cloud", "Azure", "Kubernetes on Google Cloud"]),
        ({"excluded_clouds": (Cloud.KUBERNETES,)}, ["AWS", "Google Cloud", "Azure"]),
        ({"excluded_technologies": ("k8s",)}, ["AWS", "Google Cloud", "Azure"]),
        ({"on_premises": True}, ["Kubernetes on own machines"]),
        ({"on_premises": False, "cloud": Cloud.AWS}, ["AWS"]),
        ({"open_source_only": True}, ["Kubernetes on AWS"]),
        ({"open_source_only": True, "cloud": Cloud.AZURE}, ["Kubernetes on Azure"]),
        ({"on_premises": True, "cloud": Cloud.AWS}, []),
    ],
)
def test_platforms(given: dict[str, object], expected: list[str], ask: Ask, catalogue: Catalogue) -> None:
    assert names(ask(**given), catalogue) == expected


def test_what_is_left_out_has_a_reason(ask: Ask, catalogue: Catalogue) -> None:
    left_out = venues(ask(cloud=Cloud.AWS, regions=("atlantis",)), catalogue)[1]
    assert left_out["AWS"] == "has no region for atlantis"
    assert left_out["Google Cloud"] == "is not aws, which was asked for"


@pytest.mark.parametrize(
    ("regions", "cloud", "expected"),
    [
        (("us",), Cloud.AWS, ["us-east-1"]),
        (("EU",), Cloud.AWS, ["eu-west-1"]),
        (("germany",), Cloud.AZURE, ["germanywestcentral"]),
        (("Frankfurt", "germany"), Cloud.GCP, ["europe-west3"]),
        (("eu-central-1",), Cloud.AZURE, ["germanywestcentral"]),
        (("eu-north-1",), Cloud.GCP, ["europe-west1"]),
        (("us", "eu", "japan"), Cloud.GCP, ["us-central1", "europe-west1", "asia-northeast1"]),
    ],
)
def test_regions_are_found_by_id_country_name_or_nearness(
    regions: tuple[str, ...], cloud: Cloud, expected: list[str], ask: Ask, catalogue: Catalogue
) -> None:
    [venue] = venues(ask(regions=regions, cloud=cloud), catalogue)[0]
    assert [region.id for region in venue.regions] == expected


def test_european_regimes_suggest_the_union(ask: Ask, catalogue: Catalogue) -> None:
    for regime in (Regime.GDPR, Regime.EU_AI_ACT):
        [venue] = venues(ask(compliance=(regime,), cloud=Cloud.AWS), catalogue)[0]
        assert venue.regions[0].area == "eu"


def test_traffic_is_shared_and_the_loss_of_a_region_can_be_taken(ask: Ask, catalogue: Catalogue) -> None:
    [venue] = venues(ask(regions=("us", "eu", "japan"), cloud=Cloud.AWS), catalogue)[0]
    found = places(venue, Posture(2), catalogue)
    assert sum(place.share for place in found) == pytest.approx(1)
    assert all(place.peak_share == 0.5 for place in found)
    assert places(venue, Posture(2, standby=True), catalogue) == found


def test_a_standby_takes_the_peak_and_none_of_the_usual_traffic(ask: Ask, catalogue: Catalogue) -> None:
    [venue] = venues(ask(cloud=Cloud.AZURE), catalogue)[0]
    first, standby = places(venue, Posture(2, standby=True), catalogue)
    assert (first.region, first.share, first.standby) == ("eastus", 1, False)
    assert (standby.region, standby.share, standby.peak_share, standby.standby) == ("westus2", 0, 1, True)


def test_own_machines_and_lonely_geographies_have_no_standby(ask: Ask, catalogue: Catalogue) -> None:
    own = venues(ask(on_premises=True), catalogue)[0][0]
    assert len(places(own, Posture(2, standby=True), catalogue)) == 1
    lonely = venues(ask(regions=("canada",), cloud=Cloud.AWS), catalogue)[0][0]
    assert len(places(lonely, Posture(2, standby=True), catalogue)) == 1


def test_postures_and_venues_have_words() -> None:
    assert Posture(1).words == "one zone"
    assert Posture(2, standby=True).words == "2 zones and a standby region"
    assert Venue(Cloud.KUBERNETES, "gcp", ()).words == "Kubernetes on Google Cloud"
