"""Wires the market data service's parts together and makes the Flask app."""

from __future__ import annotations

import os
from collections.abc import Mapping

from flask import Flask

from feature_flags import FeatureFlags, read_flags
from observability import Telemetry, read_settings
from observability.postgresql import Database
from observability.redis import Redis
from systems.exchange.application import create_exchange_app, start_telemetry, stop_at_end
from systems.exchange.events import Follower
from systems.exchange.instruments import SYMBOLS
from systems.exchange.market_data_service.feed import Feed
from systems.exchange.market_data_service.memory import BoardMemory
from systems.exchange.market_data_service.metrics import MarketDataMetrics
from systems.exchange.market_data_service.routes import SPAN_NAMES, add_routes
from systems.exchange.market_data_service.settings import SETTINGS
from systems.exchange.market_data_service.switches import follow_flags
from systems.exchange.storage.migrate import migrate


def create_app(
    environ: Mapping[str, str] | None = None,
    *,
    telemetry: Telemetry | None = None,
    flags: FeatureFlags | None = None,
) -> Flask:
    """The service as a WSGI app. Raises ValueError that names the variable when a setting cannot be used.

    `app.extensions["follower"]` is the `Follower`, for whoever has to stop it.
    """
    environ = os.environ if environ is None else environ
    settings = read_settings(SETTINGS, environ)
    telemetry = telemetry or start_telemetry("market-data-service", environ)
    flags = flags or read_flags(environ)
    migrate(settings["EXCHANGE_DATABASE_URL"])
    database = Database(settings["EXCHANGE_DATABASE_URL"], telemetry)
    redis = Redis(settings["EXCHANGE_REDIS_URL"], telemetry)
    feed = Feed(SYMBOLS, database, BoardMemory(redis, telemetry), MarketDataMetrics(telemetry.registry), telemetry)
    follower = Follower(
        database,
        redis,
        telemetry,
        group="market-data-service",
        streams=["market_data"],
        handlers={"market_data": ("update_market_data", feed.update_market_data)},
    )
    feed.begin()
    app = create_exchange_app(
        "systems.exchange.market_data_service",
        telemetry,
        span_names=SPAN_NAMES,
        readiness={"events": follower.check},
    )
    add_routes(app, feed)
    follow_flags(flags, app, telemetry, feed=feed)
    follower.start()
    stop_at_end(follower.stop)
    app.extensions["follower"] = follower
    return app
