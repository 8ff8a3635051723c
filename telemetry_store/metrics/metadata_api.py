"""The endpoints that tell what series there are, and `/federate` with their samples. Source: Prometheus HTTP API v1."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from ..deadline import Deadline
from ..http_api import JsonAnswer, Parameters, QueryThreads, read_parameters
from ..matchers import Matcher
from ..quoting import quote
from ..refusals import BadRequest
from ..vectors import format_value
from .exposition import Labels
from .parameters import read_limit, read_range, read_selectors, success, wrong_parameter
from .samples import is_stale
from .storage import MetricStorage

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)

#: How far back `/federate` looks for a series' last sample.
_LOOKBACK_MILLISECONDS = 5 * 60 * 1000


class MetadataApi:
    """What series one storage has."""

    def __init__(self, storage: MetricStorage, external_labels: Mapping[str, str], threads: QueryThreads) -> None:
        self._storage = storage
        self._external_labels = external_labels
        self._threads = threads

    def routes(self) -> list[BaseRoute]:
        """The endpoints."""
        both = ["GET", "POST"]
        return [
            Route("/api/v1/series", self.series, methods=both),
            Route("/api/v1/labels", self.labels, methods=both),
            Route("/api/v1/label/{name}/values", self.label_values),
            Route("/federate", self.federate),
        ]

    async def series(self, request: Request) -> Response:
        """The series that selectors accept."""
        parameters = await read_parameters(request)
        if not parameters.all("match[]"):
            raise BadRequest("no match[] parameter provided")
        try:
            found = await self._find(parameters)
        except BadRequest as refusal:
            named = str(refusal).startswith("invalid parameter")
            raise refusal if named else wrong_parameter("match[]", refusal) from None
        return _first([dict(labels) for labels in found], parameters)

    async def labels(self, request: Request) -> Response:
        """The names of labels."""
        parameters = await read_parameters(request)
        names = {name for labels in await self._find(parameters) for name, _ in labels}
        return _first(sorted(names), parameters)

    async def label_values(self, request: Request) -> Response:
        """The values of one label."""
        wanted = request.path_params["name"]
        if not _LABEL_NAME.fullmatch(wanted):
            raise BadRequest(f'invalid label name: "{wanted}"')
        parameters = await read_parameters(request)
        values = {value for labels in await self._find(parameters) for name, value in labels if name == wanted}
        return _first(sorted(values), parameters)

    async def _find(self, parameters: Parameters) -> list[Labels]:
        """The labels of the series that any `match[]` accepts, of all when there is none; sorted."""
        start, end = read_range(parameters)
        selectors: list[tuple[Matcher, ...]] = read_selectors(parameters) or [()]

        def work() -> list[Labels]:
            found = [self._storage.series(matchers, start, end) for matchers in selectors]
            return found[0] if len(found) == 1 else sorted(set(itertools.chain.from_iterable(found)))

        return await self._threads.run(work)

    async def federate(self, request: Request) -> Response:
        """The last samples of the series that any `match[]` accepts, as a page to scrape."""
        parameters = await read_parameters(request)
        try:
            selectors = read_selectors(parameters)
        except BadRequest as refusal:
            return PlainTextResponse(f"{refusal}\n", 400)
        page = await self._threads.run(self._federated, selectors)
        return PlainTextResponse(page, media_type="text/plain; version=0.0.4; charset=utf-8")

    def _federated(self, selectors: list[tuple[Matcher, ...]]) -> str:
        now = time.time_ns() // 1_000_000
        outside = sorted(self._external_labels.items())
        lines: dict[tuple[str, str], str] = {}
        for matchers in selectors:
            found = self._storage.select(matchers, now - _LOOKBACK_MILLISECONDS, now, Deadline())
            for labels, times, values in found.runs():
                if is_stale(values[-1:])[0]:
                    continue
                name = labels.get("__name__", "")
                # A page without instance would get that of its own target.
                shown = {**dict(sorted(labels.items())), **{n: v for n, v in outside if n not in labels}}
                shown.setdefault("instance", "")
                pairs = ",".join(f"{n}={quote(v)}" for n, v in shown.items() if n != "__name__")
                lines[name, pairs] = f"{name}{{{pairs}}} {format_value(float(values[-1]))} {int(times[-1])}"
        page: list[str] = []
        before = None
        for (name, _), line in sorted(lines.items()):
            if name != before:
                page.append(f"# TYPE {name} untyped")
                before = name
            page.append(line)
        return "".join(f"{line}\n" for line in page)


def _first(rows: Sequence[object], parameters: Parameters) -> Response:
    """As many rows as the request wants, with a warning if there are more, as newer versions of Prometheus give."""
    limit = read_limit(parameters)
    if limit is None or len(rows) <= limit:
        return success(rows)
    return JsonAnswer({"status": "success", "data": rows[:limit], "warnings": ["results truncated due to limit"]})
