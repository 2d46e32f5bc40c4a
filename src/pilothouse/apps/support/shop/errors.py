"""What the shop refuses, whoever asks."""

from __future__ import annotations

from typing import Literal

Fault = Literal[
    "no_such_order",
    "no_such_customer",
    "no_such_product",
    "other_customer",
    "status",
    "version",
    "reason",
    "items",
    "product",
    "unavailable",
    "payment_method",
    "balance",
    "amount",
    "twice",
    "key_reused",
]


class ShopRefused(ValueError):
    """The shop cannot do what it was asked to do.

    `code` is stable and meant for programs; `message` says what was found and what would be possible. The
    policies refuse the same before it comes to this: here it is refused once more, with the record locked.
    """

    def __init__(self, code: Fault, message: str) -> None:
        self.code: Fault = code
        self.message = message
        super().__init__(message)
