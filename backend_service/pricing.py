"""What a product costs: rules as data, applied by one pure function. Money in cents.

The rules know the product and the quantity, never the customer: every customer sees the same price.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class PricingRule:
    """A discount for whoever meets all conditions.

    `category` "" is any category. Of the rules in one `group` only the largest discount counts; groups add up.
    """

    name: str
    group: str
    discount_percent: int
    category: str = ""
    minimum_quantity: int = 1
    minimum_available: int = 0

    def applies(self, category: str, quantity: int, available: int) -> bool:
        """Whether all conditions are met; `available` is the stock over all warehouses."""
        return (
            self.category in ("", category)
            and quantity >= self.minimum_quantity
            and available >= self.minimum_available
        )


@dataclass(frozen=True)
class BundleRule(PricingRule):
    """A discount for whoever takes a whole bundle; how many pieces one has is another number in each category."""

    pieces: Mapping[str, int] = field(default_factory=dict)

    def applies(self, category: str, quantity: int, available: int) -> bool:
        """Whether all conditions are met, and the quantity is a bundle at least."""
        return quantity >= self.pieces[category] and super().applies(category, quantity, available)


#: Pieces in a bundle, by category.
BUNDLES = {"furniture": 40, "kitchen": 120, "textiles": 150, "lighting": 60, "garden": 80}

RULES = (
    PricingRule("five_or_more", "quantity", 5, minimum_quantity=5),
    PricingRule("ten_or_more", "quantity", 10, minimum_quantity=10),
    PricingRule("fifty_or_more", "quantity", 18, minimum_quantity=50),
    PricingRule("garden_season", "promotion", 15, category="garden"),
    PricingRule("matching_textiles", "promotion", 8, category="textiles", minimum_quantity=2),
    PricingRule("overstock", "clearance", 12, minimum_available=400),
)
#: However many rules meet, at least this much of the list price is paid.
MAX_DISCOUNT_PERCENT = 30


class PriceList:
    """The rules in force. They can change from one request to the next, never within one."""

    def __init__(self, rules: Sequence[PricingRule] = RULES) -> None:
        self.rules = tuple(rules)


def bundle_rule(pieces: Mapping[str, int]) -> BundleRule:
    """The rule for bundles of these sizes."""
    return BundleRule("whole_bundle", "quantity", 20, pieces=pieces)


@dataclass(frozen=True)
class Price:
    """What `quantity` pieces cost; `rules` are the names of the rules that applied, in the order of the table."""

    quantity: int
    list_unit_cents: int
    unit_cents: int
    total_cents: int
    discount_percent: int
    rules: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The fields as a dict."""
        return asdict(self)


def apply_rules(product: Mapping[str, Any], quantity: int, rules: Sequence[PricingRule] = RULES) -> Price:
    """The price of `quantity` pieces of a product (the database's row, with its `inventory`).

    The unit price is rounded half up to whole cents, and the total is a multiple of it, so that the bill adds up.
    """
    available = sum(stock["available"] for stock in product["inventory"])
    best: dict[str, PricingRule] = {}
    for rule in rules:
        if rule.applies(product["category"], quantity, available):
            current = best.get(rule.group)
            if current is None or rule.discount_percent > current.discount_percent:
                best[rule.group] = rule
    discount_percent = min(sum(rule.discount_percent for rule in best.values()), MAX_DISCOUNT_PERCENT)
    list_unit_cents = product["price_cents"]
    unit_cents = (list_unit_cents * (100 - discount_percent) + 50) // 100
    return Price(
        quantity=quantity,
        list_unit_cents=list_unit_cents,
        unit_cents=unit_cents,
        total_cents=unit_cents * quantity,
        discount_percent=discount_percent,
        rules=tuple(rule.name for rule in best.values()),
    )
