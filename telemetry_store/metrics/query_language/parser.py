"""PromQL text -> syntax tree. The grammar is promql-parser's; here stand the checks around it."""

from __future__ import annotations

import promql_parser as promql

from ...matchers import Matcher
from ...query_text import refuse_if_unreasonable
from ...refusals import BadRequest

#: promql-parser's match operations cannot be keys of a mapping.
_OPERATIONS = (
    (promql.MatchOp.Equal, "="),
    (promql.MatchOp.NotEqual, "!="),
    (promql.MatchOp.Re, "=~"),
    (promql.MatchOp.NotRe, "!~"),
)


def parse(query: str) -> promql.Expr:
    """The query's tree. Raises BadRequest."""
    refuse_if_unreasonable(query)
    try:
        return promql.parse(query)
    except ValueError as error:
        raise BadRequest(f'invalid parameter "query": {error}') from None


def parse_selector(text: str) -> tuple[Matcher, ...]:
    """The matchers of a series selector such as `up{job="x"}`. Raises BadRequest."""
    tree = parse(text)
    if not isinstance(tree, promql.VectorSelector):
        raise BadRequest(f'invalid parameter "match[]": {text[:100]!r} is not a series selector')
    return matchers_of(tree)


def matchers_of(selector: promql.VectorSelector) -> tuple[Matcher, ...]:
    """The selector's matchers, its metric name among them. Raises BadRequest for a broken regular expression."""
    matchers = [
        Matcher(m.name, next(text for operation, text in _OPERATIONS if operation == m.op), m.value)
        for m in selector.matchers.matchers
    ]
    if selector.name:
        matchers.append(Matcher("__name__", "=", selector.name))
    if all(matcher.accepts("") for matcher in matchers):
        raise BadRequest('invalid parameter "query": vector selector must contain at least one non-empty matcher')
    return tuple(matchers)
