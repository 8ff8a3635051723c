from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_service.pricing import MAX_DISCOUNT_PERCENT, RULES, Price, PricingRule, apply_rules


def product(category: str = "kitchen", price_cents: int = 1000, available: tuple[int, ...] = (10,)) -> dict[str, Any]:
    return {
        "category": category,
        "price_cents": price_cents,
        "inventory": [{"available": stock} for stock in available],
    }


@pytest.mark.parametrize(
    ("item", "quantity", "expected"),
    [
        (product(), 1, Price(1, 1000, 1000, 1000, 0, ())),
        (product(), 4, Price(4, 1000, 1000, 4000, 0, ())),
        (product(), 5, Price(5, 1000, 950, 4750, 5, ("five_or_more",))),
        (product(), 10, Price(10, 1000, 900, 9000, 10, ("ten_or_more",))),
        (product("garden"), 1, Price(1, 1000, 850, 850, 15, ("garden_season",))),
        (product("garden"), 50, Price(50, 1000, 700, 35000, 30, ("fifty_or_more", "garden_season"))),
        (product("textiles"), 1, Price(1, 1000, 1000, 1000, 0, ())),
        (product("textiles"), 2, Price(2, 1000, 920, 1840, 8, ("matching_textiles",))),
        (product(available=(200, 200)), 1, Price(1, 1000, 880, 880, 12, ("overstock",))),
        (product(available=()), 1, Price(1, 1000, 1000, 1000, 0, ())),
        # 95 % of 3.90 is 3.705: half a cent is rounded up.
        (product(price_cents=390), 5, Price(5, 390, 371, 1855, 5, ("five_or_more",))),
    ],
)
def test_rules_apply_by_category_quantity_and_stock(item: dict[str, Any], quantity: int, expected: Price) -> None:
    assert apply_rules(item, quantity) == expected


def test_of_one_group_only_the_largest_discount_counts_and_groups_add_up() -> None:
    rules = (
        PricingRule("small", "a", 5),
        PricingRule("large", "a", 9),
        PricingRule("medium", "a", 7),
        PricingRule("other", "b", 2),
    )
    price = apply_rules(product(), 1, rules)
    assert (price.discount_percent, price.rules) == (11, ("large", "other"))


@given(
    category=st.sampled_from(["furniture", "kitchen", "textiles", "lighting", "garden", "unheard of"]),
    price_cents=st.integers(0, 10**9),
    available=st.lists(st.integers(0, 1000), max_size=4),
    quantity=st.integers(1, 1000),
)
def test_nobody_pays_more_than_the_list_price_or_less_than_the_floor(
    category: str, price_cents: int, available: list[int], quantity: int
) -> None:
    item = product(category, price_cents, tuple(available))
    price = apply_rules(item, quantity)
    assert price.unit_cents <= price_cents
    assert price.unit_cents * 100 >= price_cents * (100 - MAX_DISCOUNT_PERCENT) - 50
    assert price.total_cents == price.unit_cents * quantity
    assert set(price.rules) <= {rule.name for rule in RULES}
    assert apply_rules(item, quantity + 1).unit_cents <= price.unit_cents
