"""What dashboards, rules and ready questions ask about the exchange has an answer while there is trade; and nothing is
emitted that is in no list."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from grafana.query_catalogue import Query, dashboard_queries, data_link_queries, rule_queries
from lab.explore import every_question
from lab.manifest import discover
from lab.paths import REPOSITORY
from tests.browser import watched_page
from tests.e2e.exchange.conftest import Exchange
from tests.e2e.queries.asking import Backends
from tests.e2e.queries.every_query import alert_conditions, check, of_link
from tests.e2e.queries.observed import observe, unlisted
from tests.e2e.workbench.dashboards.walking import faults_of
from tests.unit.queries.problems import systems_that_answer

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(500)]

SYSTEM = "exchange"

#: What a click on a panel could have found.
CLICKED = {
    "__field.labels.service": "client-gateway",
    "__field.labels.group": "matching-engine",
    "__field.labels.name": "order_created",
    "__value.raw": "GatewayLatencyHigh",
}

OWN = tuple(f"dashboard {uid}," for uid in discover()[SYSTEM].dashboards)
#: On its own dashboards, and what no other system could answer on those of the lab.
ABOUT_IT = [
    query
    for query in (*dashboard_queries(), *data_link_queries(CLICKED))
    if query.where.startswith(OWN) or systems_that_answer(query) == {SYSTEM}
]

#: Series that come last: rules over rates, metrics made from spans.
LAST_TO_COME = (
    "service:http_request_duration_seconds:p95_1m{service='client-gateway'} > 0",
    "group:event_lag_seconds:p95_1m{group='wallet-service'}",
    "slo:error_budget_remaining:ratio{service='client-gateway'}",
    "client_server:request_duration_seconds:p95_1m{server='wallet-service'}",
    "rate(exchange_settlements_total[20s]) > 0",
    "rate(exchange_orders_rejected_total{reason='insufficient_shares'}[20s]) > 0",
)

#: Panels ask at round times, so that lines do not wobble: what has come since the last of them is not drawn yet.
ROUND_SECONDS = 60

SYMBOL, PRICE_CENTS = "ACRN", 4_250


@pytest.fixture(scope="module")
def trade(exchange: Exchange) -> Iterator[Backends]:
    """Two traders who go on until all is asked: orders that trade, rest, are cancelled, and are refused."""
    buyer, seller = exchange.user(cents=10**9), exchange.user(shares={SYMBOL: 10_000})
    first = seller.place("sell", SYMBOL, 5, PRICE_CENTS)
    assert first.status == 201, first
    stopping = threading.Event()

    def go_on() -> None:
        while not stopping.wait(0.2):
            seller.place("sell", SYMBOL, 2, PRICE_CENTS)
            buyer.place("buy", SYMBOL, 1, PRICE_CENTS)
            buyer.place("buy", SYMBOL, 1, None)
            resting = buyer.place("buy", SYMBOL, 1, PRICE_CENTS - 100)
            if resting.status == 201:
                buyer.cancel(resting.json["order"]["id"])
            buyer.place("sell", "QUIL", 1, 6_000)
            buyer.ask("GET", "/v1/overview")

    traders = threading.Thread(target=go_on, daemon=True)
    traders.start()
    telemetry = exchange.lab.telemetry
    assert telemetry is not None
    try:
        for query in LAST_TO_COME:
            exchange.wait_for(lambda query=query: telemetry.query(query, _last_round_time()), query, 150)
        yield Backends.of(exchange.lab.state(), first.trace_id)
    finally:
        stopping.set()
        traders.join()


def _last_round_time() -> float:
    return time.time() // ROUND_SECONDS * ROUND_SECONDS


@pytest.mark.parametrize("query", ABOUT_IT, ids=lambda query: query.where)
def test_what_a_dashboard_asks_has_an_answer(query: Query, trade: Backends) -> None:
    check(query, trade)


@pytest.mark.parametrize("uid", discover()[SYSTEM].dashboards)
def test_every_panel_has_something_to_show(uid: str, browser: Browser, exchange: Exchange, trade: Backends) -> None:
    document = json.loads((REPOSITORY / f"grafana/dashboards/{uid}.json").read_text(encoding="utf-8"))
    with watched_page(browser, base_url=exchange.lab.url("workbench")) as (page, _):
        assert faults_of(page, document) == []


def test_what_rules_alerts_and_ready_questions_ask_has_an_answer(trade: Backends) -> None:
    every = [*rule_queries(), *alert_conditions(), *(of_link(link) for link in every_question())]
    own = [query for query in every if systems_that_answer(query) == {SYSTEM}]
    assert len(own) > 20
    for query in own:
        check(query, trade)


def test_nothing_is_emitted_that_is_not_in_the_list(trade: Backends) -> None:
    services = {service.name for service in discover()[SYSTEM].services}
    # For a new name: python -m tests.e2e.queries.observed
    assert unlisted(observe(trade.urls, services), SYSTEM) == {}
