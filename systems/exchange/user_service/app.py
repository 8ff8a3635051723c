"""Wires the user service's parts together and makes the Flask app."""

from __future__ import annotations

import os
from collections.abc import Mapping

from flask import Flask

from feature_flags import FeatureFlags, read_flags
from observability import Telemetry, read_settings, switches
from observability.postgresql import Database
from systems.exchange.application import create_exchange_app, start_telemetry
from systems.exchange.shared_settings import KEYS_VARIABLE
from systems.exchange.storage.migrate import migrate
from systems.exchange.tokens import Tokens
from systems.exchange.user_service.metrics import UserMetrics
from systems.exchange.user_service.passwords import Passwords
from systems.exchange.user_service.routes import SPAN_NAMES, add_routes
from systems.exchange.user_service.settings import SETTINGS


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
    telemetry = telemetry or start_telemetry("user-service", environ)
    flags = flags or read_flags(environ)
    tokens = Tokens(settings[KEYS_VARIABLE], telemetry, lifetime_seconds=settings["TOKEN_LIFETIME_SECONDS"])
    migrate(settings["EXCHANGE_DATABASE_URL"])
    database = database or Database(
        settings["EXCHANGE_DATABASE_URL"], telemetry, connections=settings["SERVICE_THREADS"]
    )
    metrics = UserMetrics(telemetry.registry)
    passwords = Passwords(
        metrics,
        telemetry,
        at_once=settings["PASSWORD_HASHES_AT_ONCE"],
        waiting=settings["PASSWORD_HASHES_WAITING"],
    )
    app = create_exchange_app(
        "systems.exchange.user_service",
        telemetry,
        span_names=SPAN_NAMES,
        readiness={"postgresql": database.check},
    )
    add_routes(app, database, passwords, tokens, metrics, telemetry)
    switches.follow_flags(flags, telemetry, app)
    return app
