"""Makes the official WSGI/Flask instrumentation cheaper without changing what it records.

Some of its steps are repeated work: it collects the request's attributes twice (once for metrics, once for the
span), it prepares the request's and the answer's headers for capture even when the environment asks for none, and it
looks through Flask's request proxy twenty times. Together a third of what tracing a request costs
(docs/performance.md). Here the first is remembered, the second is decided once, at the start, and the third goes to
the request itself; tests/unit/observability/test_instrumentation_tuning.py compares the spans with and without.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import flask
from flask.globals import request_ctx
from opentelemetry.instrumentation import flask as flask_module
from opentelemetry.instrumentation import wsgi as wsgi_module
from opentelemetry.util.http import (
    OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST,
    OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE,
    get_custom_headers,
)

_ATTRIBUTES = "lab.collected_request_attributes"

#: Their parts are replaced below, which their types do not foresee.
wsgi: Any = wsgi_module
flask_instrumentation: Any = flask_module


@cache
def tune() -> None:
    """Remember what the instrumentation would compute again. For the whole process; a second call changes nothing."""
    collect = wsgi.collect_request_attributes

    def collect_once(environ: dict[str, Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
        attributes = environ.get(_ATTRIBUTES)
        if attributes is None:
            attributes = environ[_ATTRIBUTES] = collect(environ, *args, **kwargs)
        # A copy: the instrumentation adds the route to the span's attributes, and not to the metrics'.
        return dict(attributes)

    wsgi.collect_request_attributes = collect_once
    # The attributes of metrics, which go nowhere: the services' metrics are their own.
    wsgi._parse_active_request_count_attrs = _no_attributes
    wsgi._parse_duration_attrs = _no_attributes
    flask_instrumentation.flask = _FlaskWithoutProxy()
    # Few user agents come in a lab, but a bot may invent one a request.
    wsgi.detect_synthetic_user_agent = lru_cache(256)(wsgi.detect_synthetic_user_agent)
    wsgi.normalize_user_agent = lru_cache(256)(wsgi.normalize_user_agent)
    if not get_custom_headers(OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST):
        wsgi.collect_custom_request_headers_attributes = _nothing
    if not get_custom_headers(OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE):
        wsgi.collect_custom_response_headers_attributes = _nothing


class _FlaskWithoutProxy:
    """The `flask` module as the instrumentation sees it, with the request itself in the place of its proxy."""

    def __init__(self) -> None:
        # What else the instrumentation uses, found without a detour.
        self.Flask = flask.Flask
        self.globals = flask.globals

    @property
    def request(self) -> flask.Request | None:
        try:
            return request_ctx._get_current_object().request  # type: ignore[attr-defined,no-any-return]
        except RuntimeError:
            # Outside a request the proxy is false as well.
            return None

    def __getattr__(self, name: str) -> Any:
        return getattr(flask, name)


def _no_attributes(*args: Any) -> dict[str, Any]:
    return {}


def _nothing(headers: Any) -> dict[str, list[str]]:
    return {}
