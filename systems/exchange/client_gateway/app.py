"""Wires the gateway's parts together and makes the Flask app."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from flask import Flask

from feature_flags import FeatureFlags, read_flags
from observability import Telemetry, read_settings, switches
from observability.redis import Redis
from systems.exchange.application import create_exchange_app, start_telemetry, stop_at_end
from systems.exchange.client_gateway.accounts import account_views
from systems.exchange.client_gateway.answers import finish_answers
from systems.exchange.client_gateway.calls import Routes
from systems.exchange.client_gateway.counts import Counts
from systems.exchange.client_gateway.login_limit import LoginLimit
from systems.exchange.client_gateway.market import market_views
from systems.exchange.client_gateway.metrics import GatewayMetrics
from systems.exchange.client_gateway.openapi import describe
from systems.exchange.client_gateway.operations import OPERATIONS, SPAN_NAMES
from systems.exchange.client_gateway.page import add_page, stream_url
from systems.exchange.client_gateway.rate_limit import STRETCH_SECONDS, RateLimit
from systems.exchange.client_gateway.services import Services, SideBySide, connect
from systems.exchange.client_gateway.sessions import Sessions
from systems.exchange.client_gateway.settings import SETTINGS
from systems.exchange.client_gateway.slow_bodies import SlowBodies
from systems.exchange.client_gateway.trading import trading_views
from systems.exchange.client_gateway.wallets import wallet_views
from systems.exchange.shared_settings import KEYS_VARIABLE
from systems.exchange.tokens import Tokens
from systems.exchange.traffic.driver import Traffic


def create_app(
    environ: Mapping[str, str] | None = None,
    *,
    telemetry: Telemetry | None = None,
    flags: FeatureFlags | None = None,
    services: Services | None = None,
) -> Flask:
    """The service as a WSGI app. Raises ValueError that names the variable when a setting cannot be used."""
    environ = os.environ if environ is None else environ
    settings = read_settings(SETTINGS, environ)
    telemetry = telemetry or start_telemetry("client-gateway", environ)
    flags = flags or read_flags(environ)
    services = services or connect(settings, telemetry)
    redis = Redis(settings["EXCHANGE_REDIS_URL"], telemetry)
    sessions = Sessions(Tokens(settings[KEYS_VARIABLE], telemetry), redis, services.users)
    app = create_exchange_app(
        "systems.exchange.client_gateway",
        telemetry,
        span_names=SPAN_NAMES,
        # Without one of the others, something can still be done; without accounts nobody comes in.
        readiness={"user-service": services.users.require_health},
    )
    # A path with two slashes is another path. Redirects would lead to whatever host the asker has named.
    app.url_map.merge_slashes = False
    finish_answers(app, settings["CORS_ORIGINS"])
    # Not before somebody asks: it takes as long as a good part of the start.
    described = cache(lambda: describe(OPERATIONS))
    refused_total = GatewayMetrics(telemetry.registry).rate_limited_total
    login_limit = LoginLimit(
        Counts(redis, "failed_logins", stretch_seconds=settings["RATE_LIMIT_FAILED_LOGINS_SECONDS"]),
        redis,
        refused_total,
        telemetry.logger,
        failures=settings["RATE_LIMIT_FAILED_LOGINS"],
    )
    routes = Routes(
        app,
        sessions,
        RateLimit(Counts(redis, "rate_limit", stretch_seconds=STRETCH_SECONDS), refused_total),
        # The other half answers whatever has no body.
        SlowBodies(at_once=max(1, settings["SERVICE_THREADS"] // 2)),
        requests=settings["RATE_LIMIT_REQUESTS"],
        credentials=settings["RATE_LIMIT_CREDENTIALS"],
    )
    routes.add(
        {
            **account_views(services, sessions, login_limit),
            **wallet_views(services),
            **trading_views(services, SideBySide()),
            **market_views(services),
            "openapi": lambda call: (described(), 200),
        }
    )
    add_page(
        app,
        stream=settings["NOTIFICATION_STREAM_URL"] or stream_url(settings["NOTIFICATION_SERVICE_URL"]),
        trace_url_template=settings["TRACE_URL_TEMPLATE"],
    )
    switches.follow_flags(flags, telemetry, app, services.all())
    if settings["EXCHANGE_TRAFFIC_RPS"]:
        _simulate_traders(settings, telemetry)
    return app


def _simulate_traders(settings: Mapping[str, Any], telemetry: Telemetry) -> None:
    # Listening on every interface is reached over loopback.
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings["SERVICE_HOST"], settings["SERVICE_HOST"])
    traffic = Traffic(
        settings["EXCHANGE_TRAFFIC_RPS"],
        settings["EXCHANGE_TRAFFIC_SEED"],
        f"http://{host}:{settings['SERVICE_PORT']}",
        telemetry.logger,
        # Half of the service's threads stay free for everybody else, however slow the exchange is.
        max_in_flight=max(1, settings["SERVICE_THREADS"] // 2),
        steady=settings["EXCHANGE_TRAFFIC_STEADY"],
    )
    traffic.start()
    stop_at_end(traffic.stop)
