"""Which quantity of a product is worth recommending: the one with the lowest price for each piece.

An order in two parts costs what the parts cost, so each quantity is also tried in all the ways to part it. Pure, like
the rules themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend_service.pricing import apply_rules


def recommended_quantity(product: Mapping[str, Any], largest: int) -> int:
    """The quantity from 1 to `largest` whose pieces cost the least, the smallest of several."""
    return min(range(1, largest + 1), key=lambda quantity: _cheapest_total(product, quantity) / quantity)


def _cheapest_total(product: Mapping[str, Any], quantity: int) -> int:
    """What the quantity costs in one order, or in two where that is cheaper."""
    parts = ((first, quantity - first) for first in range(1, quantity // 2 + 1))
    in_two = (sum(apply_rules(product, part).total_cents for part in both) for both in parts)
    return min((apply_rules(product, quantity).total_cents, *in_two))


class Offers:
    """What is recommended: nothing, until there is a largest quantity to look at."""

    def __init__(self) -> None:
        self.largest_quantity = 0

    def recommend(self, product: Mapping[str, Any]) -> int | None:
        """The quantity to recommend to who looks at the product."""
        largest = self.largest_quantity
        return recommended_quantity(product, largest) if largest else None
