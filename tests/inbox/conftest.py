from __future__ import annotations

from support.reached import open_shop, shop

__all__ = ["open_shop", "shop"]
