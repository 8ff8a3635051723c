"""User journeys through the stock exchange: an investor, somebody who only watches, and a program that is not always
right. Each signs up first, and has money and shares.

By hand: locust -f loadtest/exchange.py --host http://127.0.0.1:8347
"""

from __future__ import annotations

import random
import secrets
import time
from collections import deque
from http import HTTPStatus
from typing import Any

from locust import between, task
from locust.clients import ResponseContextManager
from locust.exception import StopUser

from loadtest.asking import AskingUser

#: What everybody begins with.
CASH_CENTS = 100_000_000
SHARES = 2_000
#: How often whoever signs up comes back when there are too many.
TRIES = 15
#: How far from the last price people want to trade.
PRICE_SPREAD = 0.004
#: More open orders than these, and the oldest is cancelled.
MOST_OPEN_ORDERS = 8

ORDER, ORDERS, CANCEL = "/v1/order", "/v1/orders", "/v1/order/{id}"
QUOTE = "/market/quotes/{symbol}"
#: An order that nobody will ever have.
UNKNOWN_ORDER = 2**62


def content_of(response: ResponseContextManager) -> dict[str, Any]:
    """The answer's object; an empty one for an answer that went wrong, which has been counted."""
    try:
        content = response.json()
    except (ValueError, AttributeError, TypeError):
        return {}
    return content if isinstance(content, dict) else {}


class ExchangeUser(AskingUser):
    """What all journeys share: an account, and what can be done with it."""

    abstract = True

    def on_start(self) -> None:
        self.orders: deque[int] = deque()
        self.instruments = content_of(self.ask("/market/instruments", "/market/instruments")).get("instruments") or []
        # Nobody has come with this name before, in this run or another.
        name = f"load-{secrets.token_hex(8)}"
        credentials = {"username": name, "password": f"password of {name}"}
        self.ask_patiently("/auth/register", {**credentials, "email": f"{name}@example.com"}, HTTPStatus.CREATED)
        token = self.ask_patiently("/auth/login", credentials, HTTPStatus.OK).get("token")
        self.client.headers["Authorization"] = f"Bearer {token}"
        self.ask("/wallet/add-funds", "/wallet/add-funds", method="POST", body={"amount_cents": CASH_CENTS})
        self.symbol = random.choice(self.instruments)["symbol"] if self.instruments else ""
        shares = {"symbol": self.symbol, "quantity": SHARES}
        self.ask("/wallet/add-shares", "/wallet/add-shares", method="POST", body=shares)

    def ask_patiently(self, path: str, body: dict[str, Any], expected: HTTPStatus) -> dict[str, Any]:
        """A password takes time, so only so many may sign up or log in at a moment, and from one address: whoever is
        told to come back does. Raises StopUser for who does not get in."""
        for wait_is_right in (*[True] * TRIES, False):
            others = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE) if wait_is_right else ()
            response = self.ask(path, path, expected, *others, method="POST", body=body)
            if response.status_code == expected:
                return content_of(response)
            if response.status_code not in others:
                break
            # Not all at the same moment again.
            time.sleep(float(response.headers.get("Retry-After", 1)) + random.uniform(0, 2))
        raise StopUser

    def trade(self, symbol: str, side: str) -> None:
        """A limit order near the last price."""
        quote = content_of(self.ask(f"/market/quotes/{symbol}", QUOTE))
        [tick, reference] = next(
            (one["tick_cents"], one["reference_price_cents"]) for one in self.instruments if one["symbol"] == symbol
        )
        price = (quote.get("last_price_cents") or reference) * (1 + random.uniform(-PRICE_SPREAD, PRICE_SPREAD))
        ticket = {
            "symbol": symbol,
            "side": side,
            "quantity": random.randint(1, 20),
            "price_cents": max(round(price / tick), 1) * tick,
        }
        # Refused is who has sold or spent all that there was.
        placed = self.ask(ORDER, ORDER, HTTPStatus.CREATED, HTTPStatus.CONFLICT, method="POST", body=ticket)
        order = content_of(placed).get("order")
        if order:
            self.orders.append(order["id"])
        if len(self.orders) > MOST_OPEN_ORDERS:
            self.cancel_oldest()

    def cancel_oldest(self) -> None:
        # 409: it has traded meanwhile.
        self.ask(f"/v1/order/{self.orders.popleft()}", CANCEL, HTTPStatus.OK, HTTPStatus.CONFLICT, method="DELETE")

    def trade_something(self) -> None:
        """Buys anything, and sells what there is."""
        if self.instruments:
            side = random.choice(("buy", "sell"))
            self.trade(self.symbol if side == "sell" else random.choice(self.instruments)["symbol"], side)


class Investor(ExchangeUser):
    """Trades now and then, and looks what has become of it."""

    weight = 5
    wait_time = between(0.5, 2.0)

    @task(5)
    def order(self) -> None:
        self.trade_something()

    @task(3)
    def look(self) -> None:
        self.ask("/v1/overview", "/v1/overview")

    @task(2)
    def history(self) -> None:
        self.ask(ORDERS, ORDERS)
        self.wait()
        self.ask("/reports/positions", "/reports/positions")

    @task(1)
    def change_of_mind(self) -> None:
        if self.orders:
            self.cancel_oldest()


class Watcher(ExchangeUser):
    """Looks at prices all the time, and hardly ever trades."""

    weight = 3
    wait_time = between(0.3, 1.0)

    @task(10)
    def market(self) -> None:
        symbol = random.choice(self.instruments)["symbol"] if self.instruments else "none"
        self.ask(f"/market/quotes/{symbol}", QUOTE)
        self.ask(f"/market/depth/{symbol}", "/market/depth/{symbol}")

    @task(3)
    def money(self) -> None:
        self.ask("/wallet", "/wallet")

    @task(1)
    def order(self) -> None:
        self.trade_something()


class Program(ExchangeUser):
    """Quick, steady, and wrong in a tenth of what it asks."""

    weight = 2
    wait_time = between(0.1, 0.3)

    @task(60)
    def order(self) -> None:
        self.trade_something()

    @task(30)
    def orders_that_wait(self) -> None:
        self.ask(f"{ORDERS}?status=open", ORDERS)

    @task(5)
    def unknown_order(self) -> None:
        self.ask(f"/v1/order/{UNKNOWN_ORDER}", f"{CANCEL} unknown", HTTPStatus.NOT_FOUND)

    @task(5)
    def invalid_order(self) -> None:
        ticket = {"symbol": self.symbol, "side": "buy", "quantity": 0, "price_cents": 1}
        self.ask(ORDER, f"{ORDER} invalid", HTTPStatus.UNPROCESSABLE_ENTITY, method="POST", body=ticket)
