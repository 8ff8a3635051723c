"""Wires the database service's parts together and makes the Flask app."""

from __future__ import annotations

import os
from collections.abc import Mapping

from flask import Flask

from database_service.database import Database
from database_service.engine import Engine
from database_service.latency import LatencyModel
from database_service.metrics import DatabaseMetrics
from database_service.pool import ConnectionPool
from database_service.routes import SPAN_NAMES, add_routes
from database_service.settings import SETTINGS
from database_service.switches import follow_flags
from feature_flags import FeatureFlags, read_flags
from observability import Telemetry, read_settings, setup
from observability.flask import create_flask_app


def create_app(
    environ: Mapping[str, str] | None = None,
    *,
    telemetry: Telemetry | None = None,
    flags: FeatureFlags | None = None,
) -> Flask:
    """The service as a WSGI app. Raises ValueError that names the variable when a setting cannot be used.

    `app.extensions["database"]` is the `Database`, for whoever has to look inside.
    """
    environ = os.environ if environ is None else environ
    settings = read_settings(SETTINGS, environ)
    telemetry = telemetry or setup("database", namespace="chain", version="1.0.0", environ=environ)
    flags = flags or read_flags(environ)
    metrics = DatabaseMetrics(telemetry.registry)
    engine = Engine(settings["DATABASE_SEED"])
    for table, size_bytes in engine.table_sizes_bytes().items():
        metrics.table_size_bytes.labels(table).set(size_bytes)
    metrics.connection_pool_size.set(settings["DATABASE_POOL_SIZE"])
    pool = ConnectionPool(
        engine.connect,
        size=settings["DATABASE_POOL_SIZE"],
        timeout_seconds=settings["DATABASE_POOL_TIMEOUT_SECONDS"],
        active=metrics.connection_pool_active,
    )
    latency = LatencyModel(settings["DATABASE_SEED"], settings["DATABASE_LATENCY_SCALE"])
    database = Database(
        pool,
        latency,
        metrics,
        telemetry,
        slow_query_seconds=settings["DATABASE_SLOW_QUERY_SECONDS"],
    )
    app = create_flask_app(
        "database_service",
        telemetry,
        span_names=SPAN_NAMES,
        # This service counts queries, not requests.
        readiness={"engine": database.check},
    )
    add_routes(app, database, telemetry)
    follow_flags(flags, app, telemetry, engine=engine, database=database, latency=latency)
    app.extensions["database"] = database
    return app
