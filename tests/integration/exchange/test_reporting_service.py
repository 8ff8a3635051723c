from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from observability.postgresql import Database
from systems.exchange.reporting_service.app import create_app
from tests.integration.exchange.backing import Watched

ADA, BOB, CAROL = 13, 14, 15


@pytest.fixture
def client(postgresql_url: str, database: Database, exchange_telemetry: Watched) -> FlaskClient:
    environ = {"EXCHANGE_DATABASE_URL": postgresql_url}
    telemetry = exchange_telemetry.of("reporting-service")
    return create_app(environ, telemetry=telemetry, database=database).test_client()


def trade(database: Database, symbol: str, quantity: int, price_cents: int, buyer_id: int, seller_id: int) -> int:
    with database.transaction() as transaction:
        row = transaction.fetch_one(
            """
            INSERT INTO executions
                (symbol, price_cents, quantity, buy_order_id, sell_order_id, buyer_id, seller_id, taker_side)
            VALUES (%(symbol)s, %(price_cents)s, %(quantity)s, 101, 102, %(buyer_id)s, %(seller_id)s, 'buy')
            RETURNING id
            """,
            {
                "symbol": symbol,
                "price_cents": price_cents,
                "quantity": quantity,
                "buyer_id": buyer_id,
                "seller_id": seller_id,
            },
        )
    assert row is not None
    return int(row["id"])


def bring_shares(database: Database, user_id: int, symbol: str, quantity: int) -> None:
    with database.transaction() as transaction:
        transaction.execute(
            """
            INSERT INTO transactions (user_id, asset, kind, available_delta, blocked_delta)
            VALUES (%(user_id)s, %(asset)s, 'deposit', %(quantity)s, 0)
            """,
            {"user_id": user_id, "asset": symbol, "quantity": quantity},
        )


def positions(client: FlaskClient, user_id: int) -> dict[str, dict[str, Any]]:
    answer = client.get(f"/positions/{user_id}")
    assert answer.status_code == 200
    assert answer.json is not None
    return {position["symbol"]: position for position in answer.json["positions"]}


def test_whoever_has_traded_nothing_holds_nothing(client: FlaskClient) -> None:
    assert client.get("/positions/13").json == {
        "user_id": 13,
        "positions": [],
        "total": {"market_value_cents": 0, "realised_pnl_cents": 0, "unrealised_pnl_cents": 0},
    }


def test_positions_are_what_all_trades_and_deposits_have_come_to(client: FlaskClient, database: Database) -> None:
    bring_shares(database, BOB, "KELP", 20)
    bring_shares(database, BOB, "KELP", 5)
    bring_shares(database, BOB, "USD", 100_000)
    trade(database, "KELP", 10, 900, buyer_id=ADA, seller_id=BOB)
    trade(database, "KELP", 4, 1_000, buyer_id=BOB, seller_id=ADA)
    trade(database, "LNTN", 1, 12_500, buyer_id=CAROL, seller_id=BOB)
    assert client.get(f"/positions/{ADA}").json == {
        "user_id": ADA,
        "positions": [
            {
                "symbol": "KELP",
                "quantity": 6,
                "average_price_cents": 900,
                "last_price_cents": 1_000,
                "market_value_cents": 6_000,
                "realised_pnl_cents": 400,
                "unrealised_pnl_cents": 600,
            }
        ],
        "total": {"market_value_cents": 6_000, "realised_pnl_cents": 400, "unrealised_pnl_cents": 600},
    }
    bobs = positions(client, BOB)
    assert bobs["KELP"]["quantity"] == 19
    assert list(bobs) == ["KELP", "LNTN"]
    assert positions(client, CAROL)["LNTN"]["market_value_cents"] == 12_500


def test_a_position_is_one_query_in_the_trace(
    client: FlaskClient, database: Database, exchange_telemetry: Watched
) -> None:
    for symbol in ("ACRN", "KELP", "TUBA"):
        trade(database, symbol, 1, 1_000, buyer_id=ADA, seller_id=BOB)
    exchange_telemetry.spans.clear()
    positions(client, ADA)
    assert exchange_telemetry.names == ["get_positions", "SELECT (complex aggregation query)", "calculate_pnl"]
    reported, asked, calculated = sorted(exchange_telemetry.spans, key=lambda span: span.start_time or 0)
    assert asked.instrumentation_scope is not None
    assert asked.instrumentation_scope.name == "postgresql"
    for inner in (asked, calculated):
        assert inner.parent is not None
        assert inner.parent.span_id == reported.context.span_id


def test_trades_are_told_from_the_users_own_side_the_newest_first(client: FlaskClient, database: Database) -> None:
    first = trade(database, "KELP", 10, 900, buyer_id=ADA, seller_id=BOB)
    second = trade(database, "KELP", 4, 1_000, buyer_id=BOB, seller_id=ADA)
    trade(database, "KELP", 4, 1_000, buyer_id=BOB, seller_id=CAROL)
    answer = client.get(f"/executions/{ADA}").json
    assert answer is not None
    assert answer["next_before"] is None
    told = [{key: value for key, value in one.items() if not key.endswith("_at")} for one in answer["executions"]]
    assert told == [
        {
            "id": second,
            "symbol": "KELP",
            "side": "sell",
            "order_id": 102,
            "price_cents": 1_000,
            "quantity": 4,
            "took": False,
        },
        {
            "id": first,
            "symbol": "KELP",
            "side": "buy",
            "order_id": 101,
            "price_cents": 900,
            "quantity": 10,
            "took": True,
        },
    ]


def test_many_trades_come_a_page_at_a_time(client: FlaskClient, database: Database) -> None:
    ids = [trade(database, "KELP", 1, 900, buyer_id=ADA, seller_id=BOB) for _ in range(5)]
    found: list[int] = []
    address = f"/executions/{ADA}?limit=2"
    while True:
        page = client.get(address).json
        assert page is not None
        found += [one["id"] for one in page["executions"]]
        if page["next_before"] is None:
            break
        address = f"/executions/{ADA}?limit=2&before={page['next_before']}"
    assert found == ids[::-1]


@pytest.mark.parametrize(
    ("path", "type"),
    [
        ("/positions/0", "invalid_user_id"),
        ("/positions/ada", "invalid_user_id"),
        ("/executions/-1", "invalid_user_id"),
        ("/executions/13?limit=0", "invalid_limit"),
        ("/executions/13?limit=501", "invalid_limit"),
        ("/executions/13?before=yesterday", "invalid_before"),
    ],
)
def test_what_makes_no_sense_is_refused(client: FlaskClient, path: str, type: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json["error"]["type"]) == (400, type)
