"""The seven flows and a trade, as a user goes through them: the answer, what the database has then, and the trace."""

from __future__ import annotations

import base64
import json

import pytest
from websockets.sync.client import connect

from tests.e2e.exchange.conftest import Exchange, User

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

FILLED = "FILLED"


@pytest.fixture
def user(exchange: Exchange) -> User:
    return exchange.user(cents=1_000_000)


def test_a_newcomer_signs_up(exchange: Exchange) -> None:
    user = exchange.new_user()
    answer = user.register()
    assert answer.status == 201
    assert answer.json["user"].items() >= {"id": user.id, "username": user.name}.items()
    (row,) = exchange.rows("SELECT * FROM users WHERE id = %(id)s", id=user.id)
    assert (row["username"], row["email"]) == (user.name, f"{user.name}@example.com")
    assert row["password_hash"].startswith("$argon2id$")
    exchange.shows(answer, "register")


def test_who_has_an_account_logs_in_and_gets_a_token(exchange: Exchange) -> None:
    user = exchange.new_user()
    user.register()
    answer = user.log_in()
    assert answer.status == 200
    claims = json.loads(base64.urlsafe_b64decode(answer.json["token"].split(".")[1] + "=="))
    assert claims["sub"] == str(user.id)
    assert claims["exp"] > claims["iat"]
    assert user.ask("GET", "/auth/me").json["user"]["id"] == user.id
    exchange.shows(answer, "login")


def test_the_first_deposit_makes_the_wallet(exchange: Exchange) -> None:
    user = exchange.user()
    assert exchange.wallet(user) == {}
    answer = user.pay_in(250_000)
    assert (answer.status, answer.json["available"]) == (200, 250_000)
    assert exchange.wallet(user) == {"USD": (250_000, 0)}
    rows = exchange.rows("SELECT kind, available_delta FROM transactions WHERE user_id = %(id)s", id=user.id)
    assert rows == [{"kind": "deposit", "available_delta": 250_000}]
    exchange.shows(answer, "add_funds")


def test_an_order_is_checked_paid_for_stored_and_in_the_book(exchange: Exchange, user: User) -> None:
    answer = user.place("buy", "KELP", 7, 850)
    assert answer.status == 201
    order_id = answer.json["order"]["id"]
    exchange.wait_for(lambda: exchange.order(order_id)["status"] == "OPEN", "the order in the book")
    assert exchange.order(order_id).items() >= {"user_id": user.id, "quantity": 7, "filled": 0}.items()
    assert exchange.wallet(user) == {"USD": (1_000_000 - 7 * 850, 7 * 850)}
    depth = user.ask("GET", "/market/depth/KELP").json
    assert [850, 7] in depth["bids"]
    exchange.shows(answer, "place_order")


def test_ones_own_orders_are_listed_and_nobody_elses(exchange: Exchange, user: User) -> None:
    order_id = user.place("buy", "QUIL", 1, 6_300).json["order"]["id"]
    answer = user.ask("GET", "/v1/orders")
    assert [order["id"] for order in answer.json["orders"]] == [order_id]
    other = exchange.user()
    assert other.ask("GET", "/v1/orders").json["orders"] == []
    for method in ("GET", "DELETE"):
        assert other.ask(method, f"/v1/order/{order_id}").status == 404
    assert exchange.order(order_id)["status"] in ("NEW", "OPEN")
    exchange.shows(answer, "query_orders")


def test_a_cancelled_order_gives_its_money_back_and_leaves_the_book(exchange: Exchange, user: User) -> None:
    order_id = user.place("buy", "TUBA", 2, 30_000).json["order"]["id"]
    answer = user.cancel(order_id)
    assert (answer.status, answer.json["order"]["status"]) == (200, "CANCELLED")
    assert exchange.order(order_id)["status"] == "CANCELLED"
    assert exchange.wallet(user) == {"USD": (1_000_000, 0)}
    exchange.wait_for(
        lambda: [30_000, 2] not in user.ask("GET", "/market/depth/TUBA").json["bids"], "the order out of the book"
    )
    exchange.shows(answer, "cancel_order")


def test_two_users_trade_and_both_are_told(exchange: Exchange, user: User) -> None:
    seller = exchange.user(shares={"BRZY": 20})
    offered = seller.place("sell", "BRZY", 20, 1_250).json["order"]["id"]
    exchange.wait_for(lambda: exchange.order(offered)["status"] == "OPEN", "the offer in the book")
    token = seller.log_in().json["token"]
    stream = exchange.lab.url("notification-service").replace("http", "ws") + "/stream"
    with connect(stream) as connection:
        connection.send(json.dumps({"type": "hello", "token": token}))
        assert json.loads(connection.recv(timeout=10))["type"] == "welcome"
        answer = user.place("buy", "BRZY", 8, 1_270)
        told = json.loads(connection.recv(timeout=20))
    order_id = answer.json["order"]["id"]
    assert told.items() >= {"type": "fill", "order_id": offered, "quantity": 8, "price_cents": 1_250}.items()
    # The trade happened because of the buyer's order, and in its trace.
    assert told["trace_id"] == answer.trace_id
    exchange.wait_for(lambda: exchange.order(order_id)["status"] == FILLED, "the order filled")
    exchange.wait_for(lambda: exchange.wallet(user).get("BRZY") == (8, 0), "the trade settled")
    # Better than the limit: the difference is given back.
    assert exchange.wallet(user)["USD"] == (1_000_000 - 8 * 1_250, 0)
    assert exchange.wallet(seller) == {"USD": (8 * 1_250, 0), "BRZY": (0, 12)}
    exchange.shows(answer, "trade")


def test_positions_say_what_is_held_and_what_has_come_of_it(exchange: Exchange, user: User) -> None:
    other = exchange.user(cents=1_000_000, shares={"LNTN": 10})
    other.place("sell", "LNTN", 10, 12_400)
    bought = user.place("buy", "LNTN", 10, 12_400).json["order"]["id"]
    exchange.wait_for(lambda: exchange.order(bought)["status"] == FILLED, "the first trade")
    exchange.wait_for(lambda: exchange.wallet(user).get("LNTN") == (10, 0), "the first trade settled")
    other.place("buy", "LNTN", 4, 12_500)
    sold = user.place("sell", "LNTN", 4, 12_500).json["order"]["id"]
    exchange.wait_for(lambda: exchange.order(sold)["status"] == FILLED, "the second trade")
    answer = user.ask("GET", "/reports/positions")
    (position,) = answer.json["positions"]
    assert position == {
        "symbol": "LNTN",
        "quantity": 6,
        "average_price_cents": 12_400,
        "last_price_cents": 12_500,
        "market_value_cents": 75_000,
        "realised_pnl_cents": 400,
        "unrealised_pnl_cents": 600,
    }
    exchange.shows(answer, "positions")


def test_the_overview_has_everything_at_once(exchange: Exchange, user: User) -> None:
    user.place("buy", "ACRN", 1, 4_100)
    overview = user.ask("GET", "/v1/overview").json
    assert overview["missing"] == []
    assert overview["wallet"]["balances"] == [{"asset": "USD", "available": 995_900, "blocked": 4_100}]
    assert len(overview["orders"]["orders"]) == 1
    assert overview["positions"]["positions"] == []
