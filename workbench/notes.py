"""`POST /api/annotations`: marks this moment on every chart, as `lab annotate` does."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, get_args

from starlette.responses import Response
from starlette.routing import Route

from workbench.answers import answer, problem
from workbench.settings import Settings
from workbench.writing import writing_route


def routes(settings: Settings, services: Collection[str]) -> list[Route]:
    """A note is `{text, kind: deploy|fault|note, service}`; without kind a note, without service about none in
    particular. It is answered with the line that Loki has got."""

    def write(note: dict[str, Any]) -> Response:
        return _write(settings.loki_url, services, note)

    return [writing_route("/api/annotations", settings.writers, write)]


def _write(loki_url: str, services: Collection[str], note: dict[str, Any]) -> Response:
    """Raises ValueError when the note cannot be one."""
    # With it comes `requests`, for which most visitors have no need.
    from lab.events import Event, EventError, Kind, clean_text, record

    text, kind, service = note.get("text"), note.get("kind", "note"), note.get("service")
    unknown = sorted(set(note) - {"text", "kind", "service"})
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not known here: send text, kind and service")
    if not isinstance(text, str):
        raise ValueError("text is missing: say what happened")
    if kind not in get_args(Kind):
        raise ValueError(f"kind is none of {', '.join(get_args(Kind))}")
    if service is not None and service not in services:
        raise ValueError(f"there is no such service; there are: {', '.join(services)}")
    event = Event(clean_text(text), kind, service)
    try:
        record(loki_url, event)
    except EventError as failure:
        return problem(502, "unreachable", str(failure))
    return answer(event.fields, 201)
