"""A cache that keeps its most wanted product in a smaller form, to save room where it is used most."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import suppress
from typing import Any

from backend_service.cache import CacheUnavailable, TtlLruCache

#: What the smaller form has of a product.
_COMPACT_FIELDS = ("id", "name", "category", "created_at")


class CompactingCache:
    """In front of a cache: the same `get` and `put`.

    `product_id` 0 = whichever product is looked for most often among the first `lookups`.
    """

    def __init__(self, cache: TtlLruCache[Any], *, product_id: int = 0, lookups: int = 25) -> None:
        self._cache = cache
        self._key = f"product:{product_id}" if product_id else None
        self._lookups = lookups
        self._seen: Counter[str] = Counter()
        self._ended = False
        self._lock = threading.Lock()
        if self._key is not None:
            self._make_smaller(self._key)

    def get(self, key: str) -> Any:
        """As the cache's own."""
        if self._key is None and key.startswith("product:"):
            self._choose(key)
        return self._cache.get(key)

    def put(self, key: str, value: Any) -> None:
        """As the cache's own, but for the one product."""
        if key != self._key:
            self._cache.put(key, value)
            return
        # Not after `end`, which has removed the smaller form.
        with self._lock:
            self._cache.put(key, value if self._ended else _compact(value))

    def end(self) -> None:
        """Forget the smaller form: the next one who asks gets the whole record."""
        with self._lock:
            self._ended = True
            if self._key is not None:
                self._cache.discard(self._key)

    def _choose(self, key: str) -> None:
        with self._lock:
            self._seen[key] += 1
            if self._key is not None or self._seen.total() < self._lookups:
                return
            ((self._key, _),) = self._seen.most_common(1)
        self._make_smaller(self._key)

    def _make_smaller(self, key: str) -> None:
        # A cache without its store has nothing to make smaller.
        with self._lock, suppress(CacheUnavailable):
            record = self._cache.get(key)
            if record is not None and not self._ended:
                self._cache.put(key, _compact(record))


def _compact(product: dict[str, Any]) -> dict[str, Any]:
    return {name: product[name] for name in _COMPACT_FIELDS}
