"""Serves the trading page (`systems/exchange/page/`): its files as they are, and what it has to know of this lab.

The page shows names that somebody else chose, and holds a token: only its own files run, and it may ask nobody but the
gateway and the stream of notifications.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import flask
from werkzeug.exceptions import NotFound

from systems.exchange import page

_FILES = Path(page.__file__).parent
_TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml"}


def stream_url(notification_service_url: str) -> str:
    """http://127.0.0.1:9243 -> ws://127.0.0.1:9243/stream."""
    parts = urlsplit(notification_service_url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    return parts._replace(scheme=scheme, path="/stream", query="", fragment="").geturl()


def add_page(app: flask.Flask, *, stream: str, trace_url_template: str) -> None:
    """`/`, `/page/<file>` and `/page/settings.json`."""
    parts = urlsplit(stream)
    policy = "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            f"connect-src 'self' {parts.scheme}://{parts.netloc}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        )
    )

    def serve(file: str) -> flask.Response:
        path = _FILES / file
        # A name, and not a way to other folders.
        if "/" in file or path.suffix not in _TYPES or not path.is_file():
            raise NotFound(f"the trading page has no file {file[:80]}")
        response = flask.Response(path.read_bytes(), content_type=f"{_TYPES[path.suffix]}; charset=utf-8")
        response.headers["Content-Security-Policy"] = policy
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cache-Control"] = "no-cache"
        response.add_etag()
        response.make_conditional(flask.request)
        return response

    app.add_url_rule("/", "page", lambda: serve("index.html"))
    app.add_url_rule("/page/<path:file>", "page_file", serve)
    app.add_url_rule(
        "/page/settings.json",
        "page_settings",
        lambda: {"stream_url": stream, "trace_url_template": trace_url_template},
    )
