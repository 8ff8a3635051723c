"""What the lab is, for the page to know without asking around, and what the page can do to it: leave a note."""

from __future__ import annotations

import asyncio
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, get_args

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from lab.explore import LINKS
from lab.manifest import Service, System, discover
from lab.paths import REPOSITORY
from lab.ports import url
from lab.stacks.stack import SCRAPE_INTERVAL_SECONDS
from workbench import dashboards
from workbench.security import why_it_is_read_only, why_it_may_not_write
from workbench.settings import Settings

_LONGEST_BODY = 10_000


class Lab:
    """One lab, as the settings and the manifests describe it."""

    def __init__(self, settings: Settings) -> None:
        """Raises ValueError when a system or a service of the settings is not known, or a manifest is wrong."""
        self._settings = settings
        self._systems = _chosen(settings.systems)
        self._services = [service.name for system in self._systems for service in system.services]
        for name in settings.service_urls:
            if name not in self._services:
                raise ValueError(
                    f"WORKBENCH_SERVICE_URLS names a service {name!r}; there are: {', '.join(self._services)}"
                )
        self._version = _version()

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/api/lab", self._show),
            Route("/api/annotations", self._annotate, methods=["POST"]),
        ]

    def describe(self, request: Request) -> dict[str, Any]:
        """Everything, for whoever asks: what may be changed depends on where he is."""
        settings = self._settings
        return {
            "version": self._version,
            "stack": settings.stack,
            "readOnly": why_it_is_read_only(request.scope, settings.writers) is not None,
            "grafanaUrl": settings.grafana_url,
            "alertInbox": settings.alert_inbox_url is not None,
            "systems": [self._system(system) for system in self._systems],
            "dashboards": dashboards.summaries(settings.dashboards),
            "questions": [_in_camel_case(asdict(link)) for link in LINKS],
            "scrapeIntervalSeconds": SCRAPE_INTERVAL_SECONDS,
        }

    async def _show(self, request: Request) -> Response:
        return JSONResponse(self.describe(request), headers={"Cache-Control": "no-store"})

    async def _annotate(self, request: Request) -> Response:
        reason = why_it_may_not_write(request.scope, self._settings.writers)
        if reason is not None:
            return _error(403, "forbidden", reason)
        try:
            note = await _read_object(request)
        except ClientDisconnect:
            return Response(status_code=400)
        except ValueError as error:
            return _error(400, "bad_data", str(error))
        return await asyncio.to_thread(self._record, note)

    def _record(self, note: Mapping[str, Any]) -> Response:
        # With it comes `requests`, for which most visitors have no need.
        from lab.events import Event, EventError, Kind, clean_text, record

        unknown = set(note) - {"text", "kind", "service"}
        kind, service = note.get("kind", "note"), note.get("service")
        try:
            if unknown:
                raise ValueError(f"{min(unknown)!r} is not known here: send text, kind and service")
            if not isinstance(note.get("text"), str):
                raise ValueError("text is missing: say what happened")
            if kind not in get_args(Kind):
                raise ValueError(f"kind is none of {', '.join(get_args(Kind))}")
            if service is not None and service not in self._services:
                raise ValueError(f"there is no such service; there are: {', '.join(self._services)}")
            event = Event(clean_text(note["text"]), kind, service)
        except ValueError as error:
            return _error(400, "bad_data", str(error))
        try:
            record(self._settings.loki_url, event)
        except EventError as error:
            return _error(502, "unreachable", str(error))
        return JSONResponse(event.fields, 201)

    def _system(self, system: System) -> dict[str, Any]:
        return {
            "name": system.name,
            "title": system.title,
            "entry": system.entry_service,
            "services": [
                {
                    "name": service.name,
                    "address": self._address(service),
                    "dependsOn": list(service.depends_on),
                    "example": service.example,
                }
                for service in system.services
            ],
            "dashboards": list(system.dashboards),
        }

    def _address(self, service: Service) -> str:
        return self._settings.service_urls.get(service.name) or url(service.port)


async def _read_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object. Raises ValueError that says what is wrong."""
    # A form of another page can send text, but not this type without asking first.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ValueError("send JSON, with Content-Type: application/json")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LONGEST_BODY:
            raise ValueError(f"that is more than {_LONGEST_BODY} bytes")
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"that is no JSON: {error}") from None
    if not isinstance(content, dict):
        raise ValueError('send an object such as {"text": "new version", "kind": "deploy"}')
    return content


def _chosen(names: Sequence[str]) -> list[System]:
    known = discover()
    for name in names:
        if name not in known:
            raise ValueError(f"WORKBENCH_SYSTEMS names a system {name!r}; there are: {', '.join(known)}")
    return [known[name] for name in names] if names else list(known.values())


def _version() -> str:
    with (REPOSITORY / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def _in_camel_case(fields: Mapping[str, Any]) -> dict[str, Any]:
    """As JavaScript writes names."""
    return {
        first + "".join(word.capitalize() for word in rest): value
        for name, value in fields.items()
        for first, *rest in [name.split("_")]
    }


def _error(status: int, kind: str, sentence: str) -> Response:
    return JSONResponse({"error": sentence, "errorType": kind}, status, {"Cache-Control": "no-store"})
