import pytest

from pilothouse.apps.mlops.intake.lexicon.load import names
from pilothouse.apps.mlops.intake.lexicon.places import area, provider
from pilothouse.apps.mlops.requirements import Cloud


@pytest.mark.parametrize(
    ("region", "area_", "cloud"),
    [
        ("eu", "eu", None),
        ("germany", "eu", None),
        ("eu-central-1", "eu", Cloud.AWS),
        ("eu-west-2", "uk", Cloud.AWS),
        ("us-east-1", "us", Cloud.AWS),
        ("us-gov-west-1", "us", Cloud.AWS),
        ("europe-west1", "eu", Cloud.GCP),
        ("us-central1", "us", Cloud.GCP),
        ("northamerica-northeast1", "americas", Cloud.GCP),
        ("westeurope", "eu", Cloud.AZURE),
        ("eastus", "us", Cloud.AZURE),
        ("uksouth", "uk", Cloud.AZURE),
        ("switzerland", "europe", None),
        ("new-zealand", "apac", None),
        ("nowhere", "", None),
    ],
)
def test_regions_have_an_area_and_codes_a_provider(region: str, area_: str, cloud: Cloud | None) -> None:
    assert area(region) == area_
    assert provider(region) is cloud


def test_every_place_of_the_tables_has_an_area() -> None:
    assert [place for place in names("regions").values() if not area(str(place))] == []
