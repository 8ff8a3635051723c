"""Loki's `detected_labels` and `detected_fields`: which labels and fields the lines of a query have."""

from __future__ import annotations

import math
import re
import uuid
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..deadline import Deadline
from ..http_api import JsonAnswer, Parameters, QueryThreads, read_parameters
from ..limits import LOG_ENTRIES
from ..refusals import BadRequest
from ..times import parse_go_duration
from .fields import ParsedField, fields_of_line
from .parameters import read_range, read_selector, read_step
from .query_language.log_lines import find_lines
from .query_language.parser import parse
from .query_language.syntax import LogQuery
from .storage import LogStorage

_LINES = 100
_FIELDS = 1_000

#: Labels that are shown even when all their values look like ids.
_ALWAYS_SHOWN = frozenset(("cluster", "namespace", "instance", "pod"))

_BYTES = re.compile(r"([0-9][0-9.,]*)\s*((?:[kmgtpe]i?)?b?)", re.IGNORECASE | re.ASCII)
_BYTE_ENDS = frozenset("bkmgtpei")
_BYTE_NAMES = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_BYTE_UNITS = {"": 1} | {
    letter + binary: base ** (power + 1)
    for power, letter in enumerate("kmgtpe")
    for binary, base in (("", 1000), ("i", 1024))
}
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_BOOLEANS = frozenset(("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"))


@dataclass
class _Field:
    """What is known of a field so far."""

    type: str = "string"
    #: In order of appearance.
    values: dict[str, None] = field(default_factory=dict)
    parsers: list[str] = field(default_factory=list)
    path: tuple[str, ...] | None = None


class DetectedApi:
    """The endpoints that look for labels and fields."""

    def __init__(self, storage: LogStorage, threads: QueryThreads) -> None:
        self._storage = storage
        self._threads = threads

    def routes(self) -> list[BaseRoute]:
        """The routes of these endpoints."""
        both = ["GET", "POST"]
        return [
            Route("/loki/api/v1/detected_labels", self.labels, methods=both),
            Route("/loki/api/v1/detected_fields", self.fields, methods=both),
            Route("/loki/api/v1/detected_field/{name}/values", self.values, methods=both),
        ]

    async def labels(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        start, end = read_range(parameters)
        if end < start:
            raise BadRequest("end timestamp must not be before or equal to start time")
        query = parameters.get("query")
        matchers = read_selector(query) if query else ()
        values: dict[str, set[str]] = {}
        for stream in self._storage.streams(start, end):
            if all(matcher.accepts_labels(stream.labels) for matcher in matchers):
                for name, value in stream.labels.items():
                    values.setdefault(name, set()).add(value)
        shown = [
            {"label": name, "cardinality": len(found)}
            for name, found in sorted(values.items())
            if name in _ALWAYS_SHOWN or not _are_ids(found)
        ]
        return JsonAnswer({"detectedLabels": shown} if shown else {})

    async def fields(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        found, limit = await self._detect(parameters)
        fields: list[dict[str, object]] = []
        for name, known in found.items():
            shown: dict[str, object] = {"label": name, "type": known.type, "cardinality": len(known.values)}
            shown["parsers"] = known.parsers or None
            if known.path:
                shown["jsonPath"] = known.path
            fields.append(shown)
        return JsonAnswer({"fields": fields, "limit": limit} if fields else {})

    async def values(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        found, limit = await self._detect(parameters, request.path_params["name"])
        known = found.get(request.path_params["name"])
        values = list({_insertable(value): None for value in known.values})[:limit] if known else []
        return JsonAnswer({"values": values, "limit": limit} if values else {})

    async def _detect(self, parameters: Parameters, only: str | None = None) -> tuple[dict[str, _Field], int]:
        """The fields by name (or one of them), and the limit that was asked for."""
        start, end = read_range(parameters)
        if end < start:
            raise BadRequest("end timestamp must not be before or equal to start time")
        lines = _positive(parameters.get("line_limit"), _LINES)
        limit = _positive(parameters.get("limit") or parameters.get("field_limit"), _FIELDS)
        read_step(parameters, start, end)
        query = parse(parameters.get("query"))
        if not isinstance(query, LogQuery):
            raise BadRequest("only log selector is supported")
        if lines > LOG_ENTRIES:
            raise BadRequest(
                f"max entries limit per query exceeded, limit > max_entries_limit_per_query ({lines} > {LOG_ENTRIES})"
            )
        found = await self._threads.run(self._fields_of, query, start, end, lines, limit, only)
        return found, limit

    def _fields_of(
        self, query: LogQuery, start: int, end: int, lines: int, limit: int, only: str | None
    ) -> dict[str, _Field]:
        found: dict[str, _Field] = {}
        for line in find_lines(self._storage, query, start, end, lines, True, Deadline()):
            metadata = [ParsedField(name, value) for name, value in line.metadata.items()]
            parser, parsed = fields_of_line(line.text, line.labels)
            # What the query itself parsed counts as well.
            paths = {one.name: one.path for one in parsed}
            for name, value in line.parsed.items():
                if not name.startswith("__error"):
                    parsed.append(ParsedField(name, value, paths.get(name)))
            for name_of_parser, pairs in (("", metadata), (parser, parsed)):
                for pair in pairs:
                    if only is not None and pair.name != only:
                        continue
                    known = found.get(pair.name)
                    if known is None:
                        if len(found) >= limit:
                            continue
                        known = found[pair.name] = _Field()
                    if name_of_parser and name_of_parser not in known.parsers:
                        known.parsers.append(name_of_parser)
                    if name_of_parser == "json":
                        known.path = pair.path
                    known.type = type_of(pair.value)
                    known.values[pair.value] = None
        return found


def type_of(value: str) -> str:
    """The kind of value that a text looks like, as Loki names it."""
    if _INTEGER.fullmatch(value):
        return "int"
    try:
        if "_" not in value and value == value.strip():
            float(value)
            return "float"
    except ValueError:
        pass
    if value in _BOOLEANS:
        return "boolean"
    if parse_go_duration(value) is not None and value[-1:] not in "dwy":
        return "duration"
    return "bytes" if _BYTES.fullmatch(value) else "string"


def _insertable(value: str) -> str:
    """A number of bytes in the short form that a query takes as well; any other value as it is."""
    match = _BYTES.fullmatch(value) if value[-1:].lower() in _BYTE_ENDS else None
    if match is None:
        return value
    number, unit = match[1].replace(",", ""), match[2].lower()
    try:
        size = int(float(number) * _BYTE_UNITS[unit.removesuffix("b")])
    except (ValueError, KeyError):
        return value
    if size < 10:
        return f"{size}B"
    power = min(int(math.log(size, 1000)), len(_BYTE_NAMES) - 1)
    rounded = math.floor(size / 1000**power * 10 + 0.5) / 10
    return f"{rounded:.1f}{_BYTE_NAMES[power]}" if rounded < 10 else f"{rounded:.0f}{_BYTE_NAMES[power]}"


def _are_ids(values: set[str]) -> bool:
    if not values:
        return True
    if len(values) <= 2 and values <= {"0", "1"}:
        return False
    return all(_is_id(value) for value in values)


def _is_id(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        pass
    else:
        return "_" not in value
    try:
        uuid.UUID(value)
    except ValueError:
        return False
    return True


def _positive(text: str, default: int) -> int:
    if not text:
        return default
    if not (text.lstrip("+-").isdigit() and text.isascii() and len(text) < 19):
        raise BadRequest(f'strconv.Atoi: parsing "{text}": invalid syntax')
    if int(text) <= 0:
        raise BadRequest("limit must be a positive value")
    return int(text)
