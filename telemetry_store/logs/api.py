"""Loki's HTTP API over the log storage: which path leads where, and what an error looks like.

The endpoints are in `query_api` (queries), `index_api` (labels, streams) and `push_api` (lines coming in).
Source: Grafana Loki HTTP API; compared with recorded answers of Loki 3.7.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ..http_api import JsonAnswer, QueryThreads, create_app, own_metrics_route
from ..limits import LINE_BYTES, LOG_ENTRIES, LOG_QUERY_SERIES
from ..refusals import Refusal
from .detected_api import DetectedApi
from .index_api import IndexApi
from .ingest import SERVICE_NAME_SOURCES
from .levels import FIELDS
from .patterns_api import PatternsApi
from .push_api import OTLP_PATH, PushApi, otlp_error
from .query_api import QueryApi
from .storage import LogStorage
from .tail_api import TailApi
from .volume_api import VolumeApi


def create_logs_app(storage: LogStorage, registry: CollectorRegistry, discover_levels: bool = True) -> Starlette:
    """The application that stands on Loki's port; `registry` holds the store's own metrics."""
    threads = QueryThreads()
    return create_app(
        [
            Route("/ready", _ready),
            own_metrics_route(registry),
            Route("/loki/api/v1/status/buildinfo", _build_info),
            Route("/loki/api/v1/drilldown-limits", _drilldown_limits),
            Route("/loki/api/v1/rules", _no_rules),
            Route("/prometheus/api/v1/rules", _no_prometheus_rules),
            Route("/prometheus/api/v1/alerts", _no_prometheus_alerts),
            *PushApi(storage, threads, discover_levels).routes(),
            *QueryApi(storage, threads).routes(),
            *IndexApi(storage).routes(),
            *VolumeApi(storage, threads).routes(),
            *DetectedApi(storage, threads).routes(),
            *TailApi(storage, threads).routes(),
            *PatternsApi(storage, threads).routes(),
        ],
        _render_error,
    )


def _render_error(request: Request, status: int, refusal: Refusal | None, message: str) -> Response:
    path = request.url.path
    if path == OTLP_PATH:
        return otlp_error(status, message)
    # Loki ends the lines of its push errors, and not those of its query errors.
    end = "\n" if path.endswith("/push") else ""
    # A message may quote bytes that are no text.
    return PlainTextResponse((message + end).encode(errors="surrogateescape"), status, media_type="text/plain")


async def _ready(request: Request) -> Response:
    return PlainTextResponse("ready\n")


async def _build_info(request: Request) -> Response:
    return JsonAnswer(
        {"version": "3.7.6", "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": ""}
    )


async def _drilldown_limits(request: Request) -> Response:
    """What Grafana's log drill-down asks for before it draws."""
    limits = {
        "discover_log_levels": True,
        "discover_service_name": SERVICE_NAME_SOURCES,
        "log_level_fields": FIELDS,
        "max_entries_limit_per_query": LOG_ENTRIES,
        "max_line_size": LINE_BYTES,
        "max_query_length": "30d1h",
        "max_query_series": LOG_QUERY_SERIES,
        "query_timeout": "1m",
        "volume_enabled": True,
        "volume_max_series": 1000,
    }
    return JsonAnswer({"limits": limits, "pattern_ingester_enabled": True, "version": "3.7.6", "max_query_bytes": 0})


async def _no_rules(request: Request) -> Response:
    return PlainTextResponse("no rule groups found\n", 404, media_type="text/plain")


async def _no_prometheus_rules(request: Request) -> Response:
    return JsonAnswer({"status": "success", "data": {"groups": []}, "errorType": "", "error": ""})


async def _no_prometheus_alerts(request: Request) -> Response:
    return JsonAnswer({"status": "success", "data": {"alerts": []}, "errorType": "", "error": ""})
