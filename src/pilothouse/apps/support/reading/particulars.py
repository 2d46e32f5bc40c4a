"""The particulars that a message gives: order numbers, who somebody is, addresses, amounts, reasons.

Whether a number is an order's, or an option a product's, is decided later, over the customer's own records.
"""

from __future__ import annotations

import re
from decimal import Decimal

from pilothouse.apps.support.reading.addresses import PartialAddress, read_address
from pilothouse.apps.support.reading.cues import cues
from pilothouse.apps.support.tickets import Frozen

ORDER = re.compile(r"(?<![\w@.])#?([A-Za-z]{1,3}-?\d{4,12}|\d{5,12})(?![\w@])")
EMAIL = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
POSTCODE = re.compile(
    r"(?:post ?code|postal code|zip(?: code)?|plz|postleitzahl)\W{0,3}(?:is|ist|lautet)?\W{0,2}"
    r"((?=[\w -]{0,5}\d)[A-Za-z0-9]{2,7}(?:[ -][A-Za-z0-9]{2,4}(?![a-z]))?)",
    re.IGNORECASE,
)
BARE_POSTCODE = re.compile(
    r"(?<![\w@#-])(\d{4} ?[A-Z]{2}|\d{2}-\d{3}|\d{4}-\d{3}|\d{3} \d{2}|\d{4,5})(?![\w-])"
)
NAME = re.compile(
    r"(?i:my (?:full )?name is|name:|i am|i'm|this is|ich hei\u00dfe|mein name ist|name ist|ich bin)\s+"
    r"((?:[A-Z\u00c0-\u00de][\w'\u2019-]+)(?:\s+[A-Z\u00c0-\u00de][\w'\u2019-]+){1,2})"
)
NUMBERED = re.compile(r"\b(?:order|bestellung|auftrag|number|nummer|no|nr)\b\W{0,3}\d+", re.IGNORECASE)
AMOUNT = re.compile(
    r"(?:(?:\u20ac|eur(?:os?)?)\s?(\d{1,6}(?:[.,]\d{1,2})?)|(\d{1,6}(?:[.,]\d{1,2})?)\s?(?:\u20ac|eur(?:os?)?\b))",
    re.IGNORECASE,
)
SHORT = 10  # words of a message in which a number alone can be a postcode
MANY = 10  # of one sort that are read of a message


class Particulars(Frozen):
    """What is known of a wish so far; what was not said is empty. `text` is all that was said about it."""

    orders: tuple[str, ...] = ()
    email: str | None = None
    postcode: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    address: PartialAddress | None = None
    amount_cents: int | None = None
    cancel_reason: str | None = None
    refund_reason: str | None = None
    payment: str | None = None
    everything: bool = False
    text: str = ""

    def beside(self, later: Particulars) -> Particulars:
        """These with what was said later, which beats what was said before."""
        said = {name: value for name, value in later if value and name not in {"text", "address", "orders"}}
        address = later.address.over(self.address) if later.address else self.address
        text = f"{self.text}\n{later.text}".strip()
        orders = later.orders or self.orders
        return self.model_copy(update={**said, "address": address, "text": text, "orders": orders})


def read_particulars(message: str) -> Particulars:
    """The particulars of one message."""
    address = read_address(message)
    bare = AMOUNT.sub(" ", EMAIL.sub(" ", message))
    orders = dict.fromkeys(found[1].upper() for found in ORDER.finditer(bare))
    email, amount, name = EMAIL.search(message), AMOUNT.search(message), NAME.search(message)
    first, last = _split(name[1]) if name else (None, None)
    postcode = _postcode(bare, address)
    known = {postcode, address.postcode if address else None}
    found = cues()
    return Particulars(
        orders=tuple(one for one in orders if one not in known or not one.isdigit())[:MANY],
        email=email[0].rstrip(".").lower() if email else None,
        postcode=postcode,
        first_name=first,
        last_name=last,
        address=address,
        amount_cents=_cents(amount[1] or amount[2]) if amount else None,
        cancel_reason=found.first("cancel_reason", message),
        refund_reason=found.first("refund_reason", message),
        payment=found.first("payment", message),
        everything=found.first("all", message) is not None,
        text=message,
    )


def _postcode(bare: str, address: PartialAddress | None) -> str | None:
    """The postcode that is called one, or stands alone; one within a new address says where to send."""
    named = POSTCODE.search(bare)
    if named:
        return named[1].strip()
    if address is not None:
        return None
    alone = BARE_POSTCODE.search(NUMBERED.sub(" ", bare))
    if alone is None or (alone[1].isdigit() and len(bare.split()) > SHORT):
        return None
    return alone[1]


def _split(name: str) -> tuple[str, str]:
    first, _, last = name.partition(" ")
    return first, last.strip()


def _cents(text: str) -> int:
    return int(Decimal(text.replace(",", ".")) * 100)
