"""The committed dashboards, as the browser draws them: their JSON as it is, and what their panels ask.

The JSON is Grafana's, so there is one set of dashboards. Variables and macros are filled in by
`grafana.query_catalogue`, which the tests of every query use too; the browser asks again only when the range's length,
the step or a variable changes, not at each refresh.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from grafana.query_catalogue import Questions, View, dashboard_files, minutes_of, panels_of

_VARIABLE = "var-"
_LONGEST_RANGE_SECONDS = 366 * 86_400
_MOST_POINTS = 11_000
#: Of one variable, and letters of one value: what somebody chooses or types, with room.
_MOST_VALUES, _LONGEST_VALUE = 500, 2_000


class BadView(ValueError):
    """A range, a number of points or a variable that cannot be meant."""


def routes(directory: Path) -> list[Route]:
    """`GET /api/dashboards`, `/api/dashboards/{uid}` and `/api/dashboards/{uid}/questions`.

    Questions take `range` and `points` (seconds, and points of a line at most) and `var-<name>` for each variable.
    What is told is that of the files as they are: whoever changes a dashboard reloads the page.
    """

    async def every(request: Request) -> Response:
        return JSONResponse(summaries(directory))

    async def one(request: Request) -> Response:
        file = _file(directory, request.path_params["uid"])
        return (
            _unknown(directory, request) if file is None else Response(file.read_bytes(), media_type="application/json")
        )

    async def questions(request: Request) -> Response:
        file = _file(directory, request.path_params["uid"])
        if file is None:
            return _unknown(directory, request)
        try:
            return JSONResponse(questions_of(json.loads(file.read_bytes()), request.query_params.multi_items()))
        except ValueError as error:
            return JSONResponse({"error": str(error), "errorType": "bad_data"}, 400)

    return [
        Route("/api/dashboards", every),
        Route("/api/dashboards/{uid}", one),
        Route("/api/dashboards/{uid}/questions", questions),
    ]


def summaries(directory: Path) -> list[dict[str, Any]]:
    """uid, title, description and tags of each, in the order of their titles."""
    found = [_summary(file, (stat := file.stat()).st_mtime_ns, stat.st_size) for file in dashboard_files(directory)]
    return sorted(found, key=lambda summary: str(summary["title"]))


@lru_cache(maxsize=128)
def _summary(file: Path, changed_ns: int, size: int) -> dict[str, Any]:
    """Of a file as it was at that moment: every page has all of them in it, and few files change."""
    document = json.loads(file.read_bytes())
    return {
        "uid": document["uid"],
        "title": document["title"],
        "description": document.get("description", ""),
        "tags": document.get("tags", []),
    }


def questions_of(document: Mapping[str, Any], parameters: list[tuple[str, str]]) -> dict[str, Any]:
    """By panel's id, by variable's and by annotation's name; `words` has titles and addresses, filled in.

    Raises BadView, and UnknownVariable when the dashboard names a variable that it does not have.
    """
    questions = Questions(document, _view(document, parameters))
    panels = list(panels_of(document))
    return {
        "panels": {str(panel["id"]): [asdict(one) for one in questions.of_panel(panel)] for panel in panels},
        "variables": {variable["name"]: asdict(one) for variable, one in questions.variables()},
        "annotations": {annotation["name"]: asdict(one) for annotation, one in questions.annotations()},
        "words": {text: filled for text in _words(document, panels) if (filled := questions.words(text)) != text},
    }


def _words(document: Mapping[str, Any], panels: list[Mapping[str, Any]]) -> Iterator[str]:
    """Titles and addresses that name a variable."""
    places = [document.get("links", []), *(_titled(panel) for panel in panels)]
    for text in (text for place in places for text in _texts(place)):
        if "$" in text or "[[" in text:
            yield text


def _titled(panel: Mapping[str, Any]) -> list[Any]:
    fields = panel.get("fieldConfig", {})
    properties = [item for override in fields.get("overrides", []) for item in override["properties"]]
    content = panel.get("options", {}).get("content", "")
    links = [item["value"] for item in properties if item["id"] == "links"]
    return [
        panel.get("title", ""),
        content,
        panel.get("links", []),
        fields.get("defaults", {}).get("links", []),
        *links,
    ]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts([value.get("title", ""), value.get("url", "")])
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _view(document: Mapping[str, Any], parameters: list[tuple[str, str]]) -> View:
    chosen: dict[str, list[str]] = {}
    numbers = {"range": minutes_of(document) * 60, "points": 0}
    limits = {"range": (1, _LONGEST_RANGE_SECONDS), "points": (0, _MOST_POINTS)}
    known = {str(variable["name"]) for variable in document.get("templating", {}).get("list", [])}
    for name, value in parameters:
        if name in numbers:
            numbers[name] = _whole_number(name, value, *limits[name])
        elif name.startswith(_VARIABLE) and name.removeprefix(_VARIABLE) in known:
            chosen.setdefault(name.removeprefix(_VARIABLE), []).append(value)
        # A link from another dashboard may bring its variables along, and they do no harm; anything else is a slip.
        elif not name.startswith(_VARIABLE):
            raise BadView(f"{name!r} is not known here: send range, points and var-<name>")
    for name, values in chosen.items():
        if len(values) > _MOST_VALUES or max(map(len, values)) > _LONGEST_VALUE:
            raise BadView(f"too much for variable {name}: at most {_MOST_VALUES} values of {_LONGEST_VALUE} letters")
    return View(numbers["range"], numbers["points"], chosen)


def _whole_number(name: str, text: str, least: int, most: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 12 or not least <= int(text) <= most:
        raise BadView(f"{name} is {text[:40]!r}, but has to be a whole number from {least} to {most}")
    return int(text)


def _file(directory: Path, uid: str) -> Path | None:
    """Only a name that is in the list, so that no path can be asked for."""
    return next((file for file in dashboard_files(directory) if file.stem == uid), None)


def _unknown(directory: Path, request: Request) -> Response:
    known = ", ".join(file.stem for file in dashboard_files(directory))
    message = f"there is no dashboard {request.path_params['uid'][:80]!r}; there are {known or 'none'}"
    return JSONResponse({"error": message, "errorType": "not_found"}, 404)
