"""Tempo's older search: `tags` in logfmt, each of which some span of the trace must carry."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..deadline import Deadline
from ..quoting import unquote
from ..refusals import BadRequest
from .columns import Column, SpanBlock
from .query_language.fetching import OWN_COLUMNS
from .query_language.search import FoundTrace, enough, newest_first, summary
from .query_language.syntax import STATUSES

_PAIR = re.compile(r'\s*([^\s="]+)(?:=("(?:[^"\\]|\\.)*"|[^\s"]*))?(?=\s|$)')

Bools = NDArray[np.bool_]


def parse_tags(text: str) -> dict[str, str]:
    """The tags of a logfmt text such as `service.name=frontend name="GET /"`. Raises BadRequest."""
    tags: dict[str, str] = {}
    position = 0
    while text[position:].strip():
        match = _PAIR.match(text, position)
        if match is None:
            raise BadRequest(f"invalid tags: {_problem(text, position)}")
        value = match[2] or ""
        if match[1] in tags:
            raise BadRequest(f"invalid tags: tag {match[1]} has been set twice")
        try:
            tags[match[1]] = unquote(value) if value.startswith('"') else value
        except ValueError:
            raise BadRequest(f"invalid tags: invalid syntax in {value[:100]}") from None
        position = match.end()
    return tags


def search_by_tags(
    tags: dict[str, str],
    shortest: int | None,
    longest: int | None,
    blocks: Iterable[SpanBlock],
    start: int,
    end: int,
    limit: int,
    deadline: Deadline,
) -> list[FoundTrace]:
    """At most `limit` traces that touch [start, end], carry the tags and last so long (nanoseconds), newest first.

    Raises TimedOut.
    """
    found: list[FoundTrace] = []
    for block in blocks:
        deadline.check()
        if enough(found, limit, block):
            break
        fits = (block.trace_start <= end) & (block.trace_end >= start)
        duration = block.trace_end - block.trace_start
        if shortest:
            fits &= duration >= shortest
        if longest:
            fits &= duration <= longest
        for name, value in tags.items():
            fits &= _traces_with(block, name, value)
        traces = np.flatnonzero(fits)
        newest = traces[np.argsort(-block.trace_start[traces], kind="stable")[:limit]]
        found = newest_first([*found, *(summary(block, trace, []) for trace in newest.tolist())])[:limit]
    return found


def _traces_with(block: SpanBlock, name: str, value: str) -> Bools:
    match name:
        case "name":
            return _any_span(block, _containing(block.intrinsic("span:name"), value))
        case "root.name" | "root.service.name":
            column = block.intrinsic("span:name" if name == "root.name" else "service")
            return (block.root >= 0) & _containing(column, value)[block.root]
        case "status.code":
            if value not in STATUSES:
                return np.ones(block.trace_count, np.bool_)
            return _any_span(block, _equal(block.intrinsic("span:status"), STATUSES[value]))
        case "http.status_code":
            return _any_span(block, _equal(block.attribute("span", name), int(value) if value.isdecimal() else None))
    found = np.zeros(block.count, np.bool_)
    for scope in ("span", "resource"):
        column = block.attribute(scope, name)
        if name not in OWN_COLUMNS[scope]:
            found |= _equal(column, value)
        elif value:
            # What Tempo keeps in columns of its own is searched for parts.
            found |= _containing(column, value)
        else:
            found[:] = True
    return _any_span(block, found)


def _problem(text: str, position: int) -> str:
    """What is wrong with logfmt from a position on, as Go's decoder says it; it counts from 1."""
    begins = position + len(text[position:]) - len(text[position:].lstrip())
    if text[begins] in '="':
        return f"unexpected '{text[begins]}' at pos {begins + 1}"
    quote = text.find('="', begins)
    closed = quote >= 0 and re.compile(r'"(?:[^"\\]|\\.)*"').match(text, quote + 1)
    if quote >= 0 and not closed:
        return f"unterminated quoted value at pos {len(text) + 1}"
    odd = text.find('"', begins) if not closed else closed.end()
    return f"unexpected '{text[odd]}' at pos {odd + 1}"


def _containing(column: Column, text: str) -> Bools:
    return np.array([*(isinstance(value, str) and text in value for value in column.values), False], np.bool_)[
        column.codes
    ]


def _equal(column: Column, wanted: int | str | None) -> Bools:
    """Where the value, or one of a list of values, is the wanted one."""
    type_ = type(wanted)
    fits = [
        any(type(item) is type_ and item == wanted for item in (value if isinstance(value, list) else (value,)))
        for value in column.values
    ]
    return np.array([*fits, False], np.bool_)[column.codes]


def _any_span(block: SpanBlock, spans: Bools) -> Bools:
    if not block.trace_count:
        return np.zeros(0, np.bool_)
    return np.logical_or.reduceat(spans, block.first_row[:-1])
