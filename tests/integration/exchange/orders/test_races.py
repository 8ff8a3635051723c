"""Many at once, each a thread with connections of its own: whoever comes first, nothing is spent twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from typing import Any

import pytest
from werkzeug.test import TestResponse

from systems.exchange.order_manager.retention import ClientOrderIds
from tests.integration.exchange.orders.conftest import ADA, BOB, CAROL
from tests.integration.exchange.orders.small_exchange import SmallExchange

BUY = {"user_id": ADA, "symbol": "BRZY", "side": "buy", "type": "limit", "quantity": 10, "price_cents": 1_280}
SELL = {**BUY, "user_id": BOB, "side": "sell"}


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each of them returns; they begin together. Fails when one of them raises."""
    barrier = Barrier(len(calls))
    results: dict[int, Any] = {}

    def run(number: int) -> None:
        barrier.wait(30)
        results[number] = calls[number]()

    threads = [Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(results) == len(calls), "not everybody has come to an end"
    return [results[number] for number in range(len(calls))]


def outcomes(answers: Sequence[TestResponse]) -> Counter[str | int]:
    """How often which status, or for a refusal which reason."""
    return Counter(
        answer.json["error"]["type"] if answer.json and "error" in answer.json else answer.status_code
        for answer in answers
    )


def order_of(answer: TestResponse) -> dict[str, Any]:
    assert answer.json is not None
    order: dict[str, Any] = answer.json["order"]
    return order


def test_money_for_three_orders_pays_three_of_twenty(exchange: SmallExchange) -> None:
    exchange.deposit(CAROL, "USD", 3 * 12_800 + 5)
    answers = at_once([lambda: exchange.place(**{**BUY, "user_id": CAROL})] * 20)
    assert outcomes(answers) == {201: 3, "insufficient_funds": 17}
    assert exchange.wallets()[CAROL, "USD"] == (5, 3 * 12_800)
    assert len(exchange.events("order_created")) == 3


def test_shares_are_sold_once(exchange: SmallExchange) -> None:
    answers = at_once([lambda: exchange.place(**{**SELL, "quantity": 30})] * 12)
    assert outcomes(answers) == {201: 3, "insufficient_shares": 9}
    assert exchange.wallets()[BOB, "BRZY"] == (10, 90)


def test_the_same_client_order_id_twenty_times_at_once_is_one_order(exchange: SmallExchange) -> None:
    # Money for one: whoever pays a second time is found out.
    exchange.deposit(CAROL, "USD", 12_800)
    answers = at_once([lambda: exchange.place(**BUY | {"user_id": CAROL, "client_order_id": "a"})] * 20)
    assert outcomes(answers) == {201: 1, 200: 19}
    assert len({order_of(answer)["id"] for answer in answers}) == 1
    assert exchange.wallets()[CAROL, "USD"] == (0, 12_800)
    assert len(exchange.events("order_created")) == 1


def test_an_order_is_one_even_if_its_id_is_forgotten_while_it_is_placed(exchange: SmallExchange) -> None:
    ids = ClientOrderIds(exchange.database, kept_seconds=0)
    place = [lambda: exchange.place(**BUY, client_order_id="a").status_code] * 5
    forget = [lambda: sum(ids.prune() for _ in range(20))] * 2
    statuses = at_once([*place, *forget])[: len(place)]
    # Who is told to come back has lost too many races; whose money is still blocked gets it from the sweeper.
    assert statuses.count(201) == 1
    assert set(statuses) <= {200, 201, 503}
    exchange.sweep_wallets()
    assert len(exchange.rows("SELECT FROM orders")) == len(exchange.events("order_created")) == 1
    assert exchange.wallets()[ADA, "USD"] == (87_200, 12_800)


def test_of_an_open_order_limit_a_repeated_order_is_not_its_own_victim(exchange: SmallExchange) -> None:
    exchange.limit_open_orders(CAROL, 1)
    exchange.deposit(CAROL, "USD", 12_800)
    answers = at_once([lambda: exchange.place(**BUY | {"user_id": CAROL, "client_order_id": "a"})] * 8)
    assert outcomes(answers) == {201: 1, 200: 7}


@pytest.mark.parametrize("attempt", range(3))
def test_a_cancellation_that_races_with_a_fill_ends_in_one_of_the_two(exchange: SmallExchange, attempt: int) -> None:
    bought = order_of(exchange.place(**BUY))
    exchange.deliver_everything()
    order_of(exchange.place(**SELL))
    arrival = exchange.events("order_created")[-1]
    cancelled, _ = at_once(
        [lambda: exchange.cancel(bought["id"], ADA), lambda: exchange.deliver("matching-engine", arrival)]
    )
    exchange.deliver_everything()
    trades = exchange.events("trade_executed")
    if trades:
        assert outcomes([cancelled]) == {"order_filled": 1}
        assert exchange.wallets() == {
            (ADA, "USD"): (100_000 - 12_800, 0),
            (ADA, "BRZY"): (110, 0),
            (BOB, "USD"): (100_000 + 12_800, 0),
            (BOB, "BRZY"): (90, 0),
        }
    else:
        assert outcomes([cancelled]) == {200: 1}
        assert exchange.wallets()[ADA, "USD"] == (100_000, 0)
        assert exchange.wallets()[BOB, "BRZY"] == (90, 10)


def test_one_cancellation_of_many_at_once_gives_the_money_back(exchange: SmallExchange) -> None:
    order = order_of(exchange.place(**BUY))
    answers = at_once([lambda: exchange.cancel(order["id"], ADA)] * 8 + [exchange.sweep_orders] * 2)[:8]
    assert outcomes(answers) == {200: 8}
    assert exchange.wallets()[ADA, "USD"] == (100_000, 0)
    assert len(exchange.events("order_cancelled")) == 1


def test_settling_cancelling_and_spending_at_once_loses_nothing(exchange: SmallExchange) -> None:
    bought = [order_of(exchange.place(**{**BUY, "quantity": 5})) for _ in range(6)]
    for _ in range(3):
        exchange.place(**{**SELL, "quantity": 7})
    for event in exchange.events("order_created"):
        exchange.deliver("matching-engine", event)
    trades = exchange.events("trade_executed")
    assert len(trades) > 3
    at_once(
        [
            *[lambda event=event: exchange.deliver("wallet-service", event) for event in trades],  # type: ignore[misc]
            # Each comes twice, as it may.
            *[lambda event=event: exchange.deliver("wallet-service", event) for event in trades],  # type: ignore[misc]
            *[lambda order=order: exchange.cancel(order["id"], ADA) for order in bought],  # type: ignore[misc]
            *[lambda: exchange.place(**SELL)] * 2,
            *[lambda: exchange.place(**BUY)] * 2,
        ]
    )
    exchange.deliver_everything()
    wallets = exchange.wallets()
    for asset, total in (("USD", 200_000), ("BRZY", 200)):
        assert sum(sum(wallets[user, asset]) for user in (ADA, BOB)) == total
    for user, asset in wallets:
        held = exchange.rows(
            "SELECT coalesce(sum(remaining), 0) AS held FROM holds WHERE user_id = %(user)s AND asset = %(asset)s",
            {"user": user, "asset": asset},
        )
        assert wallets[user, asset][1] == held[0]["held"]
