"""The grammar's rules -> a tree. What Loki refuses while parsing is refused at once; what it refuses when the whole
query is parsed stays as `Refused` in the place of a node."""

from __future__ import annotations

import math
from typing import Any, TypeVar

from lark import Token, Transformer, Tree, v_args

from ...matchers import Matcher
from ...quoting import unquote
from ...refusals import BadRequest
from ...vectors import Grouping
from . import syntax
from .capture_patterns import CapturePattern
from .line_parsers import compile_captures
from .operators import Chain, binds_first, filter_binds_first
from .tokens import duration_of, parse_error
from .units import parse_float, parse_integer, parse_prometheus_duration, parse_size

T = TypeVar("T")

_WITH_GROUPING = frozenset(
    f"{name}_over_time" for name in ("avg", "stddev", "stdvar", "quantile", "max", "min", "first", "last")
)
_WITH_UNWRAP = frozenset(("rate", "rate_counter", "absent_over_time", "sum_over_time", *_WITH_GROUPING))
_WITHOUT_UNWRAP = frozenset(("bytes_over_time", "bytes_rate", "count_over_time", "rate", "absent_over_time"))
_OPERATIONS_WITH_PARAMETER = ("topk", "bottomk", "approx_topk")


class Refused:
    """In the place of a metric query that Loki refuses only when the whole query is parsed."""

    def __init__(self, message: str) -> None:
        self.error = parse_error(message)


def text_of(token: Token) -> str:
    """The text of a STRING."""
    return unquote(str(token))


def ordered(expression: Any) -> Any:
    """The expression with its binary operations in order, if it is a chain of them."""
    if isinstance(expression, Chain):
        return expression.ordered(lambda operator: str(operator[0]), binds_first, _join)
    return expression


def _join(operator: tuple[str, syntax.Modifier], left: Any, right: Any) -> Any:
    operation, modifier = operator
    for side, operand in (("left", left), ("right", right)):
        if isinstance(operand, syntax.LogQuery):
            kind = "PipelineExpr" if operand.stages else "MatchersExpr"
            return Refused(f"unexpected type for {side} leg of binary operation ({operation}): *syntax.{kind}")
        if isinstance(operand, syntax.Variants):
            return Refused(
                f"unexpected type for {side} leg of binary operation ({operation}): *syntax.MultiVariantExpr"
            )
    if operation in ("and", "or", "unless"):
        for side, operand in (("left", left), ("right", right)):
            if isinstance(operand, syntax.Literal):
                return Refused(
                    f"unexpected literal for {side} leg of logical/set binary operation ({operation}): "
                    f"{operand.value:f}"
                )
    if isinstance(left, syntax.Literal) and isinstance(right, syntax.Literal):
        return syntax.Literal(calculate(operation, left.value, right.value))
    for operand in (left, right):
        if isinstance(operand, Refused):
            return operand
    return syntax.BinaryOperation(operation, left, right, modifier)


def calculate(operation: str, left: float, right: float) -> float:
    """The operation between two numbers, as Loki folds constants: what is divided by zero is not a number."""
    match operation:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right if right else math.nan
        case "%":
            return math.fmod(left, right) if right and math.isfinite(left) else math.nan
        case "^":
            return _power(left, right)
        case "==":
            return float(left == right)
        case "!=":
            return float(left != right)
        case ">":
            return float(left > right)
        case ">=":
            return float(left >= right)
        case "<":
            return float(left < right)
        case _:
            return float(left <= right)


def _power(left: float, right: float) -> float:
    try:
        return math.pow(left, right)
    except OverflowError:
        return -math.inf if left < 0 and right % 2 == 1 else math.inf
    except ValueError:
        return math.inf if left == 0 else math.nan


@v_args(inline=True)
class TreeBuilder(Transformer[Token, Any]):
    """One method a rule. Named tokens come as they are."""

    def start(self, expression: Any) -> Any:
        return ordered(expression)

    def expr(self, expression: Any) -> Any:
        return expression

    def same(self, value: T) -> T:
        return value

    def first(self, value: T) -> list[T]:
        return [value]

    def following(self, values: list[T], *rest: Any) -> list[T]:
        return [*values, rest[-1]]

    def in_parentheses(self, _opening: Token, value: T, _closing: Token) -> T:
        return value

    # -- log queries

    def log_query(self, matchers: tuple[Matcher, ...], stages: list[syntax.Stage] | None = None) -> syntax.LogQuery:
        return syntax.LogQuery(matchers, tuple(stages or ()))

    def selector(self, *parts: Any) -> tuple[Matcher, ...]:
        return tuple(parts[1]) if len(parts) == 3 else ()

    def matcher(self, name: Token, operation: Token, value: Token) -> Matcher:
        try:
            return Matcher(str(name), str(operation), text_of(value))
        except BadRequest as error:
            raise parse_error(str(error)) from None

    def piped(self, _pipe: Token, stage: T) -> T:
        return stage

    def filter(self, token: Token) -> str:
        return str(token)

    def filter_function(self, token: Token) -> str:
        return str(token)

    def alternative(self, text: Token) -> list[syntax.LinePiece]:
        return [syntax.LinePiece(text_of(text))]

    def alternatives(self, text: Token, _or: Token, rest: list[syntax.LinePiece]) -> list[syntax.LinePiece]:
        return [syntax.LinePiece(text_of(text)), *rest]

    def alternative_function(self, function: str, _o: Token, text: Token, _c: Token) -> list[syntax.LinePiece]:
        return [syntax.LinePiece(text_of(text), "ip")]

    def line_filter(self, operation: str, text: Token) -> list[syntax.LineFilter]:
        return [syntax.LineFilter(operation, (syntax.LinePiece(text_of(text)),))]

    def line_filter_function(
        self, operation: str, _f: str, _o: Token, text: Token, _c: Token
    ) -> list[syntax.LineFilter]:
        return [syntax.LineFilter(operation, (syntax.LinePiece(text_of(text), "ip"),))]

    def line_filter_or(
        self, filters: list[syntax.LineFilter], _or: Token, pieces: list[syntax.LinePiece]
    ) -> list[syntax.LineFilter]:
        last = filters[-1]
        if last.operation in ("|=", "|~", "|>"):
            return [*filters[:-1], syntax.LineFilter(last.operation, (*last.pieces, *pieces))]
        # None of them, so each is a filter of its own.
        return [*filters, *(syntax.LineFilter(last.operation, (piece,)) for piece in pieces)]

    def line_filter_and(self, filters: Any, more: list[syntax.LineFilter]) -> list[syntax.LineFilter]:
        return [*filters, *more]

    def line_filter_stage(self, filters: list[syntax.LineFilter]) -> syntax.LineFilters:
        return syntax.LineFilters(tuple(filters))

    def logfmt_parser(self, _word: Token, flags: list[Token] | None = None) -> syntax.LogfmtParser:
        return syntax.LogfmtParser("--strict" in (flags or ()), "--keep-empty" in (flags or ()))

    def logfmt_expressions(self, _word: Token, *parts: list[Any]) -> syntax.LogfmtParser:
        flags = parts[0] if len(parts) == 2 else []
        return syntax.LogfmtParser("--strict" in flags, "--keep-empty" in flags, tuple(parts[-1]))

    def json_expressions(self, _word: Token, extractions: list[syntax.Extraction]) -> syntax.JsonExpressions:
        return syntax.JsonExpressions(tuple(extractions))

    def label_parser(self, name: Token, pattern: Token | None = None) -> syntax.LineParser:
        if pattern is None:
            return syntax.LineParser(str(name).lower())
        text = text_of(pattern)
        kind = str(name).lower()
        try:
            if kind == "regexp":
                compile_captures(text)
            else:
                CapturePattern.of(text)
        except ValueError as error:
            raise parse_error(f"invalid {kind} parser: {error}") from None
        return syntax.LineParser(kind, text)

    def extraction(self, name: Token, *rest: Token) -> syntax.Extraction:
        return syntax.Extraction(str(name), text_of(rest[1]) if rest else str(name))

    def line_format(self, _word: Token, template: Token) -> syntax.LineFormat:
        return syntax.LineFormat(text_of(template))

    def decolorize(self, _word: Token) -> syntax.Decolorize:
        return syntax.Decolorize()

    def label_assignment(self, name: Token, _equal: Token, value: Token) -> syntax.LabelAssignment:
        renames = value.type == "IDENTIFIER"
        return syntax.LabelAssignment(str(name), str(value) if renames else text_of(value), renames)

    def label_format(self, _word: Token, assignments: list[syntax.LabelAssignment]) -> syntax.LabelFormat:
        return syntax.LabelFormat(tuple(assignments))

    def named_matcher(self, label: Token | Matcher) -> str | Matcher:
        return label if isinstance(label, Matcher) else str(label)

    def drop_labels(self, _word: Token, labels: list[str | Matcher]) -> syntax.SelectLabels:
        return syntax.SelectLabels("drop", tuple(labels))

    def keep_labels(self, _word: Token, labels: list[str | Matcher]) -> syntax.SelectLabels:
        return syntax.SelectLabels("keep", tuple(labels))

    # -- label filters

    def label_filter_stage(self, _pipe: Token, label_filter: Any) -> syntax.LabelFilterStage:
        return syntax.LabelFilterStage(_ordered_filter(label_filter))

    def matcher_filter(self, matcher: Matcher) -> syntax.TextFilter:
        return syntax.TextFilter(matcher)

    def filter_in_parentheses(self, _opening: Token, label_filter: Any, _closing: Token) -> Any:
        return _ordered_filter(label_filter)

    def filter_chain(self, left: Any, *rest: Any) -> Any:
        operator = str(rest[0]).lower() if len(rest) == 2 else ","
        return Chain.of(left, operator, rest[-1])

    def ip_filter(self, name: Token, operation: Token, *rest: Token) -> syntax.AddressFilter:
        return syntax.AddressFilter(str(name), str(operation), text_of(rest[2]))

    def duration_filter(self, name: Token, operation: Token, value: Token) -> syntax.NumberFilter:
        return syntax.NumberFilter(str(name), _comparison(operation), duration_of(value), "duration")

    def bytes_filter(self, name: Token, operation: Token, value: Token) -> syntax.NumberFilter:
        return syntax.NumberFilter(str(name), _comparison(operation), parse_size(value), "bytes")

    def number_filter(self, name: Token, operation: Token, value: Any) -> syntax.NumberFilter:
        number = value.value if isinstance(value, syntax.Literal) else 0.0
        return syntax.NumberFilter(str(name), _comparison(operation), number, "number")

    # -- ranges

    def log_range(self, *parts: Any) -> syntax.LogRange:
        matchers: tuple[Matcher, ...] = ()
        stages: tuple[syntax.Stage, ...] = ()
        unwrap: syntax.Unwrap | None = None
        length = offset = 0
        for part in parts:
            if isinstance(part, tuple):
                matchers = part
            elif isinstance(part, list):
                stages = tuple(part)
            elif isinstance(part, syntax.Unwrap):
                unwrap = part
            elif isinstance(part, _Offset):
                offset = part.nanoseconds
            elif part.type == "RANGE":
                length = parse_prometheus_duration(part)
        return syntax.LogRange(syntax.LogQuery(matchers, stages), length, offset, unwrap)

    def offset(self, _word: Token, duration: Token) -> _Offset:
        return _Offset(duration_of(duration))

    def unwrap(self, _pipe: Token, _word: Token, *rest: Any) -> syntax.Unwrap:
        if len(rest) == 1:
            return syntax.Unwrap(str(rest[0]))
        return syntax.Unwrap(str(rest[2]), rest[0])

    def unwrap_filter(self, unwrap: syntax.Unwrap, _pipe: Token, label_filter: Any) -> syntax.Unwrap:
        return syntax.Unwrap(unwrap.label, unwrap.conversion, (*unwrap.filters, _ordered_filter(label_filter)))

    def conversion(self, token: Token) -> str:
        return str(token).lower()

    # -- metric queries

    def metric_in_parentheses(self, _opening: Token, expression: Any, _closing: Token) -> Any:
        return ordered(expression)

    def range_operation(self, token: Token) -> str:
        return str(token).lower()

    vector_operation = vector_name = range_operation

    def range_aggregation(self, operation: str, *parts: Any) -> syntax.RangeAggregation | Refused:
        range_ = next(part for part in parts if isinstance(part, syntax.LogRange))
        grouping = next((part for part in parts if isinstance(part, Grouping)), None)
        number = next((part for part in parts if isinstance(part, Token) and part.type == "NUMBER"), None)
        parameter = None
        if number is not None:
            if operation != "quantile_over_time":
                return Refused(f"parameter {number} not supported for operation {operation}")
            try:
                parameter = parse_float(number)
            except ValueError as error:
                return Refused(f"invalid parameter for operation {operation}: {error}")
        elif operation == "quantile_over_time":
            return Refused(f"parameter required for operation {operation}")
        if grouping is not None and operation not in _WITH_GROUPING:
            return Refused(f"grouping not allowed for {operation} aggregation")
        if range_.unwrap is not None and operation not in _WITH_UNWRAP:
            return Refused(f"invalid aggregation {operation} with unwrap")
        if range_.unwrap is None and operation not in _WITHOUT_UNWRAP:
            return Refused(f"invalid aggregation {operation} without unwrap")
        return syntax.RangeAggregation(operation, range_, parameter, grouping)

    def vector_aggregation(self, operation: str, *parts: Any) -> syntax.VectorAggregation | Refused:
        operand = ordered(next(part for part in parts if not isinstance(part, Token | Grouping)))
        grouping = next((part for part in parts if isinstance(part, Grouping)), None)
        number = next((part for part in parts if isinstance(part, Token) and part.type == "NUMBER"), None)
        parameter = 0
        if operation in _OPERATIONS_WITH_PARAMETER:
            if number is None:
                return Refused(f"parameter required for operation {operation}")
            try:
                parameter = parse_integer(number, "Atoi")
            except ValueError:
                return Refused(f"invalid parameter {operation}({number},")
            if parameter <= 0:
                return Refused(f"invalid parameter (must be greater than 0) {operation}({number}")
            if operation == "approx_topk" and grouping is not None:
                return Refused(f"grouping not allowed for {operation} aggregation")
        elif number is not None:
            return Refused(f"unsupported parameter for operation {operation}({number},")
        if operation in ("sort", "sort_desc") and grouping is not None and grouping.names:
            return Refused("sort and sort_desc doesn't allow grouping by ")
        if isinstance(operand, Refused):
            return operand
        return syntax.VectorAggregation(operation, operand, grouping or Grouping(), parameter)

    def grouping(self, word: Token, _opening: Token, *rest: Any) -> Grouping:
        names = tuple(map(str, rest[0])) if len(rest) == 2 else ()
        return Grouping(names, without=str(word).lower() == "without")

    def label_replace(self, _word: Token, _opening: Token, operand: Any, *rest: Token) -> syntax.LabelReplace | Refused:
        target, replacement, source, pattern = (text_of(token) for token in rest if token.type == "STRING")
        inner = ordered(operand)
        try:
            Matcher("", "=~", pattern)
        except BadRequest as error:
            return Refused(f"invalid regex in label_replace: {_of_whole_pattern(str(error), pattern)}")
        return inner if isinstance(inner, Refused) else syntax.LabelReplace(inner, target, replacement, source, pattern)

    def vector(self, _word: str, _opening: Token, number: Token, _closing: Token) -> syntax.VectorOfNumber | Refused:
        try:
            return syntax.VectorOfNumber(parse_float(number))
        except ValueError as error:
            return Refused(f"unable to parse vectorExpr as a float: {error}")

    def literal(self, *parts: Token) -> syntax.Literal | Refused:
        try:
            number = parse_float(parts[-1])
        except ValueError as error:
            return Refused(f"unable to parse literal as a float: {error}")
        return syntax.Literal(-number if parts[0].type == "SUB" else number)

    def variants_expr(self, _word: Token, _opening: Token, queries: list[Any], *rest: Any) -> syntax.Variants:
        return syntax.Variants(tuple(map(ordered, queries)), rest[3])

    # -- binary operations

    def binary_operation(self, left: Any, operator: Token, modifier: syntax.Modifier, right: Any) -> Any:
        return Chain.of(left, (str(operator).lower(), modifier), right)

    def bool_modifier(self, *word: Token) -> syntax.Modifier:
        return syntax.Modifier(returns_bool=bool(word))

    def on_or_ignoring(self, before: syntax.Modifier, word: Token, _opening: Token, *rest: Any) -> syntax.Modifier:
        labels = tuple(map(str, rest[0])) if len(rest) == 2 else ()
        return syntax.Modifier(before.returns_bool, str(word).lower() == "on", labels)

    def modifier(self, before: syntax.Modifier, word: Token, *rest: Any) -> syntax.Modifier:
        include = tuple(map(str, rest[1])) if len(rest) == 3 else None
        return syntax.Modifier(before.returns_bool, before.on, before.labels, str(word).lower(), include)

    def __default__(self, data: str, children: list[Any], meta: Any) -> Tree[Any]:
        raise NotImplementedError(f"no rule builds {data}")


class _Offset:
    def __init__(self, nanoseconds: int) -> None:
        self.nanoseconds = nanoseconds


def _ordered_filter(label_filter: Any) -> syntax.LabelFilter:
    if isinstance(label_filter, Chain):
        join = lambda name, left, right: syntax.BothFilters(left, right, name != "or")  # noqa: E731
        ordered_filter: syntax.LabelFilter = label_filter.ordered(str, filter_binds_first, join)
        return ordered_filter
    return label_filter  # type: ignore[no-any-return]


def _comparison(token: Token) -> str:
    return "==" if token == "=" else str(token)


def _of_whole_pattern(message: str, pattern: str) -> str:
    """Loki compiles the pattern with anchors around it, and an error may show all of it."""
    return message.replace(f"`{pattern}`", f"`^(?:{pattern})$`")
