"""Wires the backend service's parts together and makes the Flask app."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from flask import Flask

from backend_service.cache import TtlLruCache
from backend_service.catalog import Catalog
from backend_service.journal import Journal
from backend_service.membership import Memberships
from backend_service.metrics import BackendMetrics
from backend_service.offers import Offers
from backend_service.pricing import PriceList
from backend_service.routes import SPAN_NAMES, add_routes
from backend_service.settings import SETTINGS
from backend_service.switches import follow_flags
from feature_flags import FeatureFlags, read_flags
from observability import Telemetry, read_settings, setup
from observability.flask import create_flask_app
from observability.http_client import CallPolicy, ServiceClient


def create_app(
    environ: Mapping[str, str] | None = None,
    *,
    telemetry: Telemetry | None = None,
    flags: FeatureFlags | None = None,
    database: ServiceClient | None = None,
) -> Flask:
    """The service as a WSGI app. Raises ValueError that names the variable when a setting cannot be used."""
    environ = os.environ if environ is None else environ
    settings = read_settings(SETTINGS, environ)
    telemetry = telemetry or setup("backend", namespace="chain", version="1.0.0", environ=environ)
    flags = flags or read_flags(environ)
    metrics = BackendMetrics(telemetry.registry)
    database = database or ServiceClient(
        "database",
        settings["DATABASE_SERVICE_URL"],
        telemetry,
        # The frontend waits 2 s: it must hear from this service, not run out of time itself.
        CallPolicy(read_timeout_seconds=1.0),
    )
    cache: TtlLruCache[Any] = TtlLruCache(
        max_entries=settings["CACHE_MAX_ENTRIES"], ttl_seconds=settings["CACHE_TTL_SECONDS"]
    )
    app = create_flask_app(
        "backend_service",
        telemetry,
        span_names=SPAN_NAMES,
        requests_total=metrics.requests_total,
        request_duration_seconds=metrics.request_duration_seconds,
        readiness={"database": database.require_health},
    )
    offers = Offers()
    catalog = Catalog(database, cache, metrics, telemetry)
    prices, memberships, journal = PriceList(), Memberships(), Journal(telemetry.logger)
    add_routes(app, catalog, offers, metrics, telemetry, prices=prices, memberships=memberships, journal=journal)
    follow_flags(
        flags,
        app,
        telemetry,
        cache=cache,
        catalog=catalog,
        database=database,
        prices=prices,
        memberships=memberships,
        journal=journal,
        offers=offers,
        workers=settings["SERVICE_WORKERS"],
    )
    return app
