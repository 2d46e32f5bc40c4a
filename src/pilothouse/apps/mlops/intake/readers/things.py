"""Things that are counted: edge devices, and the documents that answers come from."""

from __future__ import annotations

from collections.abc import Iterator

from pilothouse.apps.mlops.intake.quantities import Measure, Quantity
from pilothouse.apps.mlops.intake.reading import FAR, Candidate, Reading
from pilothouse.apps.mlops.requirements import UseCase, Workload

_FEWEST_DOCUMENTS = 10
_FEWEST_DEVICES = 2


def read_devices(reading: Reading) -> Iterator[Candidate]:
    """Edge devices. Stores and plants count as one device each where the text speaks of devices in them.

    "20 stores with 4 cameras each" are 80 devices.
    """
    counted = [
        quantity
        for quantity in reading.quantities
        if quantity.measure is Measure.COUNT
        and quantity.value >= _FEWEST_DEVICES
        and not quantity.per
        and not quantity.negative
    ]
    sites = [quantity for quantity in counted if quantity.unit == "site"]
    devices = [quantity for quantity in counted if quantity.unit == "device"]
    for quantity in devices:
        each = reading.near("each", quantity.first, quantity.last, back=2, ahead=3) < FAR
        if sites and each:
            note = f"{sites[0].value} sites with {quantity.value} each"
            yield _devices(quantity, int(sites[0].value * quantity.value), 0.9, note)
        else:
            yield _devices(quantity, int(quantity.value), 0.88, "")
    if sites and not devices and _at_the_edge(reading):
        yield _devices(sites[0], int(sites[0].value), 0.8, "one device per site is assumed")


def _devices(quantity: Quantity, value: int, confidence: float, note: str) -> Candidate:
    low = None if quantity.low is None or note else float(quantity.low)
    return Candidate("devices", value, confidence, quantity.first, quantity.last, "devices", low, None, note)


def _at_the_edge(reading: Reading) -> bool:
    edge = any(hit.value is Workload.EDGE and not hit.negated for hit in reading.of("workload"))
    inside = any(not hit.negated for hit in reading.of("offline"))
    seen = any(hit.value in {"cameras", "sensors"} for hit in reading.of("sources"))
    return edge or inside or seen


def read_documents(reading: Reading) -> Iterator[Candidate]:
    """Documents that a system answers from; surer where it answers questions."""
    hits = (*reading.of("use_case"), *reading.of("workload"))
    asked = any(hit.value in {UseCase.DOCUMENT_QA, Workload.RAG} and not hit.negated for hit in hits)
    for quantity in reading.quantities:
        counts = quantity.measure is Measure.COUNT and quantity.unit == "document" and not quantity.per
        if counts and quantity.value >= _FEWEST_DOCUMENTS and not quantity.negative:
            low = None if quantity.low is None else float(quantity.low)
            yield Candidate(
                "context_documents",
                int(quantity.value),
                0.93 if asked else 0.7,
                quantity.first,
                quantity.last,
                "documents",
                low,
                None if low is None else float(quantity.value),
            )
