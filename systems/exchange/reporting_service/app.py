"""Wires the reporting service's parts together and makes the Flask app."""

from __future__ import annotations

import os
from collections.abc import Mapping

from flask import Flask

from feature_flags import FeatureFlags, read_flags
from observability import Telemetry, read_settings, switches
from observability.postgresql import Database
from systems.exchange.application import create_exchange_app, start_telemetry
from systems.exchange.reporting_service.routes import SPAN_NAMES, add_routes
from systems.exchange.reporting_service.settings import SETTINGS
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
    telemetry = telemetry or start_telemetry("reporting-service", environ)
    flags = flags or read_flags(environ)
    migrate(settings["EXCHANGE_DATABASE_URL"])
    database = database or Database(settings["EXCHANGE_DATABASE_URL"], telemetry)
    app = create_exchange_app(
        "systems.exchange.reporting_service",
        telemetry,
        span_names=SPAN_NAMES,
        readiness={"postgresql": database.check},
    )
    add_routes(app, database, telemetry)
    switches.follow_flags(flags, telemetry, app)
    return app
