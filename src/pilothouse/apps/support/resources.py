"""What the desk works with: the shop and the knowledge base, each opened when it is first needed."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from time import monotonic

from pilothouse.apps.support.knowledge.base import ARTICLES, KnowledgeBase
from pilothouse.apps.support.shop.repository import shops_in
from pilothouse.apps.support.shop.store import Shop, Shops

LOOK_EVERY = 2.0
"""Seconds between two looks at whether an article has changed."""

INDEX = "articles.index"
ARTICLES_OPTION, SHOP_OPTION = "articles", "shop"


class UnusableOption(ValueError):
    """An option of the application is not known, or what it names cannot be used."""


@dataclass
class Resources:
    """Safe for use by several threads. `settle` says where; until then nothing is read or written.

    `articles` is the folder of the knowledge base; `shops` leads to the shop of each tenant, and to the one
    that ships where it is None.
    """

    articles: Path = ARTICLES
    shops: Shops | None = None
    folder: Path | None = None
    _lock: Lock = field(default_factory=Lock, repr=False)
    _base: KnowledgeBase | None = field(default=None, repr=False)
    _looked: float = field(default=0.0, repr=False)

    def settle(self, folder: Path, options: Mapping[str, str]) -> None:
        """Keep files in `folder`, and take the application's options. Raises `UnusableOption`."""
        unknown = options.keys() - {ARTICLES_OPTION, SHOP_OPTION}
        if unknown:
            known = f"{ARTICLES_OPTION}, {SHOP_OPTION}"
            raise UnusableOption(f"The support desk has no option {min(unknown)!r}. It has: {known}.")
        articles = (
            Path(options[ARTICLES_OPTION]).expanduser() if ARTICLES_OPTION in options else self.articles
        )
        if not articles.is_dir():
            raise UnusableOption(
                f"The articles of the support desk are to be in {articles}, which is no folder."
            )
        shops = _named(options[SHOP_OPTION]) if SHOP_OPTION in options else self.shops
        with self._lock:
            self.folder, self.articles, self.shops = folder, articles, shops
            self._base = None

    def shop(self, tenant_id: str) -> Shop:
        """The shop of a tenant."""
        with self._lock:
            if self.shops is None:
                self.shops = shops_in(self._home())
            shops = self.shops
        return shops(tenant_id)

    def knowledge(self) -> KnowledgeBase:
        """The knowledge base, with what changed in its folder since the last look."""
        with self._lock:
            if self._base is None:
                self._base = KnowledgeBase(self.articles, self._home() / INDEX)
            elif monotonic() - self._looked > LOOK_EVERY:
                self._base.refresh()
            self._looked = monotonic()
            return self._base

    def _home(self) -> Path:
        if self.folder is None:
            message = "The support desk was not told where to keep its files: run it as an application."
            raise UnusableOption(message)
        return self.folder


def _named(name: str) -> Shops:
    """The shops that `module:attribute` names: a function from a tenant's id to its `Shop`."""
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise UnusableOption(
            f"The shop {name!r} cannot be loaded: {error}. Write it as module:name."
        ) from error
    if not callable(found):
        raise UnusableOption(f"The shop {name!r} is no function from a tenant's id to a Shop.")
    shops: Shops = found
    return shops
