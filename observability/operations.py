"""The endpoints a machine asks: /health (alive), /ready (with the state of what it depends on) and /metrics.

They stand in front of the instrumented app as plain WSGI (`asgi.py`: as plain ASGI), so that a scrape every few seconds
is neither a trace, nor a log line, nor a counted request.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import orjson
from opentelemetry.instrumentation.utils import suppress_instrumentation
from prometheus_client import CollectorRegistry
from werkzeug.wrappers import Response

from observability.errors import error_body
from observability.metrics import expose

#: Raises, or returns anything, within bounded time.
Check = Callable[[], Any]

#: A dependency that is slower than this is not ready, whatever its own time-outs say.
_CHECK_SECONDS = 2.0

_logger = logging.getLogger("observability.operations")

WsgiApp = Callable[..., Iterable[bytes]]


class Operations:
    """What the three endpoints answer, whatever serves them.

    `metrics_available`: without, /metrics is answered with 503.
    """

    def __init__(self, service: str, registry: CollectorRegistry, readiness: Mapping[str, Check] | None) -> None:
        self._service = service
        self._registry = registry
        self._readiness = dict(readiness or {})
        self.metrics_available = True
        self._endpoints = {"/health": self._health, "/ready": self._ready, "/metrics": self._metrics}

    def concerns(self, path: str) -> bool:
        """Whether the path is one of the three."""
        return path in self._endpoints

    def answer(self, path: str, method: str, accept: str) -> Response | None:
        """None: the path is somebody else's. May take as long as the checks of /ready do."""
        endpoint = self._endpoints.get(path)
        if endpoint is None:
            return None
        if method not in ("GET", "HEAD"):
            response = _json(405, error_body("method_not_allowed", "only GET and HEAD are answered here", None, None))
            response.headers["Allow"] = "GET, HEAD"
            return response
        return endpoint(accept)

    def _health(self, accept: str) -> Response:
        return _json(200, {"status": "ok", "service": self._service})

    def _ready(self, accept: str) -> Response:
        states = check_all(self._readiness)
        ready = all(state["status"] == "up" for state in states.values())
        return _json(
            200 if ready else 503,
            {"status": "ready" if ready else "not_ready", "service": self._service, "dependencies": states},
        )

    def _metrics(self, accept: str) -> Response:
        if not self.metrics_available:
            return _json(503, error_body("metrics_unavailable", "metrics cannot be collected now", None, None))
        text, content_type = expose(self._registry, accept)
        return Response(text, content_type=content_type)


class OperationalEndpoints(Operations):
    """WSGI: answers the three endpoints itself and passes everything else on to `app`."""

    def __init__(
        self, app: WsgiApp, service: str, registry: CollectorRegistry, readiness: Mapping[str, Check] | None
    ) -> None:
        super().__init__(service, registry, readiness)
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        response = self.answer(environ["PATH_INFO"], environ["REQUEST_METHOD"], environ.get("HTTP_ACCEPT", ""))
        if response is None:
            return self._app(environ, start_response)
        return response(environ, start_response)


def check_all(checks: Mapping[str, Check]) -> dict[str, dict[str, str]]:
    """Run the checks side by side: name -> {"status": "up"} or {"status": "down", "reason": …}. Takes at most about
    2 s."""
    if not checks:
        return {}
    pool = ThreadPoolExecutor(len(checks), thread_name_prefix="readiness")
    try:
        futures = {name: pool.submit(_run_check, check) for name, check in checks.items()}
        wait(futures.values(), timeout=_CHECK_SECONDS)
        return {
            name: future.result()
            if future.done()
            else {"status": "down", "reason": f"no answer within {_CHECK_SECONDS:g} s"}
            for name, future in futures.items()
        }
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _run_check(check: Check) -> dict[str, str]:
    with suppress_instrumentation():
        try:
            check()
        except Exception as error:
            return {"status": "down", "reason": str(error) or type(error).__name__}
    return {"status": "up"}


def _json(status: int, body: Mapping[str, Any]) -> Response:
    return Response(orjson.dumps(body) + b"\n", status=status, content_type="application/json")
