"""What is on every answer: who else's page may read it, and that nobody keeps it."""

from __future__ import annotations

import flask

#: Seconds after which it is worth asking again, when nobody said when.
_RETRY_AFTER_SECONDS = 1
_METHODS = "GET, POST, DELETE"
_REQUEST_HEADERS = "Authorization, Content-Type, Idempotency-Key"
#: What a page of another origin may read beside the body.
_RESPONSE_HEADERS = "X-Trace-Id, Retry-After"
_PREFLIGHT_SECONDS = 600


def finish_answers(app: flask.Flask, origins: frozenset[str]) -> None:
    """`origins`: whose pages may ask, beside our own."""

    @app.after_request
    def finish(response: flask.Response) -> flask.Response:
        if response.status_code == 503:
            response.headers.setdefault("Retry-After", str(_RETRY_AFTER_SECONDS))
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Content-Type-Options"] = "nosniff"
        if origins:
            _allow(response, origins)
        return response


def _allow(response: flask.Response, origins: frozenset[str]) -> None:
    response.vary.add("Origin")
    origin = flask.request.headers.get("Origin")
    if origin not in origins:
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = _RESPONSE_HEADERS
    if flask.request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = _METHODS
        response.headers["Access-Control-Allow-Headers"] = _REQUEST_HEADERS
        response.headers["Access-Control-Max-Age"] = str(_PREFLIGHT_SECONDS)
