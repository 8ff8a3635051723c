"""The HTML pages, for browsers. What they say comes from `routes.py`; how they look, from `templates/`.

A page loads nothing: its one style sheet is inlined, and the Content-Security-Policy allows that one and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, Response, render_template, request

from frontend_service.request_path import RequestPath
from observability.flask import current_trace_id

_TEMPLATES = Path(__file__).parent / "templates"
#: How an error page calls a status.
_TITLES = {400: "That cannot be", 404: "Not here", 405: "Not that way", 503: "Out of reach"}
_WIDTH = 100.0


class Pages:
    """Renders the templates; `trace_url_template` and `logs_url_template` hold `{trace_id}`."""

    def __init__(self, trace_url_template: str, logs_url_template: str) -> None:
        self._trace_url_template = trace_url_template
        self._logs_url_template = logs_url_template
        self._style = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        self._policy = (
            f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )

    def render(self, template: str, *, path: RequestPath | None = None, **content: Any) -> Response:
        """The page as a response; `path` draws the path the request took."""
        trace_id = current_trace_id()
        body = render_template(
            template,
            style=self._style,
            path=path,
            bars=_bars(path) if path else [],
            trace_id=trace_id,
            trace_url=self._trace_url_template.replace("{trace_id}", trace_id or ""),
            logs_url=self._logs_url_template.replace("{trace_id}", trace_id or ""),
            **content,
        )
        response = Response(body, mimetype="text/html")
        response.headers["Content-Security-Policy"] = self._policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        # A page shows one request's own trace.
        response.headers["Cache-Control"] = "no-store"
        return response

    def render_error(self, error_body: dict[str, Any], status: int, path: RequestPath | None = None) -> Response:
        """The error, in the shape of `observability.errors`, as a page."""
        title = _TITLES.get(status, "That failed")
        return self.render("error.html", status=status, title=title, path=path, **error_body)


def wants_page() -> bool:
    """Whether the client likes HTML better than JSON. Without a preference (`*/*`) it gets JSON."""
    return request.accept_mimetypes.best_match(("application/json", "text/html")) == "text/html"


def register_filters(app: Flask) -> None:
    """Teach the templates how the shop writes things."""
    filters: dict[str, Callable[..., str]] = {"money": money, "day": day, "words": words, "sentence": sentence}
    app.jinja_env.filters.update(filters)


def money(cents: int) -> str:
    """123456 -> "1,234.56 €"."""
    return f"{cents / 100:,.2f} €"


def day(moment: str) -> str:
    """An RFC 3339 time -> its day."""
    return moment[:10]


def words(name: str) -> str:
    """`five_or_more` -> "five or more"."""
    return name.replace("_", " ")


def sentence(text: str) -> str:
    """`there is no user 7` -> "There is no user 7."."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("." if text and text[-1] not in ".!?" else "")


def _bars(path: RequestPath) -> list[dict[str, Any]]:
    """Each tier's bar in percent of the whole.

    Only a tier's length is known, not its start: it is drawn in the middle of the tier that called it, as if the
    way there and the way back had taken the same time.
    """
    whole = max((tier.milliseconds for tier in path.tiers), default=0) or 1
    bars = []
    for tier in path.tiers:
        width = min(tier.milliseconds / whole, 1.0) * _WIDTH
        bars.append(
            {
                "name": tier.name,
                "milliseconds": tier.milliseconds,
                "x": round((_WIDTH - width) / 2, 2),
                "width": round(max(width, 0.6), 2),
            }
        )
    return bars
