from __future__ import annotations

import pytest

from tests.integration.exchange.backing import Watched
from tests.integration.exchange.orders.conftest import ADA, BOB
from tests.integration.exchange.orders.small_exchange import SmallExchange

BUY = {"user_id": ADA, "symbol": "BRZY", "side": "buy", "type": "limit", "quantity": 1, "price_cents": 1_280}


@pytest.fixture
def order_ids(exchange: SmallExchange) -> list[int]:
    """Of Ada: a cancelled order, a filled one, two open ones. Bob has one, too."""
    ids = []
    for _ in range(4):
        answer = exchange.place(**BUY)
        assert answer.json is not None
        ids.append(answer.json["order"]["id"])
        if len(ids) == 1:
            exchange.cancel(ids[0], ADA)
    exchange.place(**{**BUY, "user_id": BOB, "side": "sell"})
    exchange.deliver_everything()
    return ids


def listed(exchange: SmallExchange, query: str = "", user_id: int = ADA) -> list[int]:
    answer = exchange.ask(f"/orders/user/{user_id}{query}")
    assert answer.status_code == 200, answer.json
    assert answer.json is not None
    return [order["id"] for order in answer.json["orders"]]


def test_a_users_orders_are_listed_the_newest_first(exchange: SmallExchange, order_ids: list[int]) -> None:
    assert listed(exchange) == order_ids[::-1]
    assert listed(exchange, user_id=BOB) == [order_ids[-1] + 1]
    assert listed(exchange, user_id=99) == []


def test_orders_are_listed_by_their_state(exchange: SmallExchange, order_ids: list[int]) -> None:
    assert listed(exchange, "?status=open") == [order_ids[3], order_ids[2]]
    assert listed(exchange, "?status=FILLED") == [order_ids[1]]
    assert listed(exchange, "?status=CANCELLED") == [order_ids[0]]
    assert listed(exchange, "?status=NEW") == []


def test_many_orders_come_a_page_at_a_time(exchange: SmallExchange, order_ids: list[int]) -> None:
    first = exchange.ask(f"/orders/user/{ADA}?limit=3").json
    assert first is not None
    assert [order["id"] for order in first["orders"]] == order_ids[:0:-1]
    rest = exchange.ask(f"/orders/user/{ADA}?limit=3&before={first['next_before']}").json
    assert rest is not None
    assert ([order["id"] for order in rest["orders"]], rest["next_before"]) == ([order_ids[0]], None)


@pytest.mark.parametrize(
    ("path", "type"),
    [
        ("/orders/user/ada", "invalid_user_id"),
        (f"/orders/user/{ADA}?status=closed", "invalid_status"),
        (f"/orders/user/{ADA}?limit=0", "invalid_limit"),
        (f"/orders/user/{ADA}?before=x", "invalid_before"),
    ],
)
def test_what_makes_no_sense_is_refused(exchange: SmallExchange, path: str, type: str) -> None:
    answer = exchange.ask(path)
    assert answer.json is not None
    assert (answer.status_code, answer.json["error"]["type"]) == (400, type)


def test_a_list_is_seen_as_the_seeds_draw_it(
    exchange: SmallExchange, exchange_telemetry: Watched, order_ids: list[int]
) -> None:
    exchange_telemetry.spans.clear()
    listed(exchange)
    # One of them has traded.
    assert exchange_telemetry.names == [
        "get_user_orders",
        "SELECT FROM orders WHERE user_id = ?",
        "SELECT FROM executions",
    ]
