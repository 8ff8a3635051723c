from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from observability.postgresql import Database
from observability.redis import Redis
from systems.exchange.risk_manager.app import create_app
from tests.integration.exchange.backing import Watched

ORDER = {
    "user_id": 13,
    "symbol": "BRZY",
    "side": "buy",
    "type": "limit",
    "quantity": 10,
    "price_cents": 1_280,
    "open_orders": 0,
}
LIMITS = {"max_order_value_cents": 20_000, "max_quantity": 15, "price_band_percent": 10, "max_open_orders": 2}
USUAL = {
    "max_order_value_cents": 100_000_000,
    "max_quantity": 10_000,
    "price_band_percent": 20,
    "max_open_orders": 50,
}
#: A port that nobody listens on.
NO_REDIS = "redis://127.0.0.1:1/0"


@pytest.fixture
def impatient(postgresql_url: str, exchange_telemetry: Watched) -> Iterator[Database]:
    """The database, for whoever does not wait long for it."""
    database = Database(postgresql_url, exchange_telemetry.of("impatient"), timeout_seconds=0.2)
    yield database
    database.close()


@pytest.fixture
def client(postgresql_url: str, database: Database, redis_url: str, exchange_telemetry: Watched) -> FlaskClient:
    return client_of(postgresql_url, database, redis_url, exchange_telemetry)


def client_of(postgresql_url: str, database: Database, redis_url: str, watched: Watched) -> FlaskClient:
    environ = {"EXCHANGE_DATABASE_URL": postgresql_url, "EXCHANGE_REDIS_URL": redis_url}
    return create_app(environ, telemetry=watched.of("risk-manager"), database=database).test_client()


def validate(client: FlaskClient, **changed: Any) -> dict[str, Any]:
    answer = client.post("/validate", json={**ORDER, **changed})
    assert answer.status_code == 200, answer.json
    assert answer.json is not None
    return dict(answer.json)


def test_an_order_within_the_usual_limits_is_approved(client: FlaskClient) -> None:
    assert validate(client) == {"approved": True}


def test_an_order_beyond_a_limit_is_refused_with_the_reason(client: FlaskClient) -> None:
    assert validate(client, quantity=10_001) == {
        "approved": False,
        "reason": "quantity_too_large",
        "message": "an order may be for 10000 shares at most, and this one is for 10001",
        "hint": "place several smaller orders",
    }


def test_limits_of_a_user_are_theirs_alone(client: FlaskClient) -> None:
    assert client.put("/limits/13", json=LIMITS).json == {"user_id": 13, "limits": LIMITS}
    assert validate(client, quantity=16)["reason"] == "quantity_too_large"
    assert validate(client, quantity=16, user_id=14) == {"approved": True}
    assert client.get("/limits/13").json == {"user_id": 13, "limits": LIMITS}
    assert client.get("/limits/14").json == {"user_id": 14, "limits": USUAL}


def test_a_price_is_measured_against_the_last_one_traded(client: FlaskClient, redis: Redis) -> None:
    assert validate(client, price_cents=1_600)["reason"] == "price_outside_band"
    redis.set("last_price:BRZY", 1_500, name="SET last_price")
    assert validate(client, price_cents=1_600) == {"approved": True}


def have_traded(database: Database, symbol: str, *prices_cents: int) -> None:
    with database.transaction() as transaction:
        for price_cents in prices_cents:
            transaction.execute(
                """INSERT INTO executions
                       (symbol, price_cents, quantity, buy_order_id, sell_order_id, buyer_id, seller_id, taker_side)
                   VALUES (%(symbol)s, %(price_cents)s, 1, 1, 2, 1, 2, 'buy')""",
                {"symbol": symbol, "price_cents": price_cents},
            )


@pytest.mark.parametrize("redis_is", ["empty", "away"])
def test_the_last_price_outlives_redis(
    redis_is: str, postgresql_url: str, database: Database, redis_url: str, exchange_telemetry: Watched
) -> None:
    client = client_of(postgresql_url, database, redis_url if redis_is == "empty" else NO_REDIS, exchange_telemetry)
    have_traded(database, "BRZY", 1_400, 2_000)
    have_traded(database, "ACRN", 4_250)
    assert validate(client, price_cents=2_100) == {"approved": True}
    assert validate(client, price_cents=1_280)["reason"] == "price_outside_band"


def test_limits_outlive_a_redis_that_comes_back_empty(client: FlaskClient, redis: Redis) -> None:
    client.put("/limits/13", json=LIMITS)
    redis.run("FLUSHALL", name="FLUSHALL")
    assert client.get("/limits/13").json == {"user_id": 13, "limits": LIMITS}


def test_without_redis_the_database_says_what_the_limits_are(
    postgresql_url: str, database: Database, exchange_telemetry: Watched
) -> None:
    client = client_of(postgresql_url, database, NO_REDIS, exchange_telemetry)
    assert client.put("/limits/13", json=LIMITS).status_code == 200
    assert validate(client, quantity=16)["reason"] == "quantity_too_large"
    assert any("Redis cannot be asked for the limits of user 13" in line.message for line in exchange_telemetry.lines)


def test_without_both_everybody_has_the_usual_limits(
    postgresql_url: str, database: Database, impatient: Database, exchange_telemetry: Watched
) -> None:
    client = client_of(postgresql_url, impatient, NO_REDIS, exchange_telemetry)
    client.put("/limits/13", json=LIMITS)
    with database.transaction() as transaction:
        # Nobody gets at the table until the end of the block: as good as away.
        transaction.execute("LOCK TABLE risk_limits")
        assert validate(client, quantity=16) == {"approved": True}
        refused = client.put("/limits/13", json=LIMITS)
    assert (refused.status_code, refused.json["error"]["type"]) == (503, "postgresql_unavailable")
    assert any("Nobody can be asked for the limits of user 13" in line.message for line in exchange_telemetry.lines)


def test_a_copy_that_makes_no_sense_is_not_believed(client: FlaskClient, redis: Redis) -> None:
    client.put("/limits/13", json=LIMITS)
    redis.set("risk_limits:13", '{"max_quantity": "many"}', name="SET risk_limits")
    assert client.get("/limits/13").json == {"user_id": 13, "limits": LIMITS}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "type"),
    [
        ("POST", "/validate", {**ORDER, "quantity": 0}, 422, "invalid_body"),
        ("POST", "/validate", {**ORDER, "price_cents": None}, 422, "invalid_body"),
        ("POST", "/validate", {**ORDER, "open_orders": -1}, 422, "invalid_body"),
        ("POST", "/validate", {**ORDER, "symbol": "XXXX"}, 422, "invalid_body"),
        ("POST", "/validate", [], 422, "invalid_body"),
        ("PUT", "/limits/13", {**LIMITS, "price_band_percent": 101}, 422, "invalid_body"),
        ("PUT", "/limits/0", LIMITS, 400, "invalid_user_id"),
        ("GET", "/limits/ada", None, 400, "invalid_user_id"),
        ("GET", f"/limits/{2**63}", None, 400, "invalid_user_id"),
    ],
)
def test_what_makes_no_sense_is_refused(
    client: FlaskClient, method: str, path: str, body: Any, status: int, type: str
) -> None:
    answer = client.open(path, method=method, json=body)
    assert (answer.status_code, answer.json["error"]["type"]) == (status, type)


def test_a_check_is_seen_as_the_seeds_draw_it(client: FlaskClient, redis: Redis, exchange_telemetry: Watched) -> None:
    client.get("/limits/13")
    redis.set("last_price:BRZY", 1_280, name="SET last_price")
    exchange_telemetry.spans.clear()
    validate(client)
    validated = exchange_telemetry.named("validate_order")[0]
    asked = exchange_telemetry.named("GET risk_limits")[0]
    assert asked.parent is not None
    assert asked.parent.span_id == validated.context.span_id
    assert asked.instrumentation_scope is not None
    assert asked.instrumentation_scope.name == "redis"
    # A copy of either was there: the database is not asked.
    assert exchange_telemetry.names == ["validate_order", "GET risk_limits", "GET last_price"]
