"""Names and values of tags in blocks, read from the dictionaries of columns: no span is looked at without a filter."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..deadline import Deadline
from .columns import SCOPES, Column, SpanBlock
from .known_attributes import DEDICATED, KNOWN
from .query_language.structure import tree_of
from .query_language.syntax import Attribute, format_duration, static_of
from .query_language.vectors import Bools
from .spans import Value
from .tag_filter import TagFilter

#: A value as Tempo shows it: type and text.
TagValue = tuple[str, str]

_WORDS = {0: "unset", 1: "ok", 2: "error"}

#: Intrinsics for which Tempo has no values once a query narrows them.
_NOT_NARROWED = frozenset(
    ("span:id", "span:parentID", "trace:id", "nestedSetLeft", "nestedSetRight", "nestedSetParent")
)

#: Attributes whose values Tempo loses in blocks when the query looks at what is known of resources or at scopes.
_LOST = frozenset(("http.method", "http.status_code"))

_UNSCOPED = ("resource", "span", "instrumentation")
_ROWS = slice(None)


@dataclass(frozen=True)
class Wanted:
    """Whose tags are wanted: those of spans in [start, end] (unix nanoseconds) that pass the filter."""

    start: int
    end: int
    filter: TagFilter
    #: Whether to answer as Tempo does from recent spans, rather than from its blocks.
    recent: bool

    def rows(self, block: SpanBlock, deadline: Deadline) -> Bools | None:
        """Which spans of the block these are; None for all."""
        rows = self.filter.rows(block, deadline)
        if block.count and (block.start.min() < self.start or (block.start + block.duration).max() > self.end):
            in_range = (block.start <= self.end) & (block.start + block.duration >= self.start)
            return in_range if rows is None else rows & in_range
        return rows


def tag_names(
    blocks: Iterable[SpanBlock], scopes: Collection[str], wanted: Wanted, deadline: Deadline
) -> dict[str, set[str]]:
    """Names of attributes by scope."""
    names: dict[str, set[str]] = {scope: set() for scope in SCOPES if scope in scopes}
    # Where Tempo narrows the names of all scopes at once, it leaves out events and links, and spans that have any.
    narrowed = not wanted.filter.takes_everything
    without_items = narrowed and len(names) == len(SCOPES)
    for block in blocks:
        deadline.check()
        rows = wanted.rows(block, deadline)
        if rows is not None and without_items:
            rows[block.event_times[0]] = False
        for scope, found in names.items():
            if without_items and scope in ("event", "link"):
                continue
            for name in block.attribute_names(scope):
                if name not in found and (
                    (narrowed and _is_known(block, scope, name, wanted)) or _is_named(block, scope, name, rows, wanted)
                ):
                    found.add(name)
    return names


def _is_known(block: SpanBlock, scope: str, name: str, wanted: Wanted) -> bool:
    known = KNOWN.get(scope, {}).get(name) or (DEDICATED.get(name) if wanted.recent and scope == "span" else None)
    return known is not None and any(type(value) is known for value in block.attribute(scope, name).values)


def _is_named(block: SpanBlock, scope: str, name: str, rows: Bools | None, wanted: Wanted) -> bool:
    forgotten = DEDICATED.get(name) if scope == "span" and not wanted.recent else None
    if rows is None and forgotten is None:
        return True
    return any(type(value) is not forgotten for value in _values(block, scope, name, rows))


def tag_values(blocks: Iterable[SpanBlock], tag: Attribute, wanted: Wanted, deadline: Deadline) -> Iterator[TagValue]:
    """The distinct values of an attribute or intrinsic."""
    if not wanted.recent and tag.scope == "span" and tag.name in _LOST and any(map(_loses, wanted.filter.attributes)):
        return
    seen: set[TagValue] = set()
    narrowed = not wanted.filter.takes_everything
    if narrowed and tag.name in _NOT_NARROWED:
        return
    show = _shown_narrowed(tag.name) if narrowed else shown
    for block in blocks:
        deadline.check()
        rows = wanted.rows(block, deadline)
        if rows is not None and not rows.any():
            continue
        for scope in [tag.scope] if tag.scope else _UNSCOPED:
            for value in _values(block, scope, tag.name, rows):
                if not wanted.recent and scope == "span" and DEDICATED.get(tag.name) is type(value):
                    continue
                for item in value if isinstance(value, list) else [value]:
                    text = show(item)
                    if text not in seen:
                        seen.add(text)
                        yield text


def _loses(looked_at: Attribute) -> bool:
    known = looked_at.scope == "resource" and looked_at.name in KNOWN["resource"]
    return known or looked_at.name.startswith("instrumentation:")


def shown(value: Value) -> TagValue:
    """The value's type and text."""
    if isinstance(value, bool):
        return "bool", "true" if value else "false"
    if isinstance(value, int):
        return "int", str(value)
    if isinstance(value, float):
        return "float", static_of(value).text
    return "string", str(value)


def _shown_narrowed(name: str) -> Callable[[Value], TagValue]:
    """How Tempo shows values that a query has narrowed: some intrinsics have types of their own then."""
    if name in ("span:duration", "trace:duration", "event:timeSinceStart"):
        return lambda value: ("duration", format_duration(int(str(value))))
    if name == "span:status":
        return lambda value: ("keyword", _WORDS.get(int(str(value)), f"status({value})"))
    if name == "span:kind":
        return lambda _: ("", "")
    return shown


def _values(block: SpanBlock, scope: str, name: str, rows: Bools | None) -> Iterable[Any]:
    if scope == "intrinsic":
        return _intrinsic(block, name, rows)
    if scope in ("event", "link"):
        return _of_items(block.events if scope == "event" else block.links, f"{scope}.{name}", rows)
    column = block.attribute(scope, name)
    values = _used(column, rows)
    if (scope, name) == ("resource", "service.name"):
        # A service without a name has an empty one.
        return dict.fromkeys([*values, *_used(block.intrinsic("service"), rows)])
    return values


def _used(column: Column, rows: Bools | None) -> Iterable[Value]:
    """The column's values in these rows."""
    if rows is None:
        return column.values
    codes = np.unique(column.codes[rows])
    return [column.values[code] for code in codes if code >= 0]


def _of_items(read: Callable[[str], tuple[Any, Column]], name: str, rows: Bools | None) -> Iterable[Value]:
    items, column = read(name)
    return _used(column, None if rows is None else rows[items])


def _intrinsic(block: SpanBlock, name: str, rows: Bools | None) -> Iterable[Any]:
    own = _ROWS if rows is None else rows
    traces = slice(None) if rows is None else np.unique(block.trace[rows])
    match name:
        case "span:duration":
            return np.unique(block.duration[own]).tolist()  # type: ignore[no-any-return]
        case "span:id":
            return [format(id_, "016x") for id_ in np.unique(block.span_ids[own]).tolist()]
        case "span:parentID":
            return [format(id_, "016x") if id_ else "" for id_ in np.unique(block.parent_ids[own]).tolist()]
        case "trace:id":
            ids = block.trace_ids if rows is None else [block.trace_ids[trace] for trace in traces]  # type: ignore[union-attr]
            return [id_.hex() for id_ in ids]
        case "trace:duration":
            return np.unique((block.trace_end - block.trace_start)[traces]).tolist()  # type: ignore[no-any-return]
        case "trace:rootName" | "trace:rootService":
            column = block.intrinsic("span:name" if name == "trace:rootName" else "service")
            roots = block.root[traces]
            codes = np.unique(column.codes[roots[roots >= 0]])
            return [*(column.values[code] for code in codes if code >= 0), *([""] if (roots < 0).any() else [])]
        case "event:timeSinceStart":
            items, times = block.event_times
            return np.unique(times if rows is None else times[rows[items]]).tolist()  # type: ignore[no-any-return]
        case "event:name":
            return _of_items(block.events, name, rows)
        case "link:traceID" | "link:spanID":
            return _of_items(block.links, name, rows)
        case "nestedSetLeft" | "nestedSetRight" | "nestedSetParent":
            tree = tree_of(block)
            numbers = {"nestedSetLeft": tree.left, "nestedSetRight": tree.right, "nestedSetParent": tree.parent_left}[
                name
            ]
            return np.unique(numbers[own]).tolist()  # type: ignore[no-any-return]
        case "span:statusMessage":
            column = block.intrinsic(name)
            # Most spans have none, which Tempo shows as an empty text.
            return [*_used(column, rows), *([""] if (column.codes[own] < 0).any() else [])]
        case "span:name" | "span:kind" | "span:status" | "instrumentation:name" | "instrumentation:version":
            return _used(block.intrinsic(name), rows)
    return ()
