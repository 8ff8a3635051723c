"""What is known of the market: through events, and after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import pytest
from flask.testing import FlaskClient

from feature_flags import FixedFlags
from observability.postgresql import Database
from observability.redis import Redis
from systems.exchange.instruments import INSTRUMENTS, SYMBOLS
from systems.exchange.market_data_service import history
from systems.exchange.market_data_service.app import create_app
from systems.exchange.market_data_service.board import CANDLES, TRADES, Board, Trade
from tests.integration.exchange.backing import Watched, until
from tests.integration.exchange.matching_engine.trading_floor import SYMBOL, TradingFloor, new_engine

ALICE, BOB = 1, 2
#: Nobody listens there.
NO_REDIS = "redis://127.0.0.1:1/0"


@pytest.fixture
def floor(database: Database, redis: Redis, exchange_telemetry: Watched) -> TradingFloor:
    """A market that has traded: the last price is 1001, best bid 999, best ask 1001."""
    floor = TradingFloor(database, new_engine(database, redis, exchange_telemetry.of("matching-engine")))
    floor.buy(ALICE, 10, 999)
    floor.sell(ALICE, 5, 1000)
    floor.sell(ALICE, 10, 1001)
    floor.buy(BOB, 8, 1005)
    return floor


@contextmanager
def running(
    postgresql_url: str, redis_url: str, watched: Watched, flags: FixedFlags | None = None
) -> Iterator[FlaskClient]:
    app = create_app(
        {"EXCHANGE_DATABASE_URL": postgresql_url, "EXCHANGE_REDIS_URL": redis_url},
        telemetry=watched.of("market-data-service"),
        flags=flags,
    )
    try:
        yield app.test_client()
    finally:
        app.extensions["follower"].stop()


@pytest.fixture
def service(postgresql_url: str, redis_url: str, exchange_telemetry: Watched) -> Iterator[FlaskClient]:
    with running(postgresql_url, redis_url, exchange_telemetry) as client:
        yield client


def quote(client: FlaskClient) -> dict[str, object]:
    answer = dict(client.get(f"/quotes/{SYMBOL}").json or {})
    return {name: answer[name] for name in ("last_price_cents", "best_bid_cents", "best_ask_cents")}


AFTER_TRADING = {"last_price_cents": 1001, "best_bid_cents": 999, "best_ask_cents": 1001}


def test_what_was_traded_before_its_first_start_is_known(floor: TradingFloor, service: FlaskClient) -> None:
    assert quote(service) == AFTER_TRADING
    assert [trade["quantity"] for trade in service.get(f"/trades/{SYMBOL}").json["trades"]] == [3, 5]


def test_an_event_changes_price_depth_trades_and_candle(service: FlaskClient, floor: TradingFloor) -> None:
    floor.sell(BOB, 4, 999)
    until(lambda: quote(service)["last_price_cents"] == 999)
    depth = service.get(f"/depth/{SYMBOL}").json
    assert (depth["bids"], depth["asks"]) == ([[999, 6]], [[1001, 7]])
    trades = service.get(f"/trades/{SYMBOL}?limit=1").json["trades"]
    assert [(trade["price_cents"], trade["quantity"], trade["taker_side"]) for trade in trades] == [(999, 4, "sell")]
    candles = service.get(f"/candles/{SYMBOL}").json["candles"]
    assert sum(candle["quantity"] for candle in candles) == 12


def test_the_last_price_is_in_redis_for_whoever_needs_only_that(
    service: FlaskClient, floor: TradingFloor, redis: Redis
) -> None:
    until(lambda: redis.get(f"last_price:{SYMBOL}", name="GET last_price") == "1001")


def test_a_restart_knows_what_redis_kept_and_what_happened_meanwhile(
    floor: TradingFloor, postgresql_url: str, redis_url: str, redis: Redis, exchange_telemetry: Watched
) -> None:
    with running(postgresql_url, redis_url, exchange_telemetry):
        until(lambda: redis.get(f"last_price:{SYMBOL}", name="GET last_price") == "1001")
    floor.sell(BOB, 4, 999)
    with running(postgresql_url, redis_url, exchange_telemetry) as client:
        assert quote(client) == {**AFTER_TRADING, "last_price_cents": 999}
        assert [trade["quantity"] for trade in client.get(f"/trades/{SYMBOL}").json["trades"]] == [4, 3, 5]


def test_without_redis_everything_comes_from_the_database(
    floor: TradingFloor, postgresql_url: str, exchange_telemetry: Watched
) -> None:
    with running(postgresql_url, NO_REDIS, exchange_telemetry) as client:
        assert quote(client) == AFTER_TRADING
        floor.sell(BOB, 4, 999)
        until(lambda: quote(client)["last_price_cents"] == 999)


def have_traded(database: Database, trades: int) -> None:
    """One share each, one after the other over a quarter of an hour."""
    with database.transaction() as transaction:
        transaction.execute(
            """INSERT INTO executions
                   (symbol, price_cents, quantity, buy_order_id, sell_order_id, buyer_id, seller_id, taker_side,
                   created_at)
               SELECT %(symbol)s, 1000 + number %% 7, 1 + number %% 3, 1, 2, 1, 2, 'buy',
                   now() - make_interval(secs => 900 - 900.0 * number / %(trades)s)
               FROM generate_series(1, %(trades)s) AS number ORDER BY number""",
            {"symbol": SYMBOL, "trades": trades},
        )


def candles_of_executions(database: Database) -> list[dict[str, int]]:
    """Each trade told of by itself, in its sequence."""
    with database.transaction() as transaction:
        rows = transaction.fetch_all(
            "SELECT id, price_cents, quantity, taker_side, created_at FROM executions ORDER BY id"
        )
    board = Board(SYMBOL)
    for row in rows:
        row |= {"execution_id": row.pop("id"), "created_at": row["created_at"].isoformat()}
        board.tell_trades([Trade(**row)])
    return [asdict(candle) for candle in board.candles(CANDLES)]


def candles(client: FlaskClient) -> list[dict[str, int]]:
    return list(client.get(f"/candles/{SYMBOL}?limit={CANDLES}").json["candles"])


def test_candles_are_complete_when_nobody_remembers_them(
    database: Database, floor: TradingFloor, postgresql_url: str, exchange_telemetry: Watched
) -> None:
    have_traded(database, 5 * TRADES)
    with running(postgresql_url, NO_REDIS, exchange_telemetry) as client:
        assert candles(client) == candles_of_executions(database)
        assert len(client.get(f"/trades/{SYMBOL}?limit={TRADES}").json["trades"]) == TRADES


def test_candles_are_complete_when_more_was_missed_than_trades_are_kept(
    database: Database, floor: TradingFloor, postgresql_url: str, redis_url: str, exchange_telemetry: Watched
) -> None:
    with running(postgresql_url, redis_url, exchange_telemetry) as remembering:
        floor.sell(BOB, 4, 999)
        until(lambda: quote(remembering)["last_price_cents"] == 999)
    have_traded(database, 5 * TRADES)
    with running(postgresql_url, redis_url, exchange_telemetry) as client:
        assert candles(client) == candles_of_executions(database)


def test_a_minute_that_cannot_be_read_to_its_beginning_has_no_candle(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    have_traded(database, 5 * TRADES)
    monkeypatch.setattr(history, "_TRADES_OF_CANDLES", 300)
    with database.transaction() as transaction:
        newest = history.trades_after(transaction, SYMBOL, 0, 1)[0].execution_id
        found = history.candles(transaction, SYMBOL, newest, CANDLES)
    whole = candles_of_executions(database)
    assert [asdict(candle) for candle in reversed(found)] == whole[-len(found) :]
    assert 1 < len(found) < len(whole)


def test_before_the_first_trade_there_is_no_price(service: FlaskClient) -> None:
    assert quote(service) == {"last_price_cents": None, "best_bid_cents": None, "best_ask_cents": None}
    assert service.get(f"/candles/{SYMBOL}").json == {"symbol": SYMBOL, "candles": []}


def test_every_instrument_is_listed_with_its_last_price(floor: TradingFloor, service: FlaskClient) -> None:
    listed = service.get("/instruments").json["instruments"]
    assert [one["symbol"] for one in listed] == list(SYMBOLS)
    assert listed[0] == {**INSTRUMENTS[SYMBOL].as_json(), "last_price_cents": 1001}
    assert listed[1]["last_price_cents"] is None


def test_an_unknown_symbol_is_answered_with_the_list(service: FlaskClient) -> None:
    for route in ("quotes", "depth", "trades", "candles"):
        answer = service.get(f"/{route}/NOPE")
        assert answer.status_code == 404
        assert answer.json["error"]["type"] == "unknown_symbol"
        assert answer.json["error"]["hint"] == f"one of: {', '.join(SYMBOLS)}"


def test_a_limit_that_cannot_be_is_refused(service: FlaskClient) -> None:
    for limit in ("0", "-1", "many", "1000", "9" * 30):
        answer = service.get(f"/trades/{SYMBOL}?limit={limit}")
        assert answer.status_code == 400
        assert answer.json["error"]["hint"] == "a whole number from 1 to 200"


def test_a_symbol_can_be_left_out_and_is_up_to_date_afterwards(
    floor: TradingFloor, postgresql_url: str, redis_url: str, exchange_telemetry: Watched
) -> None:
    flags = FixedFlags()
    with running(postgresql_url, redis_url, exchange_telemetry, flags) as client:
        flags.set("feed-filter", {"symbol": SYMBOL})
        floor.sell(BOB, 4, 999)
        until(lambda: exchange_telemetry.named("update_market_data")[4:])
        assert quote(client) == AFTER_TRADING
        flags.set("feed-filter")
        assert quote(client) == {**AFTER_TRADING, "last_price_cents": 999}
