"""Wires the frontend service's parts together and makes the Flask app."""

from __future__ import annotations

import atexit
import os
from collections.abc import Mapping
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from flask import Flask

from feature_flags import FeatureFlags, read_flags
from frontend_service.crowds import Crowds
from frontend_service.metrics import FrontendMetrics
from frontend_service.pages import Pages, register_filters
from frontend_service.routes import SPAN_NAMES, add_routes, error_page
from frontend_service.settings import SETTINGS
from frontend_service.switches import follow_flags
from frontend_service.visitors import Siblings, Visitors, follow_visitors
from observability import Telemetry, read_settings, setup
from observability.flask import create_flask_app
from observability.http_client import ServiceClient


def create_app(
    environ: Mapping[str, str] | None = None,
    *,
    telemetry: Telemetry | None = None,
    flags: FeatureFlags | None = None,
    backend: ServiceClient | None = None,
) -> Flask:
    """The service as a WSGI app. Raises ValueError that names the variable when a setting cannot be used."""
    environ = os.environ if environ is None else environ
    settings = read_settings(SETTINGS, environ)
    telemetry = telemetry or setup("frontend", namespace="chain", version="1.0.0", environ=environ)
    flags = flags or read_flags(environ)
    metrics = FrontendMetrics(telemetry.registry)
    backend = backend or ServiceClient("backend", settings["BACKEND_SERVICE_URL"], telemetry)
    pages = Pages(settings["TRACE_URL_TEMPLATE"], settings["LOGS_URL_TEMPLATE"])
    # Where the worker processes of this service meet; there is none when there is one worker.
    shared_directory = Path(environ["PROMETHEUS_MULTIPROC_DIR"]) if "PROMETHEUS_MULTIPROC_DIR" in environ else None
    visitors = Visitors(metrics.active_users, siblings=Siblings(shared_directory) if shared_directory else None)
    app = create_flask_app(
        "frontend_service",
        telemetry,
        span_names=SPAN_NAMES,
        requests_total=metrics.requests_total,
        request_duration_seconds=metrics.request_duration_seconds,
        errors_total=metrics.errors_total,
        readiness={"backend": backend.require_health},
        render_error=lambda body, status: error_page(pages, body, status),
    )
    register_filters(app)
    follow_visitors(app, visitors)
    add_routes(app, backend, pages, telemetry)
    visitors.refresh_forever()
    crowds = _simulate_users(settings, telemetry, shared_directory)
    follow_flags(flags, app, telemetry, crowds=crowds, backend=backend)
    return app


def _simulate_users(settings: Mapping[str, Any], telemetry: Telemetry, shared_directory: Path | None) -> Crowds:
    # Listening on every interface is reached over loopback.
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings["SERVICE_HOST"], settings["SERVICE_HOST"])
    crowds = Crowds(
        settings["TRAFFIC_RPS"],
        settings["TRAFFIC_SEED"],
        f"http://{host}:{settings['SERVICE_PORT']}",
        telemetry.logger,
        # Half of the service's threads stay free for everybody else, however slow the chain is.
        max_in_flight=max(1, settings["SERVICE_THREADS"] // 2),
        lock_directory=shared_directory,
        steady=settings["TRAFFIC_STEADY"],
    )
    crowds.start()
    # A worker process of the server ends through multiprocessing, which does not run atexit's functions.
    Finalize(None, crowds.stop, exitpriority=20)
    atexit.register(crowds.stop)
    return crowds
