"""Wires the order manager's parts together and makes the Flask app."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from flask import Flask

from feature_flags import FeatureFlags, read_flags
from observability import Telemetry, read_settings
from observability.http_client import CallPolicy, ServiceClient
from observability.postgresql import Database
from observability.redis import Redis
from systems.exchange.application import create_exchange_app, start_telemetry, stop_at_end
from systems.exchange.events import Publisher, Retention
from systems.exchange.order_manager.cancellation import Cancellation
from systems.exchange.order_manager.fill_prices import FillPrices
from systems.exchange.order_manager.metrics import OrderMetrics
from systems.exchange.order_manager.neighbours import MarketData, RiskManager, Wallets
from systems.exchange.order_manager.placement import Placement
from systems.exchange.order_manager.retention import ClientOrderIds
from systems.exchange.order_manager.routes import SPAN_NAMES, add_routes
from systems.exchange.order_manager.settings import SETTINGS
from systems.exchange.order_manager.sweeper import Sweeper
from systems.exchange.order_manager.switches import follow_flags
from systems.exchange.rounds import Rounds
from systems.exchange.storage.migrate import migrate

#: Whoever places an order waits for all of these, one after the other: none may take long.
_RISK_POLICY = CallPolicy(read_timeout_seconds=0.75)
_WALLET_POLICY = CallPolicy(read_timeout_seconds=2.0)
_MARKET_DATA_POLICY = CallPolicy(read_timeout_seconds=0.5)
_PRUNE_PAUSE_SECONDS = 20.0


def create_app(
    environ: Mapping[str, str] | None = None,
    *,
    telemetry: Telemetry | None = None,
    flags: FeatureFlags | None = None,
    database: Database | None = None,
    risk_manager: ServiceClient | None = None,
    wallet_service: ServiceClient | None = None,
    market_data_service: ServiceClient | None = None,
) -> Flask:
    """The service as a WSGI app. Raises ValueError that names the variable when a setting cannot be used.

    `app.extensions["sweeper"]` is the `Sweeper`; it goes its rounds unless their pause is 0.
    """
    environ = os.environ if environ is None else environ
    settings = read_settings(SETTINGS, environ)
    telemetry = telemetry or start_telemetry("order-manager", environ)
    flags = flags or read_flags(environ)
    migrate(settings["EXCHANGE_DATABASE_URL"])
    database = database or Database(
        settings["EXCHANGE_DATABASE_URL"], telemetry, connections=settings["SERVICE_THREADS"]
    )
    publisher = Publisher(database, Redis(settings["EXCHANGE_REDIS_URL"], telemetry), telemetry)
    risk_manager = risk_manager or ServiceClient("risk-manager", settings["RISK_MANAGER_URL"], telemetry, _RISK_POLICY)
    wallet_service = wallet_service or ServiceClient(
        "wallet-service", settings["WALLET_SERVICE_URL"], telemetry, _WALLET_POLICY
    )
    market_data_service = market_data_service or ServiceClient(
        "market-data-service", settings["MARKET_DATA_SERVICE_URL"], telemetry, _MARKET_DATA_POLICY
    )
    metrics, wallets = OrderMetrics(telemetry.registry), Wallets(wallet_service)
    placement = Placement(
        database,
        publisher,
        RiskManager(risk_manager),
        wallets,
        MarketData(market_data_service),
        metrics,
        telemetry,
    )
    cancellation = Cancellation(database, publisher, wallets, metrics, telemetry)
    app = create_exchange_app(
        "systems.exchange.order_manager",
        telemetry,
        span_names=SPAN_NAMES,
        # Without the others no order is placed, and it can still be seen what orders there are.
        readiness={"postgresql": database.check},
    )
    fill_prices = FillPrices()
    add_routes(app, database, placement, cancellation, fill_prices, telemetry)
    follow_flags(
        flags,
        app,
        telemetry,
        [risk_manager, wallet_service, market_data_service],
        risk_manager=risk_manager,
        cancellation=cancellation,
        fill_prices=fill_prices,
    )
    sweeper = app.extensions["sweeper"] = Sweeper(
        database, cancellation, telemetry, patience_seconds=settings["SWEEP_PATIENCE_SECONDS"]
    )
    if settings["SWEEP_PAUSE_SECONDS"]:
        _go_rounds("unfinished cancellations", sweeper.sweep, telemetry, settings["SWEEP_PAUSE_SECONDS"])
        # Nobody's in particular: it is done where most events come from.
        _go_rounds("events to forget", Retention(database).prune, telemetry, _PRUNE_PAUSE_SECONDS)
        _go_rounds("client order ids to forget", ClientOrderIds(database).prune, telemetry, _PRUNE_PAUSE_SECONDS)
    return app


def _go_rounds(what: str, look: Callable[[], object], telemetry: Telemetry, pause_seconds: float) -> None:
    rounds = Rounds(what, look, telemetry, pause_seconds=pause_seconds)
    rounds.start()
    stop_at_end(rounds.stop)
