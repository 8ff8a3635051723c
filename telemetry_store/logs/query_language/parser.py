"""LogQL text -> syntax tree. What the tree means is in `evaluator`."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from importlib.resources import files

from lark import Lark
from lark.exceptions import UnexpectedToken

from ...matchers import Matcher
from ...query_text import refuse_if_unreasonable
from ...refusals import BadRequest
from .builder import Refused, TreeBuilder
from .explain import explain
from .syntax import LogQuery, Query, Variants, range_aggregations
from .tokens import LogqlLexer, parse_error

__all__ = ["LogQuery", "parse", "parse_selector", "parse_without_validation", "require_selective_matcher"]

_NO_SELECTIVE_MATCHER = (
    "queries require at least one regexp or equality matcher that does not have an empty-compatible "
    'value. For instance, app=~".*" does not meet this requirement, but app=~".+" will'
)


def parse(query: str) -> Query:
    """The query's tree. Raises BadRequest in Loki's words."""
    tree = parse_without_validation(query)
    if isinstance(tree, LogQuery):
        require_selective_matcher(tree.matchers)
    elif isinstance(tree, Variants):
        require_selective_matcher(tree.range.query.matchers)
    else:
        for aggregation in range_aggregations(tree):
            require_selective_matcher(aggregation.range.query.matchers)
    return tree


def parse_selector(text: str) -> tuple[Matcher, ...]:
    """The matchers of a bare stream selector; `{}` selects every stream. Raises BadRequest."""
    query = parse_without_validation(text)
    if not isinstance(query, LogQuery) or query.stages:
        raise BadRequest("only label matchers are supported")
    return query.matchers


def parse_without_validation(query: str) -> Query:
    """The tree of a query that need not select anything in particular. Raises BadRequest."""
    refuse_if_unreasonable(query)
    try:
        tree = _parser().parse(query)
    except UnexpectedToken as error:
        raise explain(error, query, _terminals()) from None
    if isinstance(tree, Refused):
        raise tree.error
    return tree  # type: ignore[return-value]  # the builder makes a tree of its own


def require_selective_matcher(matchers: Sequence[Matcher]) -> None:
    """Raises BadRequest unless one of the matchers selects something."""
    if not any(matcher.operation in ("=", "=~") and not matcher.accepts("") for matcher in matchers):
        raise parse_error(_NO_SELECTIVE_MATCHER)


@functools.cache
def _parser() -> Lark:
    return Lark(
        files(__package__).joinpath("logql.lark").read_text(),
        parser="lalr",
        lexer=LogqlLexer,
        # The tree is built while parsing: a deep query needs no deep recursion.
        transformer=TreeBuilder(),
        maybe_placeholders=False,
    )


@functools.cache
def _terminals() -> list[str]:
    """Names of the tokens in the order of the grammar's declarations, in which messages list them."""
    declarations = (
        line
        for line in files(__package__).joinpath("logql.lark").read_text().splitlines()
        if line.startswith("%declare")
    )
    return [name for line in declarations for name in line.split()[1:]]
