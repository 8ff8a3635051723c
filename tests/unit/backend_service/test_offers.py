"""Which quantity is recommended."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from backend_service.offers import Offers, recommended_quantity
from backend_service.pricing import apply_rules

_PRODUCT = {"category": "kitchen", "price_cents": 1_000, "inventory": [{"available": 10}]}


def product(**different: Any) -> dict[str, Any]:
    return {**_PRODUCT, **different}


@pytest.mark.parametrize(
    ("largest", "expected"),
    # The rules' thresholds are 5, 10 and 50 pieces.
    [(1, 1), (4, 1), (5, 5), (9, 5), (10, 10), (49, 10), (50, 50), (60, 50)],
)
def test_the_smallest_quantity_with_the_lowest_price_is_recommended(largest: int, expected: int) -> None:
    assert recommended_quantity(_PRODUCT, largest) == expected


def test_a_product_without_a_better_price_is_recommended_alone() -> None:
    assert recommended_quantity(product(price_cents=0), 20) == 1


def test_the_work_grows_with_the_square_of_the_largest_quantity(monkeypatch: pytest.MonkeyPatch) -> None:
    prices = 0

    def counted(*args: Any) -> Any:
        nonlocal prices
        prices += 1
        return apply_rules(*args)

    monkeypatch.setattr("backend_service.offers.apply_rules", counted)
    counts = []
    for largest in (20, 40, 80):
        prices = 0
        recommended_quantity(_PRODUCT, largest)
        counts.append(prices)
    assert [later / earlier for earlier, later in itertools.pairwise(counts)] == pytest.approx([4, 4], rel=0.1)


def test_nothing_is_recommended_until_there_is_a_quantity_to_look_at() -> None:
    offers = Offers()
    assert offers.recommend(_PRODUCT) is None
    offers.largest_quantity = 10
    assert offers.recommend(_PRODUCT) == 10
    offers.largest_quantity = 0
    assert offers.recommend(_PRODUCT) is None
