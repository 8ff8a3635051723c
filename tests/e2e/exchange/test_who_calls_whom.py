"""Who calls whom, as the metrics made of spans say: what Tempo, the map and Jaeger's dependencies are drawn from."""

from __future__ import annotations

import json

import pytest

from tests.e2e.exchange.conftest import Exchange

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

CALL, MESSAGES = "call", "messaging_system"

#: A line for each service: whom it calls, and after `~` who hears of its events.
CALLS = """
    client-gateway       user-service order-manager wallet-service reporting-service market-data-service redis
    user-service         postgresql
    order-manager        risk-manager wallet-service market-data-service postgresql ~ matching-engine
    risk-manager         redis
    wallet-service       postgresql
    reporting-service    postgresql
    matching-engine      postgresql
    market-data-service  redis
"""
EDGES = {
    (line.split()[0], called, kind)
    for line in CALLS.strip().splitlines()
    for part, kind in zip(line.split("~"), (CALL, MESSAGES), strict=False)
    for called in part.split()
    if called != line.split()[0]
}


def test_an_order_and_a_look_around_draw_every_arrow(exchange: Exchange) -> None:
    def edges() -> set[tuple[str, str, str]]:
        found = exchange.lab.telemetry.query(
            "sum by (client, server, connection_type) (traces_service_graph_request_total)"
        )
        return {
            (one.labels["client"], one.labels["server"], MESSAGES if kind == MESSAGES else CALL)
            for one in found
            for kind in [one.labels.get("connection_type", "")]
        }

    trader = exchange.user(cents=1_000_000)
    assert trader.place("buy", "KELP", 3, 850).status == 201
    assert trader.place("buy", "KELP", 3, None).status in (201, 409)
    for page in ("/v1/overview", "/market/quotes/KELP"):
        assert trader.ask("GET", page).status == 200
    try:
        exchange.wait_for(lambda: edges() >= EDGES, "every arrow", 30)
    except pytest.fail.Exception:
        pytest.fail(f"no arrows: {sorted(EDGES - edges())}; there are {sorted(edges())}")
    assert {edge for edge in edges() if "127.0.0.1" in edge} == set()
    # Of several that read one message a service graph sees the first, whoever that is.
    readers = {called for caller, called, kind in edges() if (caller, kind) == ("matching-engine", MESSAGES)}
    assert readers & {"market-data-service", "notification-service", "wallet-service"}


def test_load_is_put_on_the_system_that_runs(exchange: Exchange) -> None:
    result = exchange.lab.run("load", "--users", "3", "--duration", "4s", "--json")
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.loads(result.stdout)
    asked = {f"{entry['method']} {entry['name']}" for entry in report["requests"]}
    assert asked >= {"POST /auth/register", "POST /auth/login", "POST /wallet/add-funds", "POST /wallet/add-shares"}
    assert report["host"] == exchange.gateway
    assert report["total"]["failures"] == 0
