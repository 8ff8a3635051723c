"""Makes the official WSGI/Flask instrumentation cheaper without changing what it records.

Two of its steps are repeated work: it collects the request's attributes twice (once for metrics, once for the
span), and it prepares the request's and the answer's headers for capture even when the environment asks for none.
Together a fifth of what tracing a request costs (docs/performance.md). Here the first is remembered, the second is
decided once, at the start; tests/unit/observability/test_instrumentation_tuning.py compares the spans with and
without.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

from opentelemetry.instrumentation import wsgi as instrumentation
from opentelemetry.util.http import (
    OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST,
    OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE,
    get_custom_headers,
)

_ATTRIBUTES = "lab.collected_request_attributes"

#: Its functions are replaced below, which their types do not foresee.
wsgi: Any = instrumentation


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
    # Few user agents come in a lab, but a bot may invent one a request.
    wsgi.detect_synthetic_user_agent = lru_cache(256)(wsgi.detect_synthetic_user_agent)
    wsgi.normalize_user_agent = lru_cache(256)(wsgi.normalize_user_agent)
    if not get_custom_headers(OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST):
        wsgi.collect_custom_request_headers_attributes = _nothing
    if not get_custom_headers(OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE):
        wsgi.collect_custom_response_headers_attributes = _nothing


def _no_attributes(*args: Any) -> dict[str, Any]:
    return {}


def _nothing(headers: Any) -> dict[str, list[str]]:
    return {}
