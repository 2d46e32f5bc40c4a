"""Which area of the world a region, country or provider's region belongs to."""

from __future__ import annotations

from collections.abc import Mapping

from pilothouse.apps.mlops.requirements import Cloud

ACRONYMS: Mapping[str, str] = {"EU": "eu", "UE": "eu", "EEA": "eu", "EMEA": "eu", "US": "us", "UK": "uk"}
"""Places only when written in capitals: "us" is a pronoun, "eu" a word of French and Portuguese."""

_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "eu": (
        *(
            "eu",
            "austria",
            "belgium",
            "czechia",
            "denmark",
            "finland",
            "france",
            "germany",
            "greece",
            "hungary",
        ),
        *("ireland", "italy", "netherlands", "norway", "poland", "portugal", "romania", "spain", "sweden"),
        *("westeurope", "northeurope", "germanywestcentral", "francecentral", "swedencentral"),
    ),
    "us": ("us", "eastus", "eastus2", "westus2", "westus3", "centralus"),
    "uk": ("uk", "uksouth"),
    "europe": ("switzerland", "switzerlandnorth"),
    "apac": (
        *(
            "apac",
            "australia",
            "china",
            "hong-kong",
            "india",
            "indonesia",
            "japan",
            "malaysia",
            "new-zealand",
        ),
        *("philippines", "singapore", "south-korea", "taiwan", "thailand", "vietnam", "southeastasia"),
        *("japaneast", "australiaeast", "centralindia"),
    ),
    "americas": (
        *("latam", "argentina", "brazil", "canada", "chile", "colombia", "mexico", "peru"),
        *("brazilsouth", "canadacentral"),
    ),
    "mea": (
        *("africa", "egypt", "israel", "kenya", "middle-east", "nigeria", "saudi-arabia", "south-africa"),
        *("turkey", "uae"),
    ),
    "global": ("global",),
}
_AZURE = frozenset(
    {
        *("westeurope", "northeurope", "germanywestcentral", "francecentral", "swedencentral", "uksouth"),
        *("switzerlandnorth", "eastus", "eastus2", "westus2", "westus3", "centralus", "southeastasia"),
        *("japaneast", "australiaeast", "centralindia", "brazilsouth", "canadacentral"),
    }
)
_AREA_OF = {member: area for area, members in _MEMBERS.items() for member in members}
_CODES: Mapping[str, str] = {
    "eu": "eu",
    "europe": "eu",
    "us": "us",
    "northamerica": "us",
    "me": "mea",
    "af": "mea",
    "il": "mea",
    "africa": "mea",
    "ap": "apac",
    "asia": "apac",
    "australia": "apac",
    "ca": "americas",
    "sa": "americas",
    "mx": "americas",
    "southamerica": "americas",
}
_CODE_AREAS: Mapping[str, str] = {
    "eu-west-2": "uk",
    "europe-west2": "uk",
    "eu-central-2": "europe",
    "europe-west6": "europe",
    "northamerica-northeast1": "americas",
    "northamerica-northeast2": "americas",
    "northamerica-south1": "americas",
}


def area(region: str) -> str:
    """The area of `region`, a value of `Requirements.regions`, or "" for one that is not known.

    Areas are "eu" (with Norway, which applies the EU's data protection law as a member of the EEA),
    "us", "uk", "europe" (the rest of it), "apac", "americas", "mea" and "global".
    """
    if region in _AREA_OF:
        return _AREA_OF[region]
    if region in _CODE_AREAS:
        return _CODE_AREAS[region]
    return _CODES.get(region.split("-", 1)[0], "")


def provider(region: str) -> Cloud | None:
    """The cloud whose region code `region` is ("eu-central-1", "europe-west1", "westeurope"), or None."""
    if region in _AZURE:
        return Cloud.AZURE
    if not region[-1:].isdigit() or "-" not in region:
        return None
    return Cloud.AWS if region[-2] == "-" else Cloud.GCP
