from __future__ import annotations

from typing import Any

import pytest

from tests.integration.exchange.backing import Watched
from tests.integration.exchange.orders.conftest import ADA, BOB
from tests.integration.exchange.orders.in_process import lost_connection
from tests.integration.exchange.orders.small_exchange import SmallExchange

BUY = {"user_id": ADA, "symbol": "BRZY", "side": "buy", "type": "limit", "quantity": 10, "price_cents": 1_280}
SELL = {**BUY, "user_id": BOB, "side": "sell"}


def placed(exchange: SmallExchange, **order: Any) -> int:
    answer = exchange.place(**order)
    assert answer.status_code == 201, answer.json
    assert answer.json is not None
    return int(answer.json["order"]["id"])


def status(exchange: SmallExchange, order_id: int, user_id: int = ADA) -> str:
    answer = exchange.ask(f"/order/{order_id}?user_id={user_id}")
    assert answer.json is not None
    return str(answer.json["order"]["status"])


def test_a_cancelled_order_gives_its_money_back_and_leaves_the_book(exchange: SmallExchange) -> None:
    order_id = placed(exchange, **BUY)
    exchange.deliver_everything()
    answer = exchange.cancel(order_id, ADA)
    assert answer.status_code == 200
    assert answer.json is not None
    assert (answer.json["order"]["status"], answer.json["order"]["reason"]) == ("CANCELLED", "user")
    assert exchange.wallets()[ADA, "USD"] == (100_000, 0)
    exchange.deliver_everything()
    assert exchange.engine.books.view("BRZY", 10).orders == {}


def test_what_was_traded_before_stays_paid_for(exchange: SmallExchange) -> None:
    order_id = placed(exchange, **BUY)
    placed(exchange, **{**SELL, "quantity": 4})
    exchange.deliver_everything()
    assert exchange.cancel(order_id, ADA).status_code == 200
    assert exchange.wallets()[ADA, "USD"] == (100_000 - 4 * 1_280, 0)
    assert exchange.wallets()[ADA, "BRZY"] == (104, 0)


def test_a_trade_that_is_not_settled_yet_keeps_its_money_when_the_rest_is_cancelled(exchange: SmallExchange) -> None:
    order_id = placed(exchange, **BUY)
    placed(exchange, **{**SELL, "quantity": 4})
    for event in exchange.events("order_created"):
        exchange.deliver("matching-engine", event)
    assert exchange.cancel(order_id, ADA).status_code == 200
    assert exchange.wallets()[ADA, "USD"] == (100_000 - 4 * 1_280, 4 * 1_280)
    exchange.deliver_everything()
    assert exchange.wallets()[ADA, "USD"] == (100_000 - 4 * 1_280, 0)
    assert exchange.wallets()[BOB, "USD"] == (100_000 + 4 * 1_280, 0)


def test_an_order_can_be_cancelled_before_the_engine_has_seen_it(exchange: SmallExchange) -> None:
    order_id = placed(exchange, **BUY)
    assert exchange.cancel(order_id, ADA).status_code == 200
    placed(exchange, **SELL)
    exchange.deliver_everything()
    assert exchange.events("trade_executed") == []


def test_cancelling_again_changes_nothing(exchange: SmallExchange) -> None:
    order_id = placed(exchange, **BUY)
    first, again = exchange.cancel(order_id, ADA), exchange.cancel(order_id, ADA)
    assert (again.status_code, again.json) == (200, first.json)
    assert len(exchange.events("order_cancelled")) == 1


def test_a_filled_order_cannot_be_cancelled(exchange: SmallExchange) -> None:
    order_id = placed(exchange, **BUY)
    placed(exchange, **SELL)
    exchange.deliver_everything()
    answer = exchange.cancel(order_id, ADA)
    assert answer.json is not None
    assert (answer.status_code, answer.json["error"]["type"]) == (409, "order_filled")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_anothers_order_is_as_unknown_as_none(exchange: SmallExchange, method: str) -> None:
    order_id = placed(exchange, **BUY)
    client = exchange.orders_app.test_client()
    for path in (f"/order/{order_id}?user_id={BOB}", f"/order/{order_id + 1}?user_id={ADA}"):
        answer = client.open(path, method=method)
        assert answer.json is not None
        assert (answer.status_code, answer.json["error"]["type"]) == (404, "unknown_order")
    assert status(exchange, order_id) == "NEW"


@pytest.mark.parametrize(
    ("path", "type"),
    [
        ("/order/x?user_id=13", "invalid_order_id"),
        ("/order/0?user_id=13", "invalid_order_id"),
        ("/order/1", "invalid_user_id"),
        ("/order/1?user_id=ada", "invalid_user_id"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_what_makes_no_sense_is_refused(exchange: SmallExchange, method: str, path: str, type: str) -> None:
    answer = exchange.orders_app.test_client().open(path, method=method)
    assert answer.json is not None
    assert (answer.status_code, answer.json["error"]["type"]) == (400, type)


def test_a_cancellation_left_in_the_middle_is_finished_by_the_sweeper(exchange: SmallExchange) -> None:
    order_id = placed(exchange, **BUY)
    exchange.deliver_everything()
    exchange.wallet_line.before = lost_connection
    assert exchange.cancel(order_id, ADA).status_code == 503
    assert status(exchange, order_id) == "CANCELLING"
    assert exchange.sweep_orders() == 0
    exchange.wallet_line.mend()
    # Nobody trades with it meanwhile.
    placed(exchange, **SELL)
    exchange.deliver_everything()
    assert exchange.events("trade_executed") == []
    assert exchange.sweep_orders() == 1
    assert status(exchange, order_id) == "CANCELLED"
    assert exchange.wallets()[ADA, "USD"] == (100_000, 0)
    assert exchange.sweep_orders() == 0
    assert len(exchange.events("order_cancelled")) == 1


def test_the_user_can_finish_a_cancellation_by_asking_again(exchange: SmallExchange) -> None:
    order_id = placed(exchange, **BUY)
    exchange.wallet_line.before = lost_connection
    assert exchange.cancel(order_id, ADA).status_code == 503
    exchange.wallet_line.mend()
    assert exchange.cancel(order_id, ADA).status_code == 200
    assert exchange.wallets()[ADA, "USD"] == (100_000, 0)


def test_money_that_was_given_back_is_given_back_once(exchange: SmallExchange) -> None:
    order_id = placed(exchange, **BUY)
    # The wallet service has done it, and the order manager does not know.
    exchange.wallet_line.after = lost_connection
    assert exchange.cancel(order_id, ADA).status_code == 503
    exchange.wallet_line.mend()
    assert exchange.sweep_orders() == 1
    assert exchange.wallets()[ADA, "USD"] == (100_000, 0)


def test_cancelling_is_seen_as_the_seeds_draw_it(exchange: SmallExchange, exchange_telemetry: Watched) -> None:
    order_id = placed(exchange, **BUY)
    exchange.deliver_everything()
    exchange_telemetry.spans.clear()
    exchange.cancel(order_id, ADA)
    exchange.deliver("matching-engine", exchange.events("order_cancelled")[0])
    drawn = [
        "cancel_order",
        "SELECT FROM orders",
        "unblock_funds",
        "UPDATE wallets",
        "UPDATE orders SET status = CANCELLED",
        "PUBLISH order_cancelled",
        "remove_order",
    ]
    names = [name for name in exchange_telemetry.names if name in drawn]
    # The order is looked at by the wallet service, too.
    assert list(dict.fromkeys(names)) == drawn
    assert len({span.context.trace_id for span in exchange_telemetry.spans}) == 1
