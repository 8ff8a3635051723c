"""What each flag changes in the order manager and the risk manager, and that nothing of it is left afterwards."""

from __future__ import annotations

from typing import Any

from tests.integration.exchange.backing import Watched
from tests.integration.exchange.orders.conftest import ADA, BOB
from tests.integration.exchange.orders.in_process import lost_time
from tests.integration.exchange.orders.small_exchange import SmallExchange

BUY: dict[str, Any] = {
    "user_id": ADA,
    "symbol": "BRZY",
    "side": "buy",
    "type": "limit",
    "quantity": 10,
    "price_cents": 1_280,
}


def test_a_list_of_orders_looks_up_their_trades_together_or_one_by_one(
    exchange: SmallExchange, exchange_telemetry: Watched
) -> None:
    for _ in range(3):
        exchange.place(**{**BUY, "quantity": 2})
    exchange.place(**{**BUY, "user_id": BOB, "side": "sell", "quantity": 6, "price_cents": 1_279})
    exchange.deliver_everything()

    def queries() -> int:
        exchange_telemetry.spans.clear()
        answer = exchange.ask(f"/orders/user/{ADA}")
        assert answer.json is not None
        assert [order["average_fill_price_cents"] for order in answer.json["orders"]] == [1_280] * 3
        return len(exchange_telemetry.named("SELECT FROM executions"))

    assert queries() == 1
    exchange.flags.set("fill-prices", {"orders": 1})
    assert queries() == 3
    exchange.flags.set("fill-prices", {"orders": 2})
    assert queries() == 2
    exchange.flags.set("fill-prices")
    assert queries() == 1


def test_money_that_cancelled_orders_keep_is_given_back_when_it_is_over(exchange: SmallExchange) -> None:
    def cancelled_order() -> None:
        answer = exchange.place(**BUY)
        assert answer.json is not None
        assert exchange.cancel(answer.json["order"]["id"], ADA).status_code == 200

    exchange.flags.set("hold-release", {"orders": "all"})
    cancelled_order()
    assert exchange.wallets()[ADA, "USD"] == (87_200, 12_800)
    assert exchange.sweep_orders() == 0
    exchange.flags.set("hold-release")
    assert exchange.sweep_orders() == 1
    assert exchange.wallets()[ADA, "USD"] == (100_000, 0)
    cancelled_order()
    assert exchange.wallets()[ADA, "USD"] == (100_000, 0)
    assert exchange.sweep_orders() == 0


def test_a_check_that_plays_scenarios_through_is_asked_again_when_it_is_late(
    exchange: SmallExchange, exchange_telemetry: Watched
) -> None:
    exchange.flags.set("loss-scenarios", {"computing_seconds": 0.005, "timeout_seconds": 0.1, "attempts": 4})
    assert exchange.place(**BUY).status_code == 201
    (simulated,) = exchange_telemetry.named("simulate_losses")
    assert (simulated.attributes or {})["exchange.scenarios"] > 1
    assert (simulated.end_time or 0) - (simulated.start_time or 0) >= 5e6
    exchange.risk_line.after = lost_time
    assert exchange.place(**BUY).status_code == 503
    assert len(exchange_telemetry.named("validate_order")) == 1 + 4
    exchange.flags.set("loss-scenarios")
    assert exchange.place(**BUY).status_code == 503
    assert len(exchange_telemetry.named("validate_order")) == 5 + 1
    assert len(exchange_telemetry.named("simulate_losses")) == 5
