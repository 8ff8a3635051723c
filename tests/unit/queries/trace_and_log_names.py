"""Which labels and fields a LogQL query names, which attributes a TraceQL query names, and which of them nobody emits.

Both trees come from the telemetry store's parsers, which are compared with the real servers'.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from telemetry_store.logs.query_language import syntax as logql
from telemetry_store.logs.query_language.parser import parse_without_validation as parse_logql
from telemetry_store.matchers import Matcher
from telemetry_store.traces.query_language import syntax as traceql
from telemetry_store.traces.query_language.parser import parse as parse_traceql
from telemetry_store.vectors import Grouping

#: `{{.name}}` in line_format and label_format. `$` is the line's own data, `__line__` and friends are functions.
_TEMPLATE_FIELD = re.compile(r"\.([A-Za-z_]\w*)")
_TEMPLATE_ACTION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_REGEXP_GROUP = re.compile(r"\(\?P<(\w+)>")
_PATTERN_CAPTURE = re.compile(r"<(\w+)>")

#: Loki's own: when a line cannot be parsed.
_ERRORS = {"__error__", "__error_details__"}


@dataclass(frozen=True)
class Emitted:
    """What a stream, a line and a span of the lab can have."""

    stream_labels: frozenset[str]
    #: Values of stream labels that form a list.
    label_values: dict[str, frozenset[str]]
    log_fields: frozenset[str]
    span_attributes: frozenset[str]
    resource_attributes: frozenset[str]
    event_attributes: frozenset[str]
    span_names: frozenset[str]
    services: frozenset[str]

    @property
    def parsed_labels(self) -> frozenset[str]:
        """What `| json` makes of the fields."""
        return frozenset(re.sub(r"\W", "_", name) for name in self.log_fields)


def nodes(tree: Any) -> Iterator[Any]:
    """Every part of a tree of dataclasses."""
    yield tree
    if is_dataclass(tree):
        for field in fields(tree):
            yield from nodes(getattr(tree, field.name, None))
    elif isinstance(tree, tuple | list):
        for item in tree:
            yield from nodes(item)


def logql_problems(text: str, emitted: Emitted) -> list[str]:
    """What the query names and nothing has. Raises BadRequest when it cannot be parsed."""
    problems = []
    parts = list(nodes(parse_logql(text)))
    for matcher in (m for part in parts if isinstance(part, logql.LogQuery) for m in part.matchers):
        problems += _stream_label_problems(matcher, emitted)
    known = emitted.stream_labels | _ERRORS
    if any(isinstance(part, logql.LineParser) and part.name == "json" for part in parts):
        parsed = emitted.parsed_labels
        # A field with the name of a stream label gets a name of its own.
        known |= parsed | {f"{name}_extracted" for name in parsed & emitted.stream_labels}
    known |= {name for part in parts for name in _made_by(part)}
    for name in sorted({name for part in parts for name in _named_by(part)}):
        if name not in known:
            problems.append(f"no line has {name}")
    return problems


def _stream_label_problems(matcher: Matcher, emitted: Emitted) -> list[str]:
    if matcher.name not in emitted.stream_labels:
        return [f"no stream has a label {matcher.name}"]
    values = emitted.label_values.get(matcher.name)
    if values is not None and not any(matcher.accepts(value) for value in values):
        return [f"no stream has {matcher.name}{matcher.operation}{matcher.value!r}"]
    return []


def _named_by(part: Any) -> Iterator[str]:
    match part:
        case logql.TextFilter():
            yield part.matcher.name
        case logql.NumberFilter() | logql.AddressFilter() | logql.Unwrap():
            yield part.label
        case Grouping():
            yield from part.names
        case logql.LineFormat():
            yield from _in_template(part.template)
        case logql.LabelAssignment():
            if part.renames:
                yield part.value
            else:
                yield from _in_template(part.value)
        case logql.LabelReplace():
            yield part.source


def _made_by(part: Any) -> Iterator[str]:
    match part:
        case logql.Extraction() | logql.LabelAssignment():
            yield part.label
        case logql.LineParser(name="regexp"):
            yield from _REGEXP_GROUP.findall(part.pattern)
        case logql.LineParser(name="pattern"):
            yield from _PATTERN_CAPTURE.findall(part.pattern)
        case logql.LabelReplace():
            yield part.target


def _in_template(template: str) -> Iterator[str]:
    for action in _TEMPLATE_ACTION.findall(template):
        yield from _TEMPLATE_FIELD.findall(_QUOTED.sub("", action))


def traceql_problems(text: str, emitted: Emitted) -> list[str]:
    """What the query names and nothing has. Raises BadRequest when it cannot be parsed."""
    known = {
        "span": emitted.span_attributes,
        "resource": emitted.resource_attributes,
        "event": emitted.event_attributes,
        "": emitted.span_attributes | emitted.resource_attributes,
    }
    problems = []
    for part in nodes(parse_traceql(text)):
        if isinstance(part, traceql.Attribute) and part.scope in known and part.name not in known[part.scope]:
            problems.append(f"no {part.scope or 'span or resource'} has an attribute {part.name}")
        if isinstance(part, traceql.Binary):
            problems += _value_problems(part, emitted)
    return problems


def _value_problems(comparison: traceql.Binary, emitted: Emitted) -> list[str]:
    values = {"service.name": emitted.services, "span:name": emitted.span_names, "trace:rootService": emitted.services}
    left, right = comparison.left, comparison.right
    if not isinstance(left, traceql.Attribute) or not isinstance(right, traceql.Static) or right.type != "string":
        return []
    known = values.get(left.name)
    if known is None or comparison.operation not in ("=", "=~"):
        return []
    if comparison.operation == "=" and right.value not in known:
        return [f"no span has {left} = {right.value!r}"]
    if comparison.operation == "=~" and not any(re.search(right.value, value) for value in known):
        return [f"no span has {left} =~ {right.value!r}"]
    return []
