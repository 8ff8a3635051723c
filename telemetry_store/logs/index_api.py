"""Loki's endpoints about its index: names and values of labels, and streams."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..http_api import JsonAnswer, Parameters, read_parameters
from ..vectors import Labels
from .parameters import read_range, read_selector
from .storage import LogStorage


class IndexApi:
    """The endpoints that read labels, not lines."""

    def __init__(self, storage: LogStorage) -> None:
        self._storage = storage

    def routes(self) -> list[BaseRoute]:
        """The routes of these endpoints."""
        return [
            Route("/loki/api/v1/labels", self.labels, methods=["GET", "POST"]),
            Route("/loki/api/v1/label", self.labels, methods=["GET", "POST"]),
            Route("/loki/api/v1/label/{name}/values", self.label_values, methods=["GET", "POST"]),
            Route("/loki/api/v1/series", self.series, methods=["GET", "POST"]),
        ]

    async def labels(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        names = {name for labels in self._found(parameters, _query(parameters)) for name in labels}
        return _list(sorted(names))

    async def label_values(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        name = request.path_params["name"]
        found = self._found(parameters, _query(parameters))
        return _list(sorted({labels[name] for labels in found if name in labels}))

    async def series(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        selectors = sorted({*parameters.all("match"), *parameters.all("match[]")})
        if len(selectors) == 1 and selectors[0].replace(" ", "") == "{}":
            selectors = []
        return JsonAnswer({"status": "success", "data": list(self._found(parameters, selectors))})

    def _found(self, parameters: Parameters, selectors: list[str]) -> Iterable[Labels]:
        """Labels of the streams in the range that one of the selectors accepts; all of them without a selector."""
        start, end = read_range(parameters, default_hours=6)
        wanted = [read_selector(selector) for selector in selectors]
        return [
            stream.labels
            for stream in self._storage.streams(start, end)
            if not wanted or any(all(m.accepts_labels(stream.labels) for m in matchers) for matchers in wanted)
        ]


def _query(parameters: Parameters) -> list[str]:
    query = parameters.get("query")
    return [query] if query else []


def _list(values: list[str]) -> Response:
    # Loki leaves an empty list out.
    return JsonAnswer({"status": "success", "data": values} if values else {"status": "success"})
