"""What becomes of the simulated traders for whom things go wrong, asked of the real services."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import pytest

from systems.exchange.orders import REJECTION_REASONS
from systems.exchange.traffic.asking import Answer, Ask, Script, Trader
from systems.exchange.traffic.mishaps import clumsy_trader, forgetful_trader
from tests.integration.exchange.orders.conftest import ADA, BOB
from tests.integration.exchange.orders.small_exchange import SmallExchange

OF_THE_CLUMSY = {
    (409, "quantity_too_large"),
    (409, "order_value_too_large"),
    (409, "price_outside_band"),
    (409, "insufficient_funds"),
    (409, "insufficient_shares"),
    (409, "client_order_id_reused"),
    (409, "order_filled"),
    (404, "unknown_order"),
    (422, "invalid_body"),
}
OF_THE_FORGETFUL = {(409, "too_many_open_orders")}
#: A market without any price, and services that are away: not where everything is well.
OF_NOBODY = {"no_reference_price", "unavailable"}


class Gate:
    """Lets one user in, as the gateway would; what has nothing to do with orders is answered without asking anybody."""

    def __init__(self, exchange: SmallExchange, user_id: int) -> None:
        self._exchange = exchange
        self._user_id = user_id
        self.refusals: Counter[tuple[int, str]] = Counter()

    def answer(self, ask: Ask) -> Answer:
        answer = self._answer(ask)
        if answer.status >= 400:
            self.refusals[answer.status, answer.json["error"]["type"]] += 1
        return answer

    def _answer(self, ask: Ask) -> Answer:
        orders = self._exchange.orders_app.test_client()
        user = f"user_id={self._user_id}"
        match ask.method, ask.path.split("/")[1:]:
            case "POST", ["auth", "login"]:
                return Answer(200, {"token": "t"})
            case "GET", ["wallet"]:
                return Answer(200, {"balances": [{"asset": "USD"}]})
            case "POST", ["wallet", "add-funds"]:
                assert ask.body
                self._exchange.deposit(self._user_id, "USD", ask.body["amount_cents"])
            case "POST", ["v1", "order"]:
                response = orders.post("/order", json={"user_id": self._user_id, **(ask.body or {})})
                if ask.body and ask.body.get("type") == "market":
                    self._exchange.deliver_everything()
                return Answer(response.status_code, response.json)
            case method, ["v1", "order", number]:
                response = orders.open(f"/order/{number}?{user}", method=method)
                return Answer(response.status_code, response.json)
            case "GET", ["v1", listed]:
                response = orders.get(f"/orders/user/{self._user_id}?{listed.partition('?')[2]}")
                return Answer(response.status_code, response.json)
        return Answer(200, {})


@pytest.fixture
def market(exchange: SmallExchange) -> SmallExchange:
    """Bob sells at the usual price whatever anybody wants, and buys."""
    exchange.quote = {"best_ask_cents": 1_280, "best_bid_cents": 1_270}
    exchange.deposit(BOB, "BRZY", 100_000)
    exchange.deposit(BOB, "USD", 100_000_000)
    for side, price_cents in (("sell", 1_280), ("buy", 1_270)):
        placed = exchange.place(
            user_id=BOB, symbol="BRZY", side=side, type="limit", quantity=1_000, price_cents=price_cents
        )
        assert placed.status_code == 201, placed.json
    exchange.deliver_everything()
    return exchange


def act(script: Script, gate: Gate) -> Iterator[None]:
    """One request after the other."""
    ask = next(script)
    while True:
        yield
        ask = script.send(gate.answer(ask))


def test_the_clumsy_one_meets_every_refusal(market: SmallExchange) -> None:
    gate = Gate(market, ADA)
    steps = act(clumsy_trader(Trader("ada", 1), random.Random("mishaps"), ["BRZY"]), gate)
    for _ in range(600):
        next(steps)
        if gate.refusals.keys() >= OF_THE_CLUMSY:
            break
    assert gate.refusals.keys() == OF_THE_CLUMSY


def test_the_forgetful_one_has_too_many_orders_open_and_makes_room(market: SmallExchange) -> None:
    gate = Gate(market, ADA)
    steps = act(forgetful_trader(Trader("ada", 1), random.Random("mishaps"), ["BRZY"]), gate)
    rejected = []
    for _ in range(220):
        next(steps)
        rejected.append(gate.refusals[409, "too_many_open_orders"])
    # Refused, three times in a row, then once more after having made room and forgotten about it.
    assert rejected[-1] >= 4
    assert gate.refusals.keys() == OF_THE_FORGETFUL


def test_every_reason_for_which_an_order_is_refused_has_somebody_who_meets_it() -> None:
    met = {type for _, type in OF_THE_CLUMSY | OF_THE_FORGETFUL}
    assert set(REJECTION_REASONS) - met == OF_NOBODY
