"""The price of cloud resources: a function of resource and usage, and the price book it reads."""

from pilothouse.apps.mlops.pricing.billing import bill
from pilothouse.apps.mlops.pricing.book import PriceBook, load_book
from pilothouse.apps.mlops.pricing.pricer import price

__all__ = ["PriceBook", "bill", "load_book", "price"]
