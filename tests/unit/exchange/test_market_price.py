from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from systems.exchange.instruments import INSTRUMENTS
from systems.exchange.order_manager.market_price import protective_price_cents
from systems.exchange.orders import LARGEST_PRICE_CENTS, Side

LNTN = INSTRUMENTS["LNTN"]


@pytest.mark.parametrize(
    ("side", "reference_price_cents", "expected"),
    [
        ("buy", 10_000, 10_500),
        ("sell", 10_000, 9_500),
        # 5 % of 12,505 is 625.25; the next tick on the careful side of 13,130.25 and of 11,879.75.
        ("buy", 12_505, 13_130),
        ("sell", 12_505, 11_880),
        ("buy", LARGEST_PRICE_CENTS, LARGEST_PRICE_CENTS),
        ("buy", 1, 5),
        ("sell", 1, 5),
    ],
)
def test_a_market_order_may_cost_five_percent_more_on_the_instruments_ticks(
    side: Side, reference_price_cents: int, expected: int
) -> None:
    assert protective_price_cents(side, reference_price_cents, LNTN) == expected


@given(st.sampled_from(sorted(INSTRUMENTS)), st.integers(1, LARGEST_PRICE_CENTS))
def test_the_protective_price_is_one_that_an_order_may_have(symbol: str, reference_price_cents: int) -> None:
    instrument = INSTRUMENTS[symbol]
    for side in ("buy", "sell"):
        price_cents = protective_price_cents(side, reference_price_cents, instrument)
        assert 1 <= price_cents <= LARGEST_PRICE_CENTS
        assert price_cents % instrument.tick_cents == 0
        if reference_price_cents >= 20 * instrument.tick_cents:
            assert abs(price_cents - reference_price_cents) * 20 <= reference_price_cents
