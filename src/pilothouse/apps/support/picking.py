"""Which things a customer means: one of their orders, items of it, and another variant of an item."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from pilothouse.apps.support.shop.answers import KnownOrder
from pilothouse.apps.support.shop.schemas import Item, Product, Variant
from pilothouse.apps.support.shop.store import is_number_of

WORD = re.compile(r"[^\W_]+")
LARGER = re.compile(r"\b(?:larger|bigger|größere?[nrs]?)\b", re.IGNORECASE)
SMALLER = re.compile(r"\b(?:smaller|kleinere?[nrs]?)\b", re.IGNORECASE)
SIZES = ("XS", "S", "M", "L", "XL", "XXL")
COLOURS = {
    "blau": "blue", "rot": "red", "grün": "green", "gelb": "yellow", "schwarz": "black", "weiß": "white",
    "grau": "grey", "gray": "grey", "braun": "brown", "natur": "natural", "beige": "sand",
}  # fmt: skip


def pick_orders(said: Sequence[str], text: str, orders: Sequence[KnownOrder]) -> list[KnownOrder]:
    """The orders that are meant: by number, else by what is in them, else all of them."""
    if said:
        return [order for order in orders if any(is_number_of(order.order_id, one) for one in said)]
    by_items = [order for order in orders if named_items(text, order.items)]
    return by_items or list(orders)


def pick_items(text: str, order: KnownOrder, *, everything: bool) -> list[Item]:
    """The items that are meant; none where that cannot be told."""
    if everything or len(order.items) == 1:
        return list(order.items)
    return named_items(text, order.items)


def named_items(text: str, items: Iterable[Item]) -> list[Item]:
    """The items whose name a text says: all of it, or its last word, as `lamp` of a desk lamp."""
    said = _words(text)
    named = [
        item for item in items if (words := _names(item.name)) and (words[-1] in said or set(words) <= said)
    ]
    alike: dict[str, list[Item]] = {}
    for item in named:
        alike.setdefault(item.product_id, []).append(item)
    return [one for group in alike.values() for one in _with_options(text, group)]


def _with_options(text: str, items: list[Item]) -> list[Item]:
    """Of several items of one product, those whose options are said, where some are."""
    if len(items) == 1:
        return items
    told = [item for item in items if any(_says(text, value) for value in item.options.values())]
    return told or items


def pick_variant(text: str, item: Item, product: Product) -> Variant | None:
    """The variant that is wanted instead of an item; None where none fits what was said, or several do."""
    wanted = dict(item.options)
    for option, values in _values(product).items():
        told = [one for one in values if one != item.options.get(option) and _says(text, one)]
        if len(told) == 1:
            wanted[option] = told[0]
        elif not told and option in item.options:
            wanted[option] = _moved(text, item.options[option], values)
    if wanted == item.options:
        return None
    return next((one for one in product.variants if one.options == wanted), None)


def others(item: Item, product: Product) -> list[Variant]:
    """What an item can be exchanged for now."""
    return [one for one in available(product) if one.item_id != item.item_id]


def available(product: Product) -> list[Variant]:
    """The variants that can be had now."""
    return [one for one in product.variants if one.available]


def named_product(text: str, products: Mapping[str, str]) -> str | None:
    """The id of the one product whose whole name a text says; None where there are none or several."""
    said = _words(text)
    found = [product_id for name, product_id in products.items() if set(_names(name)) <= said]
    return found[0] if len(found) == 1 else None


def options_of(options: Mapping[str, str]) -> str:
    """Options as people read them: `blue, M`."""
    return ", ".join(options.values())


def _values(product: Product) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for variant in product.variants:
        for option, value in variant.options.items():
            if value not in found.setdefault(option, []):
                found[option].append(value)
    return found


def _moved(text: str, value: str, values: list[str]) -> str:
    """The next larger or smaller value, where that is asked for and the values are sizes."""
    step = 1 if LARGER.search(text) else -1 if SMALLER.search(text) else 0
    if not step or not all(one in SIZES or one[:1].isdigit() for one in values):
        return value
    ordered = sorted(values, key=_size)
    place = ordered.index(value) + step
    return ordered[place] if 0 <= place < len(ordered) else value


def _size(value: str) -> tuple[float, str]:
    if value in SIZES:
        return float(SIZES.index(value)), value
    number = re.match(r"\d+(?:\.\d+)?", value)
    return (float(number[0]) if number else 0.0), value


def _says(text: str, value: str) -> bool:
    """Whether a text says an option's value; a single letter counts as a capital only."""
    if len(value) == 1:
        return re.search(rf"(?<![\w']){re.escape(value)}(?![\w'])", text) is not None
    if re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text, re.IGNORECASE):
        return True
    return any(COLOURS.get(word) == value.casefold() for word in _plain(text))


def _plain(text: str) -> list[str]:
    words = [word.casefold() for word in WORD.findall(text)]
    return [*words, *(re.sub(r"e[nrsm]?$", "", word) for word in words)]


def _words(text: str) -> set[str]:
    return {_stem(word) for word in WORD.findall(text.casefold())}


def _names(name: str) -> list[str]:
    return [_stem(word) for word in WORD.findall(name.casefold()) if len(word) > 1]


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
