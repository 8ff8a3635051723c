"""LogQL text -> syntax tree. What the tree means is in `evaluator`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lark import Token, Transformer, Tree, v_args

from ...grammar import Stop, build_tree
from ...matchers import Matcher
from ...query_text import refuse_if_unreasonable
from ...quoting import unquote
from ...refusals import BadRequest, Unsupported
from ...regexes import compile_pattern
from ...times import parse_go_duration
from ...vectors import Grouping


@dataclass(frozen=True)
class LineFilter:
    """`|= "a" or "b"` and its kind. A negated filter with alternatives wants none of them."""

    operation: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class LogQuery:
    """A stream selector and what its lines must look like."""

    matchers: tuple[Matcher, ...]
    filters: tuple[LineFilter, ...] = ()


@dataclass(frozen=True)
class RangeAggregation:
    """`rate({...}[5m] offset 1m)`; durations in nanoseconds."""

    operation: str
    query: LogQuery
    range: int
    offset: int = 0


@dataclass(frozen=True)
class VectorAggregation:
    """`sum by (level) (...)`."""

    operation: str
    grouping: Grouping
    operand: MetricQuery


MetricQuery = RangeAggregation | VectorAggregation
Query = LogQuery | RangeAggregation | VectorAggregation

#: Functions of LogQL beyond this slice, for a message that names them.
_UNSUPPORTED_WORDS = frozenset(
    (
        "sum_over_time",
        "avg_over_time",
        "min_over_time",
        "max_over_time",
        "stdvar_over_time",
        "stddev_over_time",
        "quantile_over_time",
        "first_over_time",
        "last_over_time",
        "absent_over_time",
        "rate_counter",
        "topk",
        "bottomk",
        "approx_topk",
        "stddev",
        "stdvar",
        "sort",
        "sort_desc",
        "label_replace",
        "vector",
        "variants",
    )
)
_STAGES = frozenset(
    (
        "json",
        "logfmt",
        "regexp",
        "pattern",
        "unpack",
        "line_format",
        "label_format",
        "decolorize",
        "drop",
        "keep",
        "unwrap",
        "distinct",
    )
)

_NO_SELECTIVE_MATCHER = (
    "parse error : queries require at least one regexp or equality matcher that does not have an empty-compatible "
    'value. For instance, app=~".*" does not meet this requirement, but app=~".+" will'
)


def parse(query: str) -> Query:
    """The query's tree. Raises BadRequest in Loki's words, Unsupported for what this store does not evaluate."""
    refuse_if_unreasonable(query)
    tree = _parse(query)
    selector = tree
    while not isinstance(selector, LogQuery):
        selector = selector.query if isinstance(selector, RangeAggregation) else selector.operand
    if not any(matcher.operation in ("=", "=~") and not matcher.accepts("") for matcher in selector.matchers):
        raise BadRequest(_NO_SELECTIVE_MATCHER)
    return tree


def parse_selector(text: str) -> tuple[Matcher, ...]:
    """The matchers of a bare stream selector; `{}` selects every stream. Raises BadRequest."""
    refuse_if_unreasonable(text)
    query = _parse(text)
    if not isinstance(query, LogQuery) or query.filters:
        raise BadRequest("only label matchers are supported")
    return query.matchers


def _parse(query: str) -> Query:
    tree: Query = build_tree(__package__, "logql.lark", _TreeBuilder(), query, _explain)
    return tree


#: The tokens of LogQL, to name the one at which parsing stopped.
_TOKEN = re.compile(
    r"""(?P<STRING>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?P<NUMBER>[0-9]+(?:\.[0-9]+)?)|(?P<KEYWORD>(?:by|without|or|and|unless|"""
    r"""on|ignoring|offset|unwrap|bool|group_left|group_right)\b)|(?P<IDENTIFIER>[a-zA-Z_]\w*)|"""
    r"""(?P<SYMBOL>\|=|\|~|\|>|!>|!=|!~|=~|==|>=|<=|[^\s])""",
    re.ASCII,
)


def _explain(stop: Stop) -> BadRequest:
    """Loki's words for the place at which parsing stopped, or the name of what this store does not evaluate."""
    where, rest = stop.where, stop.rest
    if stop.at_end:
        return BadRequest(
            f"{where}: syntax error: unexpected $end" if stop.query else "parse error : syntax error: unexpected $end"
        )
    if rest[0] in '"`' and not _TOKEN.match(rest)["STRING"]:  # type: ignore[index]
        return BadRequest(f"{where}: literal not terminated")
    match = _TOKEN.match(rest)
    kind, word = (match.lastgroup or "", match[0]) if match else ("", rest[0])
    unsupported = _name_unsupported(word, rest)
    if unsupported:
        return Unsupported(f"{where}: {unsupported} is not supported here")
    shown = kind if kind in ("STRING", "NUMBER", "IDENTIFIER") else word
    return BadRequest(f"{where}: syntax error: unexpected {shown}")


def _name_unsupported(word: str, rest: str) -> str | None:
    if word in ("|>", "!>"):
        return f"the pattern filter {word}"
    if rest.startswith("|") and not rest.startswith(("|=", "|~")):
        stage = rest[1:].split(maxsplit=1)[0] if rest[1:].split() else ""
        name = stage.split("=")[0].split("(")[0]
        return f"the pipeline stage | {name}" if name in _STAGES else "a label filter after |"
    name = rest.split("(", maxsplit=1)[0].split(maxsplit=1)[0] if rest.split("(", maxsplit=1)[0].split() else ""
    if name in _UNSUPPORTED_WORDS:
        return f"the function {name}"
    if name == "ip":
        return "the ip() line filter"
    operator = rest[:2].strip()
    if operator in ("+", "-", "*", "/", "%", "^", "==", ">=", "<=", ">", "<") or name in ("and", "or", "unless"):
        return f"the binary operator {operator if operator[:1] in '+-*/%^=<>' else name}"
    return None


class _Offset(int):
    """Nanoseconds of an `offset`, told apart from filters among a rule's children."""


@v_args(inline=True)
class _TreeBuilder(Transformer[Token, Any]):
    def start(self, query: Query) -> Query:
        return query

    def log_query(self, matchers: tuple[Matcher, ...], *filters: LineFilter) -> LogQuery:
        return LogQuery(matchers, filters)

    def selector(self, *matchers: Matcher) -> tuple[Matcher, ...]:
        return matchers

    def matcher(self, name: Token, operation: Token, value: Token) -> Matcher:
        return Matcher(str(name), str(operation), _text(value))

    def line_filter(self, operation: Token, *texts: Token) -> LineFilter:
        values = tuple(_text(text) for text in texts)
        if operation in ("|~", "!~"):
            for value in values:
                compile_pattern(value)
        return LineFilter(str(operation), values)

    def range_after(self, matchers: tuple[Matcher, ...], *rest: Any) -> tuple[LogQuery, int, int]:
        filters = tuple(part for part in rest if isinstance(part, LineFilter))
        range_ = next(part for part in rest if isinstance(part, Token))
        return LogQuery(matchers, filters), _range(range_), next((int(p) for p in rest if isinstance(p, _Offset)), 0)

    range_before = range_after

    def range_of_parenthesis(self, query: LogQuery, range_: Token, *offset: int) -> tuple[LogQuery, int, int]:
        return query, _range(range_), int(offset[0]) if offset else 0

    def offset(self, duration: Token) -> _Offset:
        return _Offset(_duration(str(duration), duration))

    def range_aggregation(self, operation: Token, parts: tuple[LogQuery, int, int]) -> RangeAggregation:
        return RangeAggregation(str(operation), *parts)

    def grouping(self, kind: Token, *names: Token) -> Grouping:
        return Grouping(tuple(str(name) for name in names), without=str(kind) == "without")

    def vector_aggregation(self, operation: Token, *parts: Any) -> VectorAggregation:
        groupings = [part for part in parts if isinstance(part, Grouping)]
        operand = next(part for part in parts if not isinstance(part, Grouping))
        if len(groupings) > 1:
            raise BadRequest(f"parse error : {operation} has two groupings, before and after its operand")
        return VectorAggregation(str(operation), groupings[0] if groupings else Grouping(), operand)

    def __default__(self, data: str, children: list[Any], meta: Any) -> Tree[Any]:
        raise NotImplementedError(f"no rule builds {data}")


def _text(token: Token) -> str:
    try:
        return unquote(str(token))
    except ValueError:
        raise BadRequest(f"parse error at line {token.line}, col {token.column}: invalid syntax") from None


def _range(token: Token) -> int:
    text = str(token)[1:-1].strip()
    nanoseconds = _duration(text, token)
    if nanoseconds <= 0:
        raise BadRequest(f"parse error at line {token.line}, col {token.column}: range must be positive, not {text!r}")
    return nanoseconds


def _duration(text: str, token: Token) -> int:
    nanoseconds = parse_go_duration(text)
    if nanoseconds is None:
        raise BadRequest(f'parse error at line 0, col {token.column}: not a valid duration string: "{text}"')
    return nanoseconds
