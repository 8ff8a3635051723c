"""What the services behind the gateway really answer is what its description says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError
from werkzeug.test import TestResponse

from systems.exchange.client_gateway.operations import OPERATIONS
from tests.described_answers import assert_described
from tests.integration.exchange.backing import PostgresqlServer, RedisServer, until
from tests.integration.exchange.whole_exchange import AtTheGateway, WholeExchange, whole_exchange


@pytest.fixture(scope="module")
def exchange(postgresql_server: PostgresqlServer, redis_server: RedisServer) -> Iterator[WholeExchange]:
    redis_server.empty()
    with whole_exchange(postgresql_server, redis_server.url) as exchange:
        yield exchange


class Described(AtTheGateway):
    """Holds every answer against the description."""

    def __init__(self, exchange: WholeExchange, name: str, seen: set[tuple[str, int]]) -> None:
        super().__init__(exchange.client(), name)
        self._seen = seen

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> TestResponse:
        answer = super().ask(method, path, body, **more)
        operation = assert_described(method, path, answer.status_code, answer.get_data())
        self._seen.add((operation.name, answer.status_code))
        return answer

    def place(self, side: str, quantity: int, price_cents: int, **more: Any) -> TestResponse:
        ticket = {"symbol": "BRZY", "side": side, "type": "limit", "quantity": quantity, "price_cents": price_cents}
        return self.ask("POST", "/v1/order", {**ticket, **more})

    def get(self, path: str) -> Any:
        return self.ask("GET", path).json


def test_every_operation_answers_as_described(exchange: WholeExchange) -> None:
    seen: set[tuple[str, int]] = set()
    ada, bob = Described(exchange, "ada", seen), Described(exchange, "bob", seen)
    for user in (ada, bob):
        user.register()
        user.log_in()
        user.ask("POST", "/wallet/add-funds", {"amount_cents": 100_000})
        user.ask("POST", "/wallet/add-shares", {"symbol": "BRZY", "quantity": 50})
    assert ada.register().status_code == 409
    assert ada.log_in("some other password").status_code == 401

    bob.place("sell", 20, 1_280)
    waiting = bob.place("sell", 5, 1_290).json["order"]["id"]  # type: ignore[index]
    assert ada.place("buy", 8, 1_300, client_order_id="mine").status_code == 201
    assert ada.place("buy", 8, 1_300, client_order_id="mine").status_code == 200
    assert ada.place("buy", 9_000, 1_300).status_code == 409
    assert ada.place("buy", 0, 1_300).status_code == 422
    exchange.orders.deliver_everything()

    (bought,) = ada.get("/v1/orders?limit=1")["orders"]
    assert (bought["status"], bought["average_fill_price_cents"]) == ("FILLED", 1_280)
    assert ada.get(f"/v1/order/{bought['id']}")["order"] == bought
    assert ada.ask("GET", f"/v1/order/{waiting}").status_code == 404
    assert ada.ask("DELETE", f"/v1/order/{waiting}").status_code == 404
    assert ada.ask("DELETE", f"/v1/order/{bought['id']}").status_code == 409
    assert ada.get("/v1/orders?limit=0")["error"]["type"] == "invalid_query"
    overview = bob.get("/v1/overview")
    assert overview["orders"]["orders"]
    assert overview["positions"]["positions"]
    assert overview["wallet"]["balances"]
    assert bob.ask("DELETE", f"/v1/order/{waiting}").status_code == 200
    assert bob.get("/wallet")["balances"]
    assert bob.get("/reports/positions")["positions"]
    assert bob.get("/reports/executions")["executions"]
    assert bob.get("/auth/me")["user"]["username"] == "bob"

    until(lambda: bob.get("/market/trades/BRZY")["trades"])
    assert bob.get("/market/candles/BRZY?limit=5")["candles"]
    assert bob.get("/market/quotes/BRZY")["best_ask_cents"] == 1_280
    assert bob.get("/market/depth/BRZY")["asks"]
    assert bob.get("/market/quotes/TUBA")["updated_at"] is None
    assert bob.ask("GET", "/market/depth/NOPE").status_code == 404
    assert len(bob.get("/market/instruments")["instruments"]) == 6
    assert bob.get("/openapi.json")["openapi"] == "3.1.0"
    assert bob.ask("POST", "/auth/logout").status_code == 200
    assert bob.ask("GET", "/wallet").status_code == 401

    assert {name for name, status in seen if status < 400} == {operation.name for operation in OPERATIONS}


def test_an_answer_that_says_more_or_less_than_described_is_found() -> None:
    described = '{"asset": "USD", "available": 5, "blocked": 0}'
    assert_described("POST", "/wallet/add-funds", 200, described)
    for wrong in ('{"asset": "USD", "available": 5}', described.replace("}", ', "interest": 1}')):
        with pytest.raises(ValidationError):
            assert_described("POST", "/wallet/add-funds", 200, wrong)
    with pytest.raises(AssertionError, match="answered 418; described are"):
        assert_described("GET", "/wallet", 418, "{}")
