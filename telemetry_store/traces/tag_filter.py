"""The query that narrows tags and their values: it may be half typed, and only its first selector counts."""

from __future__ import annotations

import re
from dataclasses import replace

from ..deadline import Deadline
from ..limits import TRACE_QUERY_CHARACTERS
from ..refusals import BadRequest
from .columns import SpanBlock
from .query_language.parser import parse
from .query_language.search import filter_rows
from .query_language.syntax import TRUE, Attribute, Binary, Expression, Pipeline, Query, SpansetFilter, walk
from .query_language.vectors import Bools

_TOKEN = re.compile(r"\"(?:[^\"\\]|\\.)*\"|`[^`]*`|&&|\|\||=~|!~|!=|>=|<=|[=<>{}()|]|[^\s\"`=!<>&|{}()]+|.", re.DOTALL)
_COMPARISONS = frozenset(("=", "!=", "<", "<=", ">", ">=", "=~", "!~"))
_CONNECTORS = frozenset(("&&", "||"))
_STARTS = frozenset(("{", "("))
_ENDS = frozenset(("}", ")"))


class TagFilter:
    """Tells which spans' tags are wanted."""

    def __init__(self, text: str) -> None:
        self._query = _first_selector(text)

    @property
    def attributes(self) -> list[Attribute]:
        """What it looks at."""
        return [] if self._query is None else _attributes(self._query.pipeline.elements[0])

    @property
    def takes_everything(self) -> bool:
        """Whether every span passes."""
        return self._query is None

    def rows(self, block: SpanBlock, deadline: Deadline) -> Bools | None:
        """Which spans of the block pass; None for all."""
        return None if self._query is None else filter_rows(self._query, block, deadline)


def _first_selector(text: str) -> Query | None:
    """The query's first selector; None where there is none, where it is unreadable or looks at unscoped attributes."""
    if not text.strip() or len(text) > TRACE_QUERY_CHARACTERS:
        return None
    try:
        query = parse(text)
    except BadRequest:
        try:
            query = parse(without_unfinished(text))
        except BadRequest:
            return None
    first = query.pipeline.elements[0]
    while isinstance(first, Pipeline):
        first = first.elements[0]
    if not isinstance(first, SpansetFilter) or first.condition == TRUE or isinstance(first.condition, Attribute):
        return None
    condition = _without_bare(first.condition)
    if condition is None:
        return None
    first = SpansetFilter(condition)
    attributes = _attributes(first)
    # Tempo cannot narrow by attributes whose scope is left open.
    if not attributes or any(not attribute.scope for attribute in attributes):
        return None
    return Query(Pipeline((first,)))


def _attributes(selector: object) -> list[Attribute]:
    assert isinstance(selector, SpansetFilter)
    return [part for part in walk(selector.condition) if isinstance(part, Attribute)]


def _without_bare(condition: Expression) -> Expression | None:
    """The condition without attributes that are compared with nothing; None when it then says nothing."""
    if isinstance(condition, Attribute):
        return None
    if not isinstance(condition, Binary) or condition.operation not in _CONNECTORS:
        return condition
    left, right = _without_bare(condition.left), _without_bare(condition.right)
    if left is None or right is None:
        return (left or right) if condition.operation == "&&" else None
    return replace(condition, left=left, right=right)


def without_unfinished(text: str) -> str:
    """The query without comparisons that lack a value, without connectors that lack a side, and closed."""
    tokens = [token for token in _TOKEN.findall(text) if not token.isspace()]
    kept: list[str] = []
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        if token in _COMPARISONS and (not following or following in _CONNECTORS | _ENDS | {"|"}):
            continue
        kept.append(token)
    position = 0
    while position < len(kept):
        before = kept[position - 1] if position else ""
        after = kept[position + 1] if position + 1 < len(kept) else ""
        if kept[position] in _CONNECTORS and (
            not before or not after or before in _STARTS or after in _ENDS or after in _CONNECTORS
        ):
            del kept[position]
            # The one before it has another neighbour now.
            position = max(position - 1, 0)
        else:
            position += 1
    return " ".join(kept) + " }" * max(0, kept.count("{") - kept.count("}"))
