from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from systems.exchange.reporting_service.profit import Position, Turnover, position_of

#: KELP's first reference price is 885 cents.
REFERENCE_CENTS = 885


@pytest.mark.parametrize(
    ("turnover", "expected"),
    [
        # Ten for 9.00 each, and they are worth 9.50 now.
        (Turnover("KELP", 10, 9_000, 0, 0, 0, 950), Position("KELP", 10, 900, 950, 9_500, 0, 500)),
        # Four of them sold for 10.00 each.
        (Turnover("KELP", 10, 9_000, 4, 4_000, 0, 1_000), Position("KELP", 6, 900, 1_000, 6_000, 400, 600)),
        # All of them, at a loss: nothing held, and nothing an average could be of.
        (Turnover("KELP", 10, 9_000, 10, 8_000, 0, 800), Position("KELP", 0, None, 800, 0, -1_000, 0)),
        # Brought from elsewhere: at the reference price, and without a trade that is what they are worth.
        (Turnover("KELP", 0, 0, 0, 0, 5, None), Position("KELP", 5, 885, 885, 4_425, 0, 0)),
        (Turnover("KELP", 0, 0, 5, 5_000, 5, 1_000), Position("KELP", 0, None, 1_000, 0, 575, 0)),
        # Three for 10.00 in all: one sold costs 3.33, the two that are held the rest.
        (Turnover("KELP", 3, 1_000, 1, 400, 0, 400), Position("KELP", 2, 334, 400, 800, 67, 133)),
    ],
)
def test_positions_cost_what_was_paid_on_average(turnover: Turnover, expected: Position) -> None:
    assert position_of(turnover) == expected


shares = st.integers(0, 1_000_000)
cents = st.integers(0, 10**12)


@given(shares, cents, shares, cents, st.integers(1, 100_000), st.data())
def test_not_a_cent_of_profit_is_lost_or_made_up(
    bought: int, paid_cents: int, brought: int, received_cents: int, last_price_cents: int, data: st.DataObject
) -> None:
    paid_cents = paid_cents if bought else 0
    sold = data.draw(st.integers(0, bought + brought))
    received_cents = received_cents if sold else 0
    position = position_of(Turnover("KELP", bought, paid_cents, sold, received_cents, brought, last_price_cents))
    assert (
        position.realised_pnl_cents + position.unrealised_pnl_cents
        == received_cents + position.market_value_cents - paid_cents - brought * REFERENCE_CENTS
    )
    assert position.quantity == bought + brought - sold
