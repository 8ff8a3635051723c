"""Wires the wallet service's parts together and makes the Flask app."""

from __future__ import annotations

import os
from collections.abc import Mapping

from flask import Flask

from feature_flags import FeatureFlags, read_flags
from observability import Telemetry, read_settings
from observability.postgresql import Database
from observability.redis import Redis
from systems.exchange.application import create_exchange_app, start_telemetry, stop_at_end
from systems.exchange.events import Consumer, Handler
from systems.exchange.rounds import Rounds
from systems.exchange.storage.migrate import migrate
from systems.exchange.wallet_service.holds import Holds
from systems.exchange.wallet_service.metrics import WalletMetrics
from systems.exchange.wallet_service.routes import SPAN_NAMES, add_routes
from systems.exchange.wallet_service.settings import SETTINGS
from systems.exchange.wallet_service.settlement import Settlement
from systems.exchange.wallet_service.snapshots import Snapshots
from systems.exchange.wallet_service.sweeper import Sweeper
from systems.exchange.wallet_service.switches import follow_flags

#: Connections of the consumer and of the sweeper, beside those of the requests.
_BACKGROUND_CONNECTIONS = 2


def create_app(
    environ: Mapping[str, str] | None = None,
    *,
    telemetry: Telemetry | None = None,
    flags: FeatureFlags | None = None,
    database: Database | None = None,
    consumes: bool = True,
) -> Flask:
    """The service as a WSGI app. Raises ValueError that names the variable when a setting cannot be used.

    `consumes`: False when somebody else gives the events to `app.extensions["handlers"]`. `app.extensions["consumer"]`
    is the `Consumer`, for whoever has to stop it.
    """
    environ = os.environ if environ is None else environ
    settings = read_settings(SETTINGS, environ)
    telemetry = telemetry or start_telemetry("wallet-service", environ)
    flags = flags or read_flags(environ)
    migrate(settings["EXCHANGE_DATABASE_URL"])
    database = database or Database(
        settings["EXCHANGE_DATABASE_URL"],
        telemetry,
        connections=settings["SERVICE_THREADS"] + _BACKGROUND_CONNECTIONS,
    )
    metrics = WalletMetrics(telemetry.registry)
    holds = Holds(database, metrics, telemetry)
    settlement, snapshots = Settlement(metrics, telemetry), Snapshots(database)
    handlers: dict[str, tuple[str, Handler]] = {
        "trade_executed": ("settle_trade", settlement.settle),
        "order_closed": ("release_funds", holds.release_closed),
    }
    consumer = Consumer(
        database,
        Redis(settings["EXCHANGE_REDIS_URL"], telemetry),
        telemetry,
        group="wallet-service",
        streams=["trades"],
        handlers=handlers,
    )
    app = create_exchange_app(
        "systems.exchange.wallet_service",
        telemetry,
        span_names=SPAN_NAMES,
        readiness={"postgresql": database.check, **({"events": consumer.check} if consumes else {})},
    )
    add_routes(app, database, snapshots, holds, metrics, telemetry)
    follow_flags(flags, app, telemetry, consumer=consumer, settlement=settlement, snapshots=snapshots)
    app.extensions["handlers"], app.extensions["consumer"] = handlers, consumer
    if consumes:
        consumer.start()
        stop_at_end(consumer.stop)
    if settings["SWEEP_PAUSE_SECONDS"]:
        sweeper = Sweeper(database, holds, metrics, telemetry, patience_seconds=settings["SWEEP_PATIENCE_SECONDS"])
        rounds = Rounds("abandoned holds", sweeper.go_round, telemetry, pause_seconds=settings["SWEEP_PAUSE_SECONDS"])
        rounds.start()
        stop_at_end(rounds.stop)
    return app
