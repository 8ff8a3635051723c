"""Wires the risk manager's parts together and makes the Flask app."""

from __future__ import annotations

import os
from collections.abc import Mapping

from flask import Flask

from feature_flags import FeatureFlags, read_flags
from observability import Telemetry, read_settings
from observability.postgresql import Database
from observability.redis import Redis
from systems.exchange.application import create_exchange_app, start_telemetry
from systems.exchange.risk_manager.last_prices import LastPrices
from systems.exchange.risk_manager.limits import LimitStore, usual_limits
from systems.exchange.risk_manager.routes import SPAN_NAMES, add_routes
from systems.exchange.risk_manager.scenarios import Scenarios
from systems.exchange.risk_manager.settings import SETTINGS
from systems.exchange.risk_manager.switches import follow_flags
from systems.exchange.storage.migrate import migrate


def create_app(
    environ: Mapping[str, str] | None = None,
    *,
    telemetry: Telemetry | None = None,
    flags: FeatureFlags | None = None,
    database: Database | None = None,
) -> Flask:
    """The service as a WSGI app. Raises ValueError that names the variable when a setting cannot be used."""
    environ = os.environ if environ is None else environ
    settings = read_settings(SETTINGS, environ)
    usual = usual_limits(settings)
    telemetry = telemetry or start_telemetry("risk-manager", environ)
    flags = flags or read_flags(environ)
    migrate(settings["EXCHANGE_DATABASE_URL"])
    # An order waits for this service: it is answered with the usual limits before its caller runs out of time.
    database = database or Database(settings["EXCHANGE_DATABASE_URL"], telemetry, timeout_seconds=0.4)
    redis = Redis(settings["EXCHANGE_REDIS_URL"], telemetry, timeout_seconds=0.15)
    app = create_exchange_app(
        "systems.exchange.risk_manager",
        telemetry,
        span_names=SPAN_NAMES,
        # It can do without either: see limits.py.
        readiness={},
    )
    scenarios = Scenarios(telemetry)
    add_routes(app, LimitStore(database, redis, usual, telemetry), LastPrices(redis, database), scenarios, telemetry)
    follow_flags(flags, app, telemetry, scenarios=scenarios)
    return app
