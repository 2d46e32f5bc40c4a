"""Prices one resource: finds the function for its type, or says that the type has no price here."""

from __future__ import annotations

from pilothouse.apps.mlops.pricing import aws, clouds
from pilothouse.apps.mlops.pricing.book import PriceBook
from pilothouse.apps.mlops.pricing.model import CostLine, Resource, Usage
from pilothouse.apps.mlops.pricing.quote import Quote

PRICERS = {**aws.PRICERS, **clouds.PRICERS}
FREE = aws.FREE | clouds.FREE


def price(resource: Resource, usage: Usage, book: PriceBook) -> tuple[CostLine, ...]:
    """The monthly cost lines of `resource` under `usage`, in US dollars.

    A free type has no lines. A type without a pricing function has one unknown line that names the type; so
    does every price or quantity that is not known. Raises ValueError for a negative size or usage.
    """
    if resource.type in FREE:
        return ()
    pricer = PRICERS.get(resource.type)
    quote = Quote(resource, usage, book)
    if pricer is None:
        quote.unknown(f"unpriced: type {resource.type}", "this type has no pricing function")
        return quote.done()
    return pricer(quote)
