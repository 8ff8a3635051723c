"""What the engine writes, and what becomes of its book when a transaction fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from observability.postgresql import Database
from observability.redis import Redis
from systems.exchange.matching_engine.engine import MatchingEngine, NotLeading
from systems.exchange.matching_engine.orders import Side
from tests.integration.exchange.backing import Watched
from tests.integration.exchange.matching_engine.trading_floor import (
    SYMBOL,
    TradingFloor,
    cancel_order,
    new_engine,
    store_order,
)

ALICE, BOB, CAROL = 1, 2, 3

NewEngine = Callable[[], MatchingEngine]


@pytest.fixture
def start_engine(database: Database, redis: Redis, exchange_telemetry: Watched) -> NewEngine:
    return lambda: new_engine(database, redis, exchange_telemetry.of("matching-engine"))


@pytest.fixture
def floor(database: Database, start_engine: NewEngine) -> TradingFloor:
    return TradingFloor(database, start_engine())


def test_a_trade_is_written_for_both_sides(floor: TradingFloor) -> None:
    selling = floor.sell(ALICE, 5, 1000)
    buying = floor.buy(BOB, 8, 1010)
    assert floor.rows() == [(selling, "FILLED", 5, None), (buying, "PARTIALLY_FILLED", 5, None)]
    assert floor.executions() == [
        {
            "price_cents": 1000,
            "quantity": 5,
            "buy_order_id": buying,
            "sell_order_id": selling,
            "buyer_id": BOB,
            "seller_id": ALICE,
            "taker_side": "buy",
        }
    ]
    assert floor.book() == [(buying, 3)]


def test_one_order_can_trade_with_many(floor: TradingFloor) -> None:
    bids = [floor.buy(ALICE, 5, 1000 + number) for number in range(5)]
    selling = floor.sell(BOB, 22, 1000)
    assert [(trade["buy_order_id"], trade["quantity"]) for trade in floor.executions()] == [
        (bids[4], 5),
        (bids[3], 5),
        (bids[2], 5),
        (bids[1], 5),
        (bids[0], 2),
    ]
    assert floor.rows()[0] == (bids[0], "PARTIALLY_FILLED", 2, None)
    assert floor.rows()[-1] == (selling, "FILLED", 22, None)


def test_what_a_market_order_does_not_trade_is_cancelled_and_its_owner_told(floor: TradingFloor) -> None:
    floor.sell(ALICE, 5, 1000)
    buying = floor.buy(BOB, 8, 1050, type="market")
    assert floor.rows()[-1] == (buying, "CANCELLED", 5, "no_liquidity")
    assert floor.told("trades")[-1] == (
        "order_closed",
        {"order_id": buying, "user_id": BOB, "symbol": SYMBOL, "reason": "no_liquidity", "remaining": 3},
    )


def test_nobody_trades_with_themselves(floor: TradingFloor) -> None:
    selling = floor.sell(ALICE, 5, 1000)
    buying = floor.buy(ALICE, 5, 1000)
    assert floor.rows() == [(selling, "OPEN", 0, None), (buying, "CANCELLED", 0, "self_trade")]
    assert floor.executions() == []


def test_an_own_order_that_was_cancelled_a_moment_ago_is_in_nobodys_way(floor: TradingFloor) -> None:
    """The engine has not heard of the cancellation: the row knows."""
    own = floor.sell(ALICE, 5, 1000)
    others = floor.sell(BOB, 5, 1000)
    cancelled = cancel_order(floor.database, own)

    buying = floor.buy(ALICE, 5, 1000)

    assert floor.rows() == [(own, "CANCELLED", 0, "user"), (others, "FILLED", 5, None), (buying, "FILLED", 5, None)]
    floor.deliver(cancelled)
    assert floor.book() == []


def test_everybody_is_told_what_was_traded_and_what_waits_then(floor: TradingFloor) -> None:
    floor.sell(ALICE, 5, 1000)
    floor.sell(ALICE, 5, 1002)
    buying = floor.buy(BOB, 7, 1002)
    (name, payload) = floor.told("market_data")[-1]
    assert name == "market_data"
    assert (payload["symbol"], payload["bids"], payload["asks"]) == (SYMBOL, [], [[1002, 3]])
    assert [(trade["price_cents"], trade["quantity"], trade["taker_side"]) for trade in payload["trades"]] == [
        (1000, 5, "buy"),
        (1002, 2, "buy"),
    ]
    executed = [payload for name, payload in floor.told("trades") if name == "trade_executed"]
    assert [trade["execution_id"] for trade in executed] == [trade["execution_id"] for trade in payload["trades"]]
    assert {trade["buy_order_id"] for trade in executed} == {buying}


def test_a_cancelled_order_leaves_the_book(floor: TradingFloor, database: Database) -> None:
    selling = floor.sell(ALICE, 5, 1000)
    floor.deliver(cancel_order(database, selling))
    assert floor.book() == []
    assert floor.told("market_data")[-1][1]["asks"] == []


def test_an_order_that_was_cancelled_before_it_came_is_not_matched(floor: TradingFloor, database: Database) -> None:
    floor.sell(ALICE, 5, 1000)
    placed = store_order(database, BOB, Side.BUY, 5, 1000)
    cancelled = cancel_order(database, placed.payload["order_id"])
    floor.deliver(placed)
    floor.deliver(cancelled)
    assert floor.executions() == []


def test_an_order_that_is_being_cancelled_does_not_trade_the_next_one_does(
    floor: TradingFloor, database: Database
) -> None:
    first, second = floor.sell(ALICE, 5, 1000), floor.sell(BOB, 5, 1000)
    late = cancel_order(database, first)
    buying = floor.buy(CAROL, 5, 1000)
    assert [(trade["sell_order_id"], trade["buy_order_id"]) for trade in floor.executions()] == [(second, buying)]
    floor.deliver(late)
    assert floor.book() == []


def test_the_book_survives_a_restart(floor: TradingFloor, start_engine: NewEngine) -> None:
    floor.sell(ALICE, 5, 1001)
    floor.sell(BOB, 5, 1000)
    floor.sell(ALICE, 5, 1000)
    floor.buy(CAROL, 3, 1000)
    before = floor.book()
    floor.engine = start_engine()
    assert floor.book() == before
    floor.buy(CAROL, 3, 1000)
    assert [trade["seller_id"] for trade in floor.executions()] == [BOB, BOB, ALICE]


def test_a_transaction_that_fails_leaves_the_book_as_it_was(floor: TradingFloor, database: Database) -> None:
    selling = floor.sell(ALICE, 5, 1000)
    event = store_order(database, BOB, Side.BUY, 5, 1000)

    def handle_and_fail() -> None:
        with database.transaction() as transaction:
            floor.engine.process_order(event, transaction)
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        handle_and_fail()
    assert floor.book() == [(selling, 5)]
    floor.deliver(event)
    assert floor.book() == []
    assert len(floor.executions()) == 1


def test_a_commit_whose_answer_was_lost_is_noticed_before_anything_else_happens(
    floor: TradingFloor, database: Database
) -> None:
    selling = floor.sell(ALICE, 5, 1000)
    event = store_order(database, BOB, Side.BUY, 3, 1000)
    with database.transaction() as transaction:
        floor.engine.process_order(event, transaction)
    # Committed, and nobody told the engine.
    assert floor.book() == [(selling, 5)]
    floor.buy(CAROL, 5, 1000)
    assert [trade["quantity"] for trade in floor.executions()] == [3, 2]
    assert [status for _, status, _, _ in floor.rows()] == ["FILLED", "FILLED", "PARTIALLY_FILLED"]


def test_an_engine_that_does_not_lead_changes_nothing(
    database: Database, redis: Redis, exchange_telemetry: Watched
) -> None:
    engine = new_engine(database, redis, exchange_telemetry.of("matching-engine"), leads=lambda: False)
    floor = TradingFloor(database, engine)
    with pytest.raises(NotLeading):
        floor.sell(ALICE, 5, 1000)
    assert [status for _, status, _, _ in floor.rows()] == ["NEW"]


def test_a_symbol_whose_orders_and_executions_do_not_agree_is_not_traded(
    floor: TradingFloor, database: Database, start_engine: NewEngine, exchange_telemetry: Watched
) -> None:
    selling = floor.sell(ALICE, 5, 1000)
    with database.transaction() as transaction:
        transaction.execute("UPDATE orders SET filled = 2 WHERE id = %(id)s", {"id": selling})

    floor.engine = start_engine()
    buying = floor.buy(BOB, 5, 1000)

    assert floor.engine.halted == [SYMBOL]
    assert floor.rows()[-1] == (buying, "CANCELLED", 0, "halted")
    assert floor.told("trades")[-1][1]["reason"] == "halted"
    said = [line.message for line in exchange_telemetry.lines if line.level.upper() == "ERROR"]
    problem = f"order {selling} has traded 2 shares, its executions say 0"
    assert said == [f"{SYMBOL} is not traded: its orders and its executions do not agree: {problem}"]


def test_a_symbol_is_traded_again_once_its_rows_agree(
    floor: TradingFloor, database: Database, start_engine: NewEngine
) -> None:
    selling = floor.sell(ALICE, 5, 1000)
    with database.transaction() as transaction:
        transaction.execute("UPDATE orders SET filled = 2 WHERE id = %(id)s", {"id": selling})
    floor.engine = start_engine()
    with database.transaction() as transaction:
        transaction.execute("UPDATE orders SET filled = 0 WHERE id = %(id)s", {"id": selling})
        floor.engine.load(transaction, SYMBOL)
    floor.buy(BOB, 5, 1000)
    assert floor.engine.halted == []
    assert len(floor.executions()) == 1


def test_the_trace_tells_what_happened_in_sequence(floor: TradingFloor, exchange_telemetry: Watched) -> None:
    floor.sell(ALICE, 5, 1000)
    exchange_telemetry.spans.clear()
    floor.buy(BOB, 5, 1000)
    names = [name for name in exchange_telemetry.names if not name.startswith("INSERT INTO o")]
    assert names == [
        "COMMIT",
        "SELECT FROM orders FOR UPDATE",
        "match_order",
        "SELECT FROM orders FOR UPDATE",
        "UPDATE orders",
        "UPDATE orders",
        "INSERT INTO executions",
        "COMMIT",
        "add_order",
        "PUBLISH trade_executed",
        "PUBLISH market_data",
    ]
