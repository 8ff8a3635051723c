from __future__ import annotations

from typing import Any

import psycopg
import pytest

from systems.exchange.order_manager import order_table, retention
from systems.exchange.order_manager.retention import ClientOrderIds
from tests.integration.exchange.backing import Watched
from tests.integration.exchange.orders.conftest import ADA, BOB, CAROL
from tests.integration.exchange.orders.in_process import lost_connection, lost_time
from tests.integration.exchange.orders.small_exchange import SmallExchange

BUY = {"user_id": ADA, "symbol": "BRZY", "side": "buy", "type": "limit", "quantity": 10, "price_cents": 1_280}
SELL = {**BUY, "side": "sell"}
MARKET = {"user_id": ADA, "symbol": "BRZY", "side": "buy", "type": "market", "quantity": 10}


def refusal(answer: Any) -> tuple[int, str]:
    assert answer.json is not None
    return answer.status_code, answer.json["error"]["type"]


def test_an_order_is_paid_for_stored_and_told_of(exchange: SmallExchange) -> None:
    answer = exchange.place(**BUY)
    assert answer.status_code == 201
    assert answer.json is not None
    order = answer.json["order"]
    assert {key: value for key, value in order.items() if not key.endswith("_at")} == {
        "id": order["id"],
        **BUY,
        "client_order_id": None,
        "filled": 0,
        "status": "NEW",
        "reason": None,
    }
    assert exchange.wallets()[ADA, "USD"] == (87_200, 12_800)
    (event,) = exchange.events("order_created")
    assert (event.stream, event.payload) == (
        "orders",
        {
            "order_id": order["id"],
            "user_id": ADA,
            "symbol": "BRZY",
            "side": "buy",
            "type": "limit",
            "price_cents": 1_280,
            "quantity": 10,
            "filled": 0,
        },
    )


def test_a_sale_blocks_the_shares(exchange: SmallExchange) -> None:
    assert exchange.place(**SELL).status_code == 201
    assert exchange.wallets()[ADA, "BRZY"] == (90, 10)
    assert exchange.wallets()[ADA, "USD"] == (100_000, 0)


@pytest.mark.parametrize(
    ("order", "status", "type"),
    [
        ({**BUY, "quantity": 0}, 422, "invalid_body"),
        ({**BUY, "symbol": "XXXX"}, 422, "invalid_body"),
        ({**BUY, "price_cents": None}, 422, "invalid_body"),
        ({**MARKET, "price_cents": 1_280}, 422, "invalid_body"),
        ({**BUY, "user_id": "13"}, 422, "invalid_body"),
        ({**BUY, "quantity": 79}, 409, "insufficient_funds"),
        ({**SELL, "quantity": 101}, 409, "insufficient_shares"),
        ({**BUY, "user_id": CAROL}, 409, "insufficient_funds"),
        ({**BUY, "price_cents": 2_000}, 409, "price_outside_band"),
        ({**BUY, "quantity": 10_001}, 409, "quantity_too_large"),
        ({**BUY, "quantity": 9_999, "price_cents": 1_536, "symbol": "TUBA"}, 422, "invalid_body"),
        ({**BUY, "quantity": 9_999, "price_cents": 31_000, "symbol": "TUBA"}, 409, "order_value_too_large"),
        (MARKET, 409, "no_reference_price"),
    ],
)
def test_a_refused_order_leaves_nothing_behind(
    exchange: SmallExchange, order: dict[str, Any], status: int, type: str
) -> None:
    before = exchange.wallets()
    assert refusal(exchange.place(**order)) == (status, type)
    assert exchange.wallets() == before
    assert exchange.events() == []


def counted(exchange: SmallExchange) -> dict[str, float]:
    """What the order manager counts of orders."""
    lines = [line for line in exchange.ask("/metrics").text.splitlines() if line.startswith("exchange_orders_")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines) if "_created" not in name}


def test_orders_are_counted_and_refusals_by_their_reason(exchange: SmallExchange) -> None:
    before = counted(exchange)
    exchange.place(**{**BUY, "quantity": 79})
    exchange.place(**BUY)
    after = counted(exchange)
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        'exchange_orders_rejected_total{reason="insufficient_funds"}': 1,
        'exchange_orders_placed_total{side="buy",symbol="BRZY",type="limit"}': 1,
    }


@pytest.mark.parametrize(
    ("quote", "side", "price_cents"),
    [
        ({"best_ask_cents": 1_300, "best_bid_cents": 1_200, "last_price_cents": 1_280}, "buy", 1_365),
        ({"best_ask_cents": 1_300, "best_bid_cents": 1_200, "last_price_cents": 1_280}, "sell", 1_140),
        ({"best_ask_cents": None, "best_bid_cents": 1_200, "last_price_cents": 1_280}, "buy", 1_344),
    ],
)
def test_a_market_order_is_protected_by_a_price_beyond_the_best_one(
    exchange: SmallExchange, quote: dict[str, Any], side: str, price_cents: int
) -> None:
    exchange.quote = quote
    answer = exchange.place(**{**MARKET, "side": side})
    assert answer.status_code == 201
    assert answer.json is not None
    assert answer.json["order"]["price_cents"] == price_cents


def test_the_same_client_order_id_gives_the_same_order_back(exchange: SmallExchange) -> None:
    first = exchange.place(**BUY, client_order_id="a")
    again = exchange.place(**BUY, client_order_id="a")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json == first.json
    assert exchange.wallets()[ADA, "USD"] == (87_200, 12_800)
    assert len(exchange.events("order_created")) == 1


def test_a_client_order_id_is_its_users_alone(exchange: SmallExchange) -> None:
    first = exchange.place(**BUY, client_order_id="a")
    others = exchange.place(**{**BUY, "user_id": BOB}, client_order_id="a")
    assert (first.status_code, others.status_code) == (201, 201)
    assert first.json is not None
    assert others.json is not None
    assert first.json["order"]["id"] != others.json["order"]["id"]


@pytest.mark.parametrize("changed", [{"quantity": 11}, {"side": "sell"}, {"price_cents": 1_281}, {"symbol": "KELP"}])
def test_a_client_order_id_cannot_be_used_for_another_order(exchange: SmallExchange, changed: dict[str, Any]) -> None:
    exchange.place(**BUY, client_order_id="a")
    # KELP costs something else.
    other = {**BUY, **changed, **({"price_cents": 885} if "symbol" in changed else {})}
    assert refusal(exchange.place(**other, client_order_id="a")) == (409, "client_order_id_reused")


def test_an_order_refused_once_can_be_placed_later_under_the_same_client_order_id(exchange: SmallExchange) -> None:
    order = {**BUY, "user_id": CAROL, "client_order_id": "a"}
    assert refusal(exchange.place(**order)) == (409, "insufficient_funds")
    exchange.deposit(CAROL, "USD", 12_800)
    assert exchange.place(**order).status_code == 201
    assert exchange.wallets()[CAROL, "USD"] == (0, 12_800)


class TestLongAfterwards:
    """When it has been forgotten which id goes with a client_order_id."""

    @staticmethod
    def forget(exchange: SmallExchange, kept_seconds: float = 0) -> int:
        return ClientOrderIds(exchange.database, kept_seconds=kept_seconds).prune()

    def test_what_was_used_lately_is_kept_and_the_rest_forgotten(
        self, exchange: SmallExchange, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(retention, "_BATCH", 2)
        for name in "abcde":
            exchange.place(**{**BUY, "quantity": 1}, client_order_id=name)
        with exchange.database.transaction() as transaction:
            transaction.execute("UPDATE client_order_ids SET used_at = used_at - interval '61 minutes'")
        # Asked for again, it is wanted again.
        assert exchange.place(**{**BUY, "quantity": 1}, client_order_id="c").status_code == 200

        assert self.forget(exchange, retention.KEPT_SECONDS) == 4
        assert [row["client_order_id"] for row in exchange.rows("SELECT * FROM client_order_ids")] == ["c"]
        assert self.forget(exchange, retention.KEPT_SECONDS) == 0

    def test_one_round_comes_to_an_end(self, exchange: SmallExchange, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(retention, "_BATCH", 1)
        monkeypatch.setattr(retention, "_BATCHES", 2)
        for name in "abc":
            exchange.place(**{**BUY, "quantity": 1}, client_order_id=name)
        assert [self.forget(exchange) for _ in range(3)] == [2, 1, 0]

    def test_the_same_client_order_id_still_gives_the_same_order_back(self, exchange: SmallExchange) -> None:
        first = exchange.place(**BUY, client_order_id="a")
        for _ in range(2):
            self.forget(exchange)
            again = exchange.place(**BUY, client_order_id="a")
            assert (again.status_code, again.json) == (200, first.json)
            assert refusal(exchange.place(**{**BUY, "quantity": 1}, client_order_id="a")) == (
                409,
                "client_order_id_reused",
            )
        assert exchange.wallets()[ADA, "USD"] == (87_200, 12_800)
        assert exchange.rows("SELECT FROM holds") == [{}]

    def test_an_order_that_was_refused_can_still_be_placed(self, exchange: SmallExchange) -> None:
        order = {**BUY, "user_id": CAROL, "client_order_id": "a"}
        assert refusal(exchange.place(**order)) == (409, "insufficient_funds")
        self.forget(exchange)
        exchange.deposit(CAROL, "USD", 12_800)
        assert exchange.place(**order).status_code == 201

    def test_an_order_that_took_so_long_is_placed_once(self, exchange: SmallExchange) -> None:
        """It stood still after its money was blocked; its owner has sent it again."""
        again = []

        def stand_still(method: str, path: str) -> None:
            exchange.wallet_line.mend()
            self.forget(exchange)
            assert exchange.sweep_wallets() == 1
            again.append(exchange.place(**BUY, client_order_id="a"))

        exchange.wallet_line.after = stand_still
        first = exchange.place(**BUY, client_order_id="a")
        assert (first.status_code, again[0].status_code) == (200, 201)
        assert first.json == again[0].json
        assert exchange.wallets()[ADA, "USD"] == (87_200, 12_800)


class TestWhenOthersAreAway:
    def test_without_the_risk_manager_no_order_is_placed(self, exchange: SmallExchange) -> None:
        exchange.risk_line.before = lost_connection
        answer = exchange.place(**BUY)
        assert refusal(answer) == (503, "risk-manager_unavailable")
        assert exchange.wallets()[ADA, "USD"] == (100_000, 0)

    def test_a_lost_answer_of_the_wallet_service_is_asked_for_again_and_blocks_once(
        self, exchange: SmallExchange
    ) -> None:
        def lose_once(method: str, path: str) -> None:
            exchange.wallet_line.mend()
            lost_connection(method, path)

        exchange.wallet_line.after = lose_once
        assert exchange.place(**BUY).status_code == 201
        assert exchange.wallets()[ADA, "USD"] == (87_200, 12_800)

    def test_money_blocked_for_an_order_that_was_never_stored_comes_back(self, exchange: SmallExchange) -> None:
        exchange.wallet_line.after = lost_time
        assert refusal(exchange.place(**BUY)) == (503, "wallet-service_unavailable")
        assert exchange.wallets()[ADA, "USD"] == (87_200, 12_800)
        assert exchange.sweep_wallets() == 1
        assert exchange.wallets()[ADA, "USD"] == (100_000, 0)
        assert exchange.sweep_wallets() == 0

    def test_a_failure_to_store_an_order_gives_its_money_back_at_once(
        self, exchange: SmallExchange, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*arguments: Any) -> None:
            raise psycopg.DataError("as the test wants it")

        monkeypatch.setattr(order_table, "insert", fail)
        assert refusal(exchange.place(**BUY)) == (500, "internal_error")
        assert exchange.wallets()[ADA, "USD"] == (100_000, 0)

    def test_an_order_whose_hold_was_released_under_it_is_paid_for_once_more(self, exchange: SmallExchange) -> None:
        def release(method: str, path: str) -> None:
            exchange.wallet_line.mend()
            assert exchange.sweep_wallets() == 1

        exchange.wallet_line.after = release
        order = exchange.place(**BUY, client_order_id="a")
        assert order.status_code == 201
        assert exchange.wallets()[ADA, "USD"] == (87_200, 12_800)
        assert exchange.place(**BUY, client_order_id="a").json == order.json


def test_placing_is_seen_as_the_seeds_draw_it(exchange: SmallExchange, exchange_telemetry: Watched) -> None:
    exchange_telemetry.spans.clear()
    exchange.place(**BUY)
    exchange.deliver("matching-engine", exchange.events("order_created")[0])
    names = exchange_telemetry.names
    drawn = [
        "POST /order",
        "validate_order",
        "GET risk_limits",
        "block_funds",
        "UPDATE wallets",
        "INSERT INTO transactions",
        "INSERT INTO orders",
        "PUBLISH order_created",
        "process_order",
        "add_order",
        "PUBLISH market_data",
    ]
    assert [name for name in names if name in drawn] == drawn
    assert len({span.context.trace_id for span in exchange_telemetry.spans}) == 1


def test_nothing_that_is_told_of_an_order_is_without_its_id(
    exchange: SmallExchange, exchange_telemetry: Watched
) -> None:
    answer = exchange.place(**BUY)
    assert answer.json is not None
    order_id = answer.json["order"]["id"]
    (line,) = [line for line in exchange_telemetry.lines if line.message == f"Order {order_id} of user {ADA} placed"]
    assert line.fields["order_id"] == order_id
    (span,) = exchange_telemetry.named("POST /order")
    assert span.attributes is not None
    assert span.attributes["exchange.order.id"] == order_id
