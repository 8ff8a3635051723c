"""Wires the matching engine's parts together and makes the Flask app."""

from __future__ import annotations

import os
from collections.abc import Mapping

from flask import Flask

from feature_flags import FeatureFlags, read_flags
from observability import Telemetry, read_settings
from observability.postgresql import Database
from observability.redis import Redis
from systems.exchange.application import create_exchange_app, start_telemetry, stop_at_end
from systems.exchange.events import Consumer, Publisher
from systems.exchange.instruments import SYMBOLS
from systems.exchange.matching_engine.engine import HALTED, MatchingEngine
from systems.exchange.matching_engine.leadership import Leadership
from systems.exchange.matching_engine.metrics import EngineMetrics
from systems.exchange.matching_engine.routes import SPAN_NAMES, add_routes
from systems.exchange.matching_engine.settings import SETTINGS
from systems.exchange.matching_engine.switches import follow_flags
from systems.exchange.storage.migrate import migrate


def create_app(
    environ: Mapping[str, str] | None = None,
    *,
    telemetry: Telemetry | None = None,
    flags: FeatureFlags | None = None,
) -> Flask:
    """The service as a WSGI app. Raises ValueError that names the variable when a setting cannot be used.

    `app.extensions["leadership"]` is the `Leadership`, for whoever has to stop it.
    """
    environ = os.environ if environ is None else environ
    settings = read_settings(SETTINGS, environ)
    telemetry = telemetry or start_telemetry("matching-engine", environ)
    flags = flags or read_flags(environ)
    migrate(settings["EXCHANGE_DATABASE_URL"])
    database = Database(settings["EXCHANGE_DATABASE_URL"], telemetry)
    redis = Redis(settings["EXCHANGE_REDIS_URL"], telemetry)
    metrics = EngineMetrics(telemetry.registry, halted=HALTED)
    leadership = Leadership(database, telemetry)
    engine = MatchingEngine(
        SYMBOLS, Publisher(database, redis, telemetry), metrics, telemetry, leads=leadership.is_held
    )
    consumer = Consumer(
        database,
        redis,
        telemetry,
        group="matching-engine",
        streams=["orders"],
        handlers={
            "order_created": ("process_order", engine.process_order),
            "order_cancelled": ("remove_order", engine.remove_order),
        },
    )

    def begin() -> None:
        with telemetry.span("load_books"):
            for symbol in SYMBOLS:
                with database.transaction() as transaction:
                    engine.load(transaction, symbol)
        metrics.leading.set(1)
        consumer.start()

    def end() -> None:
        metrics.leading.set(0)
        consumer.stop()

    app = create_exchange_app(
        "systems.exchange.matching_engine",
        telemetry,
        span_names=SPAN_NAMES,
        # An engine that waits for its turn is ready, too: it will take over.
        readiness={"postgresql": database.check},
    )
    add_routes(app, engine, leadership, database)
    follow_flags(flags, app, telemetry, engine=engine, consumer=consumer)
    leadership.start(begin, end)
    stop_at_end(leadership.stop)
    app.extensions["leadership"] = leadership
    return app
