"""Counts and times the requests of a Flask app.

The endpoint label is the route's template, so its values are a list that a reader could write down. `label_paths` puts
raw paths in their place, to a limit: what that does to metrics is worth having seen once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from time import perf_counter

import flask
from opentelemetry.trace import format_trace_id, get_current_span
from prometheus_client import Counter, Histogram

from observability.metrics import ChildCache, multiprocess

#: The endpoint label of a path that no route matches: raw paths are without number, label values must not be.
UNMATCHED = "<unmatched>"
#: Where a request's environment has the moment it began (`time.perf_counter`).
STARTED = "lab.request_started"

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"))
_LONGEST_PATH = 200


def known_method(method: str, otherwise: str) -> str:
    """The method, or what the semantic conventions put in the place of a made-up one: callers can invent any number."""
    return method if method in _METHODS else otherwise


class RequestMetrics:
    """Counts every answer in `requests_total` (labels method, endpoint, status) and observes its duration in
    `request_duration_seconds` (label endpoint), where there is one. It also gives the answer its X-Trace-Id."""

    def __init__(self, requests_total: Counter | None, request_duration_seconds: Histogram | None) -> None:
        self._requests_total = requests_total
        self._request_duration_seconds = request_duration_seconds
        self._requests = ChildCache(requests_total.labels) if requests_total else None
        self._durations = ChildCache(request_duration_seconds.labels) if request_duration_seconds else None
        self._paths: _Paths | None = None

    def begin_at_zero(self, routes: Iterable[str]) -> None:
        """Shows what each route can come to before it happens: a counter that appears with its first event has not
        risen, as Prometheus sees it, and the first error would be in no rate. A route is a template, asked with GET,
        or has its method in front: "DELETE /order/<id>"."""
        if self._requests_total is not None:
            for route in routes:
                method, space, template = route.partition(" ")
                for status in ("200", "500", "503"):
                    self._requests_total.labels(method if space else "GET", template if space else route, status)

    def count(self, response: flask.Response) -> flask.Response:
        """For `after_request`."""
        # The request itself: each look through the proxy costs as much as a metric.
        request = flask.globals.request_ctx.request
        rule = request.url_rule
        endpoint = rule.rule if rule else UNMATCHED
        method = known_method(request.method, "_OTHER")
        status = str(response.status_code)
        context = get_current_span().get_span_context()
        labels = None
        if context.is_valid:
            trace_id = format_trace_id(context.trace_id)
            response.headers["X-Trace-Id"] = trace_id
            # An exemplar must lead to a trace that somebody kept.
            labels = {"trace_id": trace_id} if context.trace_flags.sampled else None
        seconds = perf_counter() - request.environ[STARTED]
        paths = self._paths
        if paths is not None:
            path = request.path[:_LONGEST_PATH]
            # A route without parameters is its own path: its series were there before, and stay.
            if path != endpoint and paths.count(path, method, status, seconds, labels):
                return response
        if self._requests:
            self._requests[method, endpoint, status].inc()
        if self._durations:
            self._durations[endpoint,].observe(seconds, labels)
        return response

    def label_paths(self, limit: int) -> None:
        """From now on the endpoint label is the raw path, for the first `limit` different ones; the others keep their
        route's. 0: routes again, and the paths' series are gone.

        With several worker processes nothing changes: what they have written for each other cannot be taken back.
        """
        paths, self._paths = self._paths, None
        if paths is not None:
            paths.remove()
        if limit and not multiprocess():
            self._paths = _Paths(limit, self._requests_total, self._request_duration_seconds)


class _Paths:
    """The children with raw paths, and how to be rid of them."""

    def __init__(self, limit: int, requests_total: Counter | None, request_duration_seconds: Histogram | None) -> None:
        self._limit = limit
        self._requests_total = requests_total
        self._request_duration_seconds = request_duration_seconds
        self._requests: set[tuple[str, str, str]] = set()
        self._known: set[str] = set()
        # A request that counts while the series go would leave one behind.
        self._lock = threading.Lock()

    def count(self, path: str, method: str, status: str, seconds: float, exemplar: dict[str, str] | None) -> bool:
        """Count a request under its path; False when it is one too many."""
        with self._lock:
            if path not in self._known:
                if len(self._known) >= self._limit:
                    return False
                self._known.add(path)
            if self._requests_total:
                self._requests.add((method, path, status))
                self._requests_total.labels(method, path, status).inc()
            if self._request_duration_seconds:
                self._request_duration_seconds.labels(path).observe(seconds, exemplar)
            return True

    def remove(self) -> None:
        with self._lock:
            self._limit = 0
            if self._requests_total:
                for labels in self._requests:
                    self._requests_total.remove(*labels)
            if self._request_duration_seconds:
                for path in self._known:
                    self._request_duration_seconds.remove(path)
            self._known.clear()
