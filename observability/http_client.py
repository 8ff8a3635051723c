"""Calls to another service: each attempt a span of the official requests instrumentation, always with a time-out.

Unless a policy says otherwise, a call is tried twice at most, and only when trying again is safe: a GET, or what the
caller calls repeatable, whose connection failed, or that was answered with 502 or 503. A call that ran out of time is
not repeated: the caller has waited long enough, and a slow service needs no second load.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

import orjson
import requests
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import Span
from requests.adapters import HTTPAdapter

from observability.errors import ServiceUnavailable
from observability.telemetry import Telemetry
from observability.tracing import prepare_instrumentations

_RETRY_STATUS = frozenset((502, 503))
#: The headers of W3C Trace Context.
_TRACE_CONTEXT = ("traceparent", "tracestate")
#: How often the request that is being sent was sent before.
_resend_count: ContextVar[int] = ContextVar("resend_count", default=0)


@dataclass(frozen=True)
class CallPolicy:
    """How long a call waits, and when it is tried again."""

    connect_timeout_seconds: float = 0.5
    read_timeout_seconds: float = 2.0
    attempts: int = 2
    #: The mean of the pause before the next attempt.
    backoff_seconds: float = 0.1
    #: Whether an attempt that ran out of time counts as one to repeat.
    repeats_timeouts: bool = False

    def insisting(self, *, timeout_seconds: float, attempts: int, backoff_seconds: float) -> CallPolicy:
        """One that gives up waiting after so long, and asks again, so often."""
        return replace(
            self,
            read_timeout_seconds=timeout_seconds,
            attempts=attempts,
            backoff_seconds=backoff_seconds,
            repeats_timeouts=True,
        )


@dataclass(frozen=True)
class ServiceResponse:
    """Another service's answer: `json` is the decoded body (None when it is not JSON)."""

    status: int
    json: Any
    headers: Mapping[str, str]


class ServiceClient:
    """Calls one other service.

        backend = ServiceClient("backend", "http://127.0.0.1:8002", telemetry)
        answer = backend.get("/api/user/123")

    Any status that is an answer is returned, 4xx and 5xx too. A call raises ServiceUnavailable when there is no answer
    in bounded time: at most the policy's attempts of connect + read time-out each.

    Safe to use from several threads: the session keeps no cookies and is not changed after construction.
    """

    def __init__(
        self,
        service: str,
        base_url: str,
        telemetry: Telemetry,
        policy: CallPolicy = CallPolicy(),
    ) -> None:
        self.service = service
        self._base_url = base_url.rstrip("/")
        self._logger = telemetry.logger
        #: May be replaced at any time: a call keeps the one it began with.
        self.policy = policy
        if telemetry.enabled:
            instrument_requests(telemetry)
        self._session = requests.Session()
        # Reading proxies and .netrc from the environment at every call costs a quarter of the call.
        self._session.trust_env = False
        self._session.cookies.set_policy(_NoCookies())
        self._adapter = _Adapter(pool_connections=1, pool_maxsize=32, max_retries=0)
        self._session.mount("http://", self._adapter)
        self._session.mount("https://", self._adapter)

    @property
    def propagation(self) -> bool:
        """Whether calls carry the trace context, so that the other service's spans join the trace."""
        return self._adapter.propagation

    @propagation.setter
    def propagation(self, propagation: bool) -> None:
        self._adapter.propagation = propagation

    def get(
        self, path: str, params: Mapping[str, str] | None = None, *, headers: Mapping[str, str] | None = None
    ) -> ServiceResponse:
        return self._call(_Request("GET", path, params=params, headers=headers), repeatable=True)

    def post(
        self,
        path: str,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        repeatable: bool = False,
    ) -> ServiceResponse:
        """`repeatable`: the service does nothing twice when it gets this request twice."""
        return self._call(_Request("POST", path, json, params, headers), repeatable)

    def put(
        self,
        path: str,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        repeatable: bool = False,
    ) -> ServiceResponse:
        return self._call(_Request("PUT", path, json, params, headers), repeatable)

    def delete(
        self,
        path: str,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        repeatable: bool = False,
    ) -> ServiceResponse:
        return self._call(_Request("DELETE", path, json, params, headers), repeatable)

    def require_health(self) -> None:
        """For a readiness check: raises ServiceUnavailable or RuntimeError unless the service says that it is alive."""
        status = self.get("/health").status
        if status != 200:
            raise RuntimeError(f"/health answered {status}")

    def _call(self, request: _Request, repeatable: bool) -> ServiceResponse:
        policy = self.policy
        attempts = policy.attempts if repeatable else 1
        for attempt in range(attempts - 1):
            try:
                answer = self._attempt(request, policy, attempt)
            except requests.Timeout as error:
                # Before ConnectionError, which a connection that is not accepted in time is, too.
                if not policy.repeats_timeouts:
                    raise ServiceUnavailable(self.service, _reason(error)) from error
                reason = _reason(error)
            except requests.ConnectionError as error:
                reason = _reason(error)
            except requests.RequestException as error:
                raise ServiceUnavailable(self.service, _reason(error)) from error
            else:
                if answer.status not in _RETRY_STATUS:
                    return answer
                reason = f"it answered {answer.status}"
            # Jitter, so that callers that failed together do not come back together.
            pause_seconds = policy.backoff_seconds * random.uniform(0.5, 1.5)
            self._logger.warning(
                "Calling %s again: %s",
                self.service,
                reason,
                extra={"peer.service": self.service, "retry_in_ms": round(pause_seconds * 1000)},
            )
            time.sleep(pause_seconds)
        try:
            return self._attempt(request, policy, attempts - 1)
        except requests.RequestException as error:
            raise ServiceUnavailable(self.service, _reason(error)) from error

    def _attempt(self, request: _Request, policy: CallPolicy, resend_count: int) -> ServiceResponse:
        sent_before = _resend_count.set(resend_count)
        try:
            response = self._session.request(
                request.method,
                self._base_url + request.path,
                params=request.params,
                data=request.body,
                headers=request.headers,
                timeout=(policy.connect_timeout_seconds, policy.read_timeout_seconds),
                allow_redirects=False,
            )
        finally:
            _resend_count.reset(sent_before)
        try:
            body = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            body = None
        return ServiceResponse(response.status_code, body, response.headers)


class _Request:
    """One call, the same at every attempt. A body (None: there is none) becomes JSON once."""

    __slots__ = ("body", "headers", "method", "params", "path")

    def __init__(
        self,
        method: str,
        path: str,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.method = method
        self.path = path
        self.params = params
        self.body = None if json is None else orjson.dumps(json)
        self.headers = dict(headers or {})
        if json is not None:
            self.headers["Content-Type"] = "application/json"


def instrument_requests(telemetry: Telemetry) -> None:
    """Let the official instrumentation trace every call made with requests. Once a process: a second call changes
    nothing."""
    prepare_instrumentations()
    instrumentor = RequestsInstrumentor()
    if not instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.instrument(
            tracer_provider=telemetry.tracer_provider,
            meter_provider=NoOpMeterProvider(),
            request_hook=_tell_resend_count,
        )


def _tell_resend_count(span: Span, request: requests.PreparedRequest) -> None:
    if count := _resend_count.get():
        span.set_attribute("http.request.resend_count", count)


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.ConnectTimeout):
        return "the connection was not accepted in time"
    if isinstance(error, requests.Timeout):
        return "it did not answer in time"
    if isinstance(error, requests.ConnectionError):
        return "the connection failed"
    return type(error).__name__


class _Adapter(HTTPAdapter):
    """May leave out what the instrumentation, which stands in front of it, has put into the headers."""

    propagation = True

    def add_headers(self, request: requests.PreparedRequest, **kwargs: Any) -> None:
        if not self.propagation:
            for name in _TRACE_CONTEXT:
                request.headers.pop(name, None)


class _NoCookies(requests.cookies.cookielib.DefaultCookiePolicy):  # type: ignore[name-defined,misc]
    """Services do not track each other; and a cookie jar costs at every call."""

    def set_ok(self, cookie: Any, request: Any) -> bool:
        return False


__all__ = ["CallPolicy", "ServiceClient", "ServiceResponse", "ServiceUnavailable", "instrument_requests"]
