"""Errors a service answers with: what happened, in one JSON shape, for every status from 400 on.

    {"error": {"type": "invalid_user_id", "message": "…", "hint": "try /user/123", "trace_id": "…"}}

How they reach the client, the span, the log and the counter is `flask.py`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class RequestError(Exception):
    """Ends the request with this status and body; raise it from a route.

    `type` is a word from a short list a reader could write down: it becomes a label value. `hint` says what to do.
    `details` stand beside them in the body, for programs; `headers` are part of what the status means, such as
    Retry-After.
    """

    def __init__(
        self,
        status: int,
        type: str,
        message: str,
        hint: str | None = None,
        *,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type = type
        self.message = message
        self.hint = hint
        self.details = dict(details or {})
        self.headers = dict(headers or {})


class ServiceUnavailable(RequestError):
    """Another service gave no answer in bounded time; ends the request with 503 unless the route catches it."""

    def __init__(self, service: str, reason: str) -> None:
        super().__init__(
            503,
            f"{service}_unavailable",
            f"{service} did not answer: {reason}",
            hint=f"try again shortly; `python3 lab status` shows whether {service} is up",
        )
        self.service = service


def error_body(
    type: str, message: str, hint: str | None, trace_id: str | None, details: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The JSON body of an error; `hint` and `trace_id` only where there is one."""
    error: dict[str, Any] = {"type": type, "message": message, **(details or {})}
    if hint:
        error["hint"] = hint
    if trace_id:
        error["trace_id"] = trace_id
    return {"error": error}
