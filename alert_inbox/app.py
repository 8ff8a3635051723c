"""The endpoints: Alertmanager posts, `lab status` and people read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from alert_inbox.inbox import MAX_NOTIFICATIONS, Inbox
from alert_inbox.message import NotAMessage, parse_message
from alert_inbox.settings import read_settings

#: A message holds all alerts of a group; a thousand of them have room.
MAX_BODY_BYTES = 1024 * 1024
DEFAULT_LIMIT = 100
#: What the page shows.
_PAGE_LIMIT = 50


class Refused(Exception):
    """A request that cannot be answered: status, type, what is wrong, what to do."""

    def __init__(self, status: int, type: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.status, self.type, self.hint = status, type, hint


def create_app(environ: Mapping[str, str] | None = None) -> Flask:
    """The alert inbox as a WSGI app.

    Raises ValueError when a setting cannot be used, OSError when the file cannot be.
    """
    settings = read_settings(os.environ if environ is None else environ)
    return build_app(Inbox(settings.file))


def build_app(inbox: Inbox) -> Flask:
    """The app around `inbox`."""
    app = Flask("alert_inbox")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES

    @app.post("/alertmanager")
    def receive() -> dict[str, Any]:
        try:
            message = parse_message(request.get_data())
        except NotAMessage as error:
            hint = "post what Alertmanager's webhook posts (version 4): this address belongs in webhook_configs"
            raise Refused(400, "not_a_message", str(error), hint) from error
        inbox.add(message)
        return {"status": "ok"}

    @app.get("/api/notifications")
    def notifications() -> dict[str, Any]:
        return {"notifications": inbox.newest(_limit()), "total": len(inbox)}

    @app.get("/")
    def page() -> str:
        return render_template("inbox.html", notifications=inbox.newest(_PAGE_LIMIT), total=len(inbox))

    @app.get("/health")
    def health() -> dict[str, Any]:
        return {"status": "ok", "service": "alert_inbox"}

    @app.get("/ready")
    def ready() -> dict[str, Any]:
        if inbox.failure:
            raise Refused(503, "file_not_written", inbox.failure, "what arrives is kept in memory only: free the disk")
        return {"status": "ready", "service": "alert_inbox"}

    @app.errorhandler(Refused)
    def on_refused(error: Refused) -> Response:
        return _error(error.status, error.type, str(error), error.hint)

    @app.errorhandler(HTTPException)
    def on_http_exception(error: HTTPException) -> Response:
        status = error.code or 500
        type = (error.name or "error").lower().replace(" ", "_")
        if status == 413:
            hint = f"send at most {MAX_BODY_BYTES} bytes: max_alerts in webhook_configs makes messages smaller"
        else:
            hint = "POST /alertmanager, GET /api/notifications, /, /health and /ready are answered here"
        response = _error(status, type, error.description or error.name, hint)
        response.headers.extend(header for header in error.get_headers() if header[0] == "Allow")
        return response

    return app


def _limit() -> int:
    text = request.args.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= MAX_NOTIFICATIONS):
        message = f"limit is {text[:20]!r}, not a whole number from 1 to {MAX_NOTIFICATIONS}"
        raise Refused(400, "invalid_limit", message, "try ?limit=10")
    return int(text)


def _error(status: int, type: str, message: str, hint: str) -> Response:
    response = jsonify({"error": {"type": type, "message": message, "hint": hint}})
    response.status_code = status
    return response
