"""Prices Amazon S3: storage classes, requests, retrievals and the paid features of a bucket.

Usage follows the infracost usage schema: one block per storage class, sizes in GB, requests as counts.
"""

from __future__ import annotations

from pilothouse.apps.mlops.pricing.model import CostLine
from pilothouse.apps.mlops.pricing.quote import Quote
from pilothouse.apps.mlops.pricing.reading import block

SERVICE = "aws/s3"

CLASSES = {
    "intelligent_tiering": ("intelligent", "Intelligent tiering"),
    "standard_infrequent_access": ("standard_ia", "Standard infrequent access"),
    "one_zone_infrequent_access": ("one_zone_ia", "One zone infrequent access"),
    "glacier_instant_retrieval": ("glacier_instant", "Glacier instant retrieval"),
    "glacier_flexible_retrieval": ("glacier", "Glacier flexible retrieval"),
    "glacier_deep_archive": ("deep_archive", "Glacier deep archive"),
}
"""Storage classes beside Standard: the usage's name, the book's name, the name on the bill."""

COMMON = (
    ("storage_gb", "storage", "storage", 1),
    ("frequent_access_storage_gb", "frequent", "storage (frequent access)", 1),
    ("infrequent_access_storage_gb", "infrequent", "storage (infrequent access)", 1),
    ("archive_instant_access_storage_gb", "archive_instant", "storage (archive instant access)", 1),
    ("archive_access_storage_gb", "archive", "storage (archive access)", 1),
    ("deep_archive_access_storage_gb", "deep_archive", "storage (deep archive access)", 1),
    ("monitored_objects", "monitoring", "monitoring and automation", 1000),
    ("monthly_tier_1_requests", "tier1", "PUT, COPY, POST, LIST requests", 1000),
    ("monthly_tier_2_requests", "tier2", "GET, SELECT and other requests", 1000),
    ("monthly_lifecycle_transition_requests", "transition", "lifecycle transitions", 1000),
    ("monthly_data_retrieval_gb", "retrieval", "retrievals", 1),
    ("monthly_select_data_scanned_gb", "select_scanned", "select, data scanned", 1),
    ("monthly_select_data_returned_gb", "select_returned", "select, data returned", 1),
    ("early_delete_gb", "early_delete", "early deletion", 1),
)
"""Usage key, item of the book, name on the bill, raw units in one priced unit."""

SPEEDS = ("standard", "expedited", "bulk")
BY_SPEED = (
    ("monthly_{}_data_retrieval_requests", "{}.requests", "retrieval requests ({})", 1000),
    ("monthly_{}_data_retrieval_gb", "{}.retrieval", "retrievals ({})", 1),
    ("monthly_{}_select_data_scanned_gb", "{}.select_scanned", "select, data scanned ({})", 1),
    ("monthly_{}_select_data_returned_gb", "{}.select_returned", "select, data returned ({})", 1),
)
ARCHIVES = ("glacier", "deep_archive")


def _add_class(quote: Quote, used: str, name: str, label: str) -> None:
    for key, item, what, per in COMMON:
        if key.endswith("storage_gb") and key != "storage_gb" and name != "intelligent":
            continue
        quote.optional(SERVICE, f"{name}.{item}", f"{label}: {what}", quote.use(f"{used}.{key}"), per=per)
    if name in ARCHIVES:
        for speed in SPEEDS:
            for key, item, what, per in BY_SPEED:
                quantity = quote.use(f"{used}.{key.format(speed)}")
                full = f"{name}.{item.format(speed)}"
                quote.optional(SERVICE, full, f"{label}: {what.format(speed)}", quantity, per=per)


def bucket(quote: Quote) -> tuple[CostLine, ...]:
    """aws_s3_bucket. Usage: object_tags and one block per storage class (`standard`, see CLASSES).

    Standard storage and requests are always lines; the other classes only where the usage names them.
    """
    known = {key for key, *_ in COMMON[:1] + COMMON[7:9]}
    for key, item, what, per in (COMMON[0], COMMON[7], COMMON[8]):
        if set(block(quote.usage, "standard")) & known or not any(name in quote.usage for name in CLASSES):
            quantity = quote.use(f"standard.{key}")
            quote.metered(SERVICE, f"standard.{item}", f"Standard: {what}", quantity, per=per)
    for key, item, what, per in COMMON[11:13]:
        quote.optional(
            SERVICE, f"standard.{item}", f"Standard: {what}", quote.use(f"standard.{key}"), per=per
        )
    for used, (name, label) in CLASSES.items():
        if used in quote.usage:
            _add_class(quote, used, name, label)
    quote.optional(SERVICE, "tags", "object tags", quote.use("object_tags"), per=10_000)
    return quote.done()


def bucket_analytics(quote: Quote) -> tuple[CostLine, ...]:
    """aws_s3_bucket_analytics_configuration. Usage: monthly_monitored_objects."""
    objects = quote.use("monthly_monitored_objects")
    quote.metered(SERVICE, "analytics", "objects monitored", objects, per=1_000_000)
    return quote.done()


def bucket_inventory(quote: Quote) -> tuple[CostLine, ...]:
    """aws_s3_bucket_inventory. Usage: monthly_listed_objects."""
    objects = quote.use("monthly_listed_objects")
    quote.metered(SERVICE, "inventory", "objects listed", objects, per=1_000_000)
    return quote.done()
