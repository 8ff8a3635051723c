"""Tempo's older search: `tags` in logfmt, each of which some span of the trace must carry."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..quoting import unquote
from ..refusals import BadRequest
from .query_language.evaluator import Trace
from .query_language.parser import STATUSES

_PAIR = re.compile(r'\s*([^\s="]+)(?:=("(?:[^"\\]|\\.)*"|[^\s"]*))?(?=\s|$)')


def parse_tags(text: str) -> dict[str, str]:
    """The tags of a logfmt text such as `service.name=frontend name="GET /"`. Raises BadRequest."""
    tags: dict[str, str] = {}
    position = 0
    while text[position:].strip():
        match = _PAIR.match(text, position)
        if match is None:
            raise BadRequest(f"invalid tags: cannot read {text[position : position + 40]!r} as logfmt (key=value)")
        value = match[2] or ""
        try:
            tags[match[1]] = unquote(value) if value.startswith('"') else value
        except ValueError:
            raise BadRequest(f"invalid tags: invalid syntax in {value[:100]}") from None
        position = match.end()
    return tags


def trace_test(
    tags: dict[str, str], minimum_nanoseconds: int | None, maximum_nanoseconds: int | None
) -> Callable[[Trace], bool]:
    """A test of whole traces: every tag somewhere in it, and its duration within the bounds."""

    def accepts(trace: Trace) -> bool:
        if minimum_nanoseconds is not None and trace.duration < minimum_nanoseconds:
            return False
        if maximum_nanoseconds is not None and trace.duration > maximum_nanoseconds:
            return False
        return all(_carries(trace, name, value) for name, value in tags.items())

    return accepts


def _carries(trace: Trace, name: str, value: str) -> bool:
    match name:
        case "name":
            return any(value in span.name for span in trace.spans)
        case "root.name":
            return trace.root is not None and value in trace.root.name
        case "root.service.name":
            return trace.root is not None and value in trace.root.source.service_name
        case "status.code":
            return any(span.status == STATUSES.get(value) for span in trace.spans)
        case "error":
            return value == "true" and any(span.status == STATUSES["error"] for span in trace.spans)
        case "http.status_code":
            return any(str(span.attributes.get(name)) == value for span in trace.spans)
    return any(
        isinstance(found, str) and value in found
        for span in trace.spans
        for found in (span.attributes.get(name), span.source.resource.get(name))
    )
