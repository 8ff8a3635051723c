from __future__ import annotations

from itertools import islice

import pytest

from systems.exchange.matching_engine.prices import Prices


@pytest.mark.parametrize(("descending", "best", "in_sequence"), [(False, 1, [1, 2, 3]), (True, 3, [3, 2, 1])])
def test_the_best_price_is_the_lowest_or_the_highest(descending: bool, best: int, in_sequence: list[int]) -> None:
    prices = Prices(descending=descending)
    for price in (2, 3, 1, 2):
        prices.add(price)
    assert prices.best() == best
    assert list(prices) == in_sequence
    assert len(prices) == 3


def test_a_price_that_comes_back_stands_there_once() -> None:
    prices = Prices(descending=False)
    prices.add(5)
    prices.add(7)
    prices.remove(5)
    prices.add(5)
    assert list(prices) == [5, 7]


def test_prices_that_were_taken_away_are_not_met_again() -> None:
    prices = Prices(descending=False)
    for price in range(1000):
        prices.add(price)
    for price in range(999):
        prices.remove(price)
    assert list(prices) == [999]
    prices.remove(999)
    assert prices.best() is None
    assert list(prices) == []


def test_removing_a_price_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        Prices(descending=False).remove(1)


def test_the_first_of_many_prices_can_be_read_alone() -> None:
    prices = Prices(descending=True)
    for price in (30, 10, 50, 20, 40):
        prices.add(price)
    prices.remove(50)
    assert list(islice(prices, 2)) == [40, 30]
