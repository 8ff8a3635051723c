"""A Flask app that can be seen: traced, counted, timed, logged when it fails, and ready to be asked how it is.

`create_flask_app` puts together, in this order around every request:

1. `operations.py`: /health, /ready and /metrics, answered in front of everything else
2. the official Flask instrumentation: the server span, continuing the caller's trace; here it gets the route's name
3. `request_metrics.py`: the request counter and the duration histogram, labelled with the route's template
4. errors in one JSON shape (`errors.py`), told to the span, the log and the error counter alike
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

import flask
import orjson
from flask.json.provider import JSONProvider
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import Span, Status, StatusCode, format_trace_id, get_current_span
from prometheus_client import Counter, Histogram
from werkzeug.exceptions import HTTPException
from werkzeug.utils import cached_property

from observability.errors import RequestError, ServiceUnavailable, error_body
from observability.instrumentation_tuning import tune
from observability.operations import Check, OperationalEndpoints
from observability.request_metrics import STARTED, UNMATCHED, RequestMetrics, known_method
from observability.telemetry import Telemetry
from observability.tracing import prepare_instrumentations

_FAILURE = "lab.failure"
_OPERATIONS = "lab.operations"
_REQUEST_METRICS = "lab.request_metrics"
#: No route of the lab takes a large body.
_MAX_BODY_BYTES = 1024 * 1024

#: (error body, status) -> a response instead of the JSON one, or None for JSON.
RenderError = Callable[[dict[str, Any], int], flask.Response | None]


class OrjsonProvider(JSONProvider):
    """Flask's JSON through orjson: numbers, strings, lists and dicts as ever, datetimes as RFC 3339."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return orjson.dumps(obj, option=orjson.OPT_NON_STR_KEYS).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> flask.Response:
        body = orjson.dumps(self._prepare_response_obj(args, kwargs), option=orjson.OPT_NON_STR_KEYS)
        return flask.Response(body + b"\n", mimetype="application/json")


class LightRequest(flask.Request):
    """A request whose `url` is put together without decoding and quoting each part.

    Only the instrumentation asks for it, at every request, to match it against the excluded URLs.
    """

    @cached_property
    def url(self) -> str:
        environ = self.environ
        query = environ.get("QUERY_STRING")
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
        return f"{environ['wsgi.url_scheme']}://{host}{path}{'?' + query if query else ''}"


class SyncFlask(flask.Flask):
    """Flask without coroutines: no route of the lab is one, and asking each hook at each request costs as much as
    routing."""

    request_class = LightRequest

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_flask_app(
    import_name: str,
    telemetry: Telemetry,
    *,
    span_names: Mapping[str, str],
    requests_total: Counter | None = None,
    request_duration_seconds: Histogram | None = None,
    errors_total: Counter | None = None,
    readiness: Mapping[str, Check] | None = None,
    render_error: RenderError | None = None,
) -> flask.Flask:
    """A Flask app with everything above; add routes to it as to any other.

    Args:
        import_name: the service's package, as for flask.Flask.
        span_names: route template -> name of the server span, such as {"/user/<id>": "frontend_get_user"}; where a
            route means something else with another method, {"DELETE /order/<id>": "cancel_order"}.
        requests_total: labels method, endpoint, status; None for a service that does not count its requests.
        request_duration_seconds: label endpoint; None likewise.
        errors_total: label type; counts every answer from 400 on.
        readiness: name of a dependency -> a call that raises when it is not there.
        render_error: may answer an error in another form, such as a page for browsers.
    """
    app = SyncFlask(import_name)
    app.json = OrjsonProvider(app)
    app.config["MAX_CONTENT_LENGTH"] = _MAX_BODY_BYTES
    # Flask's own logger would write tracebacks of its own; errors are logged below, with their context.
    app.logger.disabled = True
    if telemetry.enabled:
        _instrument(app, telemetry, span_names)
        metrics = app.extensions[_REQUEST_METRICS] = RequestMetrics(requests_total, request_duration_seconds)
        metrics.begin_at_zero(span_names)
        app.after_request(metrics.count)
    _stamp_requests(app)
    _answer_errors(app, telemetry, errors_total, render_error)
    operations = app.extensions[_OPERATIONS] = OperationalEndpoints(
        app.wsgi_app, telemetry.service, telemetry.registry, readiness
    )
    app.wsgi_app = operations  # type: ignore[method-assign]
    return app


def operations_of(app: flask.Flask) -> OperationalEndpoints:
    """What answers /health, /ready and /metrics of an app made here."""
    operations: OperationalEndpoints = app.extensions[_OPERATIONS]
    return operations


def request_metrics_of(app: flask.Flask) -> RequestMetrics:
    """What counts the requests of an app made here. One that counts none where telemetry is disabled."""
    metrics: RequestMetrics = app.extensions.get(_REQUEST_METRICS) or RequestMetrics(None, None)
    return metrics


def current_trace_id() -> str | None:
    """The trace id of the request being handled, 32 hex digits; None when it is not traced."""
    context = get_current_span().get_span_context()
    return format_trace_id(context.trace_id) if context.is_valid else None


def request_seconds() -> float:
    """How long the request being handled has taken so far."""
    started: float = flask.request.environ[STARTED]
    return perf_counter() - started


def _instrument(app: flask.Flask, telemetry: Telemetry, span_names: Mapping[str, str]) -> None:
    def rename(span: Span, environ: dict[str, Any]) -> None:
        rule = flask.request.url_rule
        # Without a route the instrumentation would take the raw path as the name.
        method = environ["REQUEST_METHOD"]
        name: str | None = known_method(method, "HTTP")
        if rule:
            name = span_names.get(rule.rule) or span_names.get(f"{method} {rule.rule}")
        if name and span.is_recording():
            span.update_name(name)

    def tell_error(span: Span, status: str, headers: Any) -> None:
        # Here and not where the error is answered: the instrumentation has just set the status and
        # `error.type` from the status code alone, and would overwrite what is known of the error.
        failure = flask.request.environ.get(_FAILURE)
        if failure is not None and span.is_recording():
            _tell_span(span, *failure)

    prepare_instrumentations()
    tune()
    FlaskInstrumentor.instrument_app(  # type: ignore[no-untyped-call]
        app,
        tracer_provider=telemetry.tracer_provider,
        # The lab's metrics are the services' own; a second set from the instrumentation would only cost.
        meter_provider=NoOpMeterProvider(),
        request_hook=rename,
        response_hook=tell_error,
        enable_commenter=False,
    )


def _stamp_requests(app: flask.Flask) -> None:
    inner = app.wsgi_app

    def stamp(environ: dict[str, Any], start_response: Any) -> Any:
        environ[STARTED] = perf_counter()
        # granian does not say it, and without it the instrumentation leaves url.path and url.query out.
        environ.setdefault("REQUEST_URI", environ["PATH_INFO"])
        return inner(environ, start_response)

    app.wsgi_app = stamp  # type: ignore[method-assign]


def _answer_errors(
    app: flask.Flask, telemetry: Telemetry, errors_total: Counter | None, render_error: RenderError | None
) -> None:
    def answer(
        error: Exception,
        status: int,
        type: str,
        message: str,
        hint: str | None,
        details: Mapping[str, Any] | None = None,
    ) -> flask.Response:
        if errors_total is not None:
            errors_total.labels(type).inc()
        flask.request.environ[_FAILURE] = (error, status, type)
        _log_error(telemetry.logger, error, status, type)
        body = error_body(type, message, hint, current_trace_id(), details)
        rendered = render_error(body, status) if render_error else None
        response = rendered or flask.jsonify(body)
        response.status_code = status
        return response

    @app.errorhandler(RequestError)
    def on_request_error(error: RequestError) -> flask.Response:
        response = answer(error, error.status, error.type, error.message, error.hint, error.details)
        response.headers.update(error.headers)
        return response

    @app.errorhandler(HTTPException)
    def on_http_exception(error: HTTPException) -> flask.Response:
        status = error.code or 500
        if status < 400:
            # A redirect is werkzeug's exception too.
            return flask.make_response(error.get_response())
        type = (error.name or "error").lower().replace(" ", "_")
        response = answer(error, status, type, error.description or error.name, None)
        for name, value in error.get_headers():
            # Allow with 405, Retry-After with 429: part of what the status means.
            if name.lower() not in ("content-type", "content-length"):
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def on_any_exception(error: Exception) -> flask.Response:
        hint = "the trace and the service's error log show where it happened"
        return answer(error, 500, "internal_error", "the service failed while it handled this request", hint)


def _tell_span(span: Span, error: Exception, status: int, type: str) -> None:
    span.set_attribute("error.type", type)
    if status >= 500:
        # A 4xx is the caller's error: by the semantic conventions it does not fail the server's span.
        span.record_exception(error)
        span.set_status(Status(StatusCode.ERROR, str(error)[:200]))


def _log_error(logger: logging.Logger, error: Exception, status: int, type: str) -> None:
    request = flask.request
    unexpected = not isinstance(error, (RequestError, HTTPException))
    logger.log(
        logging.ERROR if status >= 500 else logging.WARNING,
        "%s %s failed: %s",
        request.method[:20],
        request.url_rule.rule if request.url_rule else UNMATCHED,
        str(error)[:500],
        exc_info=unexpected,
        extra={
            "error.type": type,
            "http.request.method": request.method[:20],
            "http.route": request.url_rule.rule if request.url_rule else UNMATCHED,
            "url.path": request.path[:200],
            "http.response.status_code": status,
            "duration_ms": round(request_seconds() * 1000, 3),
        },
    )


__all__ = [
    "UNMATCHED",
    "RequestError",
    "ServiceUnavailable",
    "create_flask_app",
    "current_trace_id",
    "operations_of",
    "request_metrics_of",
    "request_seconds",
]
