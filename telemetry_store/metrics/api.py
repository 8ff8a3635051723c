"""Prometheus' HTTP API over the metric storage: its routes and errors; the endpoints are in the modules `…_api`."""

from __future__ import annotations

import argparse

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ..http_api import JsonAnswer, QueryThreads, create_app, own_metrics_route
from ..refusals import Refusal, TimedOut, Unprocessable
from .ingest import Scraper
from .metadata_api import MetadataApi
from .push_api import PushApi
from .query_api import QueryApi
from .rules.alertmanagers import Notifier
from .rules.manager import RuleManager
from .rules_api import RulesApi
from .status_api import StatusApi
from .storage import MetricStorage
from .targets_api import TargetsApi


def create_metrics_app(
    storage: MetricStorage,
    scraper: Scraper,
    rules: RuleManager,
    notifier: Notifier,
    registry: CollectorRegistry,
    settings: argparse.Namespace,
) -> Starlette:
    """The application that stands on Prometheus' port; `registry` holds the store's own metrics."""
    threads = QueryThreads()

    async def ready(request: Request) -> Response:
        return PlainTextResponse("Prometheus Server is Ready.\n")

    async def healthy(request: Request) -> Response:
        return PlainTextResponse("Prometheus Server is Healthy.\n")

    return create_app(
        [
            Route("/-/ready", ready),
            Route("/-/healthy", healthy),
            own_metrics_route(registry),
            *QueryApi(storage, threads).routes(),
            *PushApi(storage, threads).routes(),
            *MetadataApi(storage, rules.outside.external_labels, threads).routes(),
            *TargetsApi(scraper, rules.outside.external_url).routes(),
            *RulesApi(rules, notifier, threads).routes(),
            *StatusApi(storage, rules, settings, threads).routes(),
        ],
        render_error,
    )


def render_error(request: Request, status: int, refusal: Refusal | None, message: str) -> Response:
    """An error as Prometheus words it."""
    if isinstance(refusal, Unprocessable):
        kind = "execution"
    elif isinstance(refusal, TimedOut):
        kind = "timeout"
    elif status >= 500:
        kind = "unavailable" if status == 503 else "internal"
    else:
        kind = "bad_data"
    return JsonAnswer({"status": "error", "errorType": kind, "error": message}, status)
