"""TraceQL text -> syntax tree. The grammar is in `traceql.lark`, what a tree must fulfil in `validation`."""

from __future__ import annotations

from typing import Any

from ...limits import TRACE_QUERY_CHARACTERS
from ...refusals import BadRequest
from .lexer import TERMINALS, Lexer
from .operations import OperationFailed, binary_result, unary_result
from .precedence import Strength, Token, Unexpected, load_states
from .precedence import parse as parse_with
from .rewriting import with_lists
from .syntax import (
    FALSE,
    KINDS,
    SHORT_NAMES,
    STATUSES,
    TRUE,
    Aggregate,
    Attribute,
    Binary,
    Coalesce,
    Compare,
    Expression,
    FilterSeries,
    GroupBy,
    LimitSeries,
    MetricsFunction,
    Pipeline,
    Query,
    ScalarFilter,
    ScalarOperation,
    Select,
    SpansetFilter,
    SpansetOperation,
    Static,
    Unary,
    count_operations,
)
from .validation import expression_error, validate

#: Operators from the weakest to the strongest; all but the last group to the left.
_LEVELS = (
    "_PIPE",
    "AND OR",
    (
        "EQ NEQ LT LTE GT GTE NRE RE DESC ANCE SIBL NOT_CHILD NOT_PARENT NOT_DESC NOT_ANCE "
        "UNION_CHILD UNION_PARENT UNION_DESC UNION_ANCE UNION_SIBL"
    ),
    "ADD SUB",
    "NOT",
    "MUL DIV MOD",
    "POW",
)
_STRENGTHS = tuple(
    (kind, Strength(level, kind != "POW")) for level, kinds in enumerate(_LEVELS) for kind in kinds.split()
)
_ORDER = {kind: order for order, kind in enumerate(TERMINALS)}

#: More than so many possible tokens are not listed in an error.
_LISTED_TOKENS = 4

#: Parts that may stand within each other: walking a tree recurses where it does not lean to the left.
_DEEPEST = 100

#: Operations of a query; many comparisons of one attribute that became one with a list are one.
_MOST_OPERATIONS = 500

_NAMED_NUMBERS = {"minInt": -(2**63), "maxInt": 2**63 - 1}
_NANOSECONDS = 1e9


def parse(query: str) -> Query:
    """The query's tree, with its types checked. Raises BadRequest in Tempo's words."""
    tree = parse_unchecked(query)
    validate(tree)
    return tree


def parse_unchecked(query: str) -> Query:
    """The query's tree. Raises BadRequest for a query that does not fit the grammar."""
    if len(query) > TRACE_QUERY_CHARACTERS:
        raise BadRequest(f"query is {len(query)} characters long, the limit is {TRACE_QUERY_CHARACTERS}")
    lexer = Lexer(query)
    states = load_states(__package__, "traceql.lark", _STRENGTHS, "root")
    try:
        tree: Query = parse_with(states, lexer, _Builder(lexer).build)
    except Unexpected as error:
        kinds = sorted(error.expected, key=lambda kind: _ORDER[kind])
        expecting = (
            f", expecting {' or '.join(TERMINALS[k] for k in kinds)}" if 0 < len(kinds) <= _LISTED_TOKENS else ""
        )
        found = TERMINALS.get(error.token.kind, "$end")
        raise lexer.error(f"syntax error: unexpected {found}{expecting}") from None
    tree = with_lists(tree)
    operations = count_operations(tree.pipeline)
    if operations > _MOST_OPERATIONS:
        raise BadRequest(f"query has {operations} operations, the limit is {_MOST_OPERATIONS}")
    return tree


def parse_attribute(text: str) -> Attribute:
    """One attribute or intrinsic. Raises BadRequest."""
    try:
        elements = parse_unchecked(f"{{{text}}}").pipeline.elements
    except BadRequest as error:
        raise BadRequest(f"failed to parse identifier {text}: {error}") from None
    filter_ = elements[0]
    if not isinstance(filter_, SpansetFilter):
        raise BadRequest(f"failed to parse identifier {text}: expected SpansetFilter but got {type(filter_).__name__}")
    if not isinstance(filter_.condition, Attribute):
        kind = {"Binary": "*traceql.BinaryOperation", "Unary": "traceql.UnaryOperation"}.get(
            type(filter_.condition).__name__, "traceql.Static"
        )
        raise BadRequest(f"failed to parse identifier {text}: expected Attribute but got {kind}")
    return filter_.condition


class _Builder:
    """Makes the tree: one method for each alias of the grammar, given the rule's children."""

    def __init__(self, lexer: Lexer) -> None:
        self._lexer = lexer
        self._depths: dict[int, tuple[int, Any]] = {}

    def build(self, method: str, children: list[Any]) -> Any:
        """The value of a rule."""
        made = getattr(self, method)(*children)
        self._check_depth(made, children)
        return made

    def _check_depth(self, made: Any, children: list[Any]) -> None:
        # What leans to the left is walked in loops; everything else counts one level.
        depth = 0
        for position, child in enumerate(children):
            below = self._depths.get(id(child), (0, None))[0]
            leans = position == 0 and isinstance(made, (Binary, SpansetOperation, ScalarOperation))
            depth = max(depth, below if leans else below + 1)
        if depth > _DEEPEST:
            raise BadRequest(f"query is nested more than {_DEEPEST} deep")
        self._depths[id(made)] = (depth, made)

    # -- the whole

    def search(self, tree: Any) -> Query:
        return Query(tree if isinstance(tree, Pipeline) else Pipeline((tree,)))

    def metrics(self, pipeline: Pipeline, function: MetricsFunction | Compare, stages: tuple[Any, ...] = ()) -> Query:
        return Query(pipeline, function, stages)

    def with_hints(self, query: Query, hints: tuple[tuple[str, Static], ...]) -> Query:
        return Query(query.pipeline, query.metrics, query.stages, hints)

    def hint(self, name: Token, _: Token, value: Static) -> tuple[str, Static]:
        return name.value, value

    def listed(self, *items: Any) -> tuple[Any, ...]:
        return (items[0],) if len(items) == 1 else (*items[0], items[1])

    # -- spansets

    def wrapped(self, tree: Any) -> Any:
        return tree

    def pipeline(self, element: Any) -> Pipeline:
        return Pipeline((element,))

    def longer_pipeline(self, pipeline: Pipeline, element: Any) -> Pipeline:
        return Pipeline((*pipeline.elements, element))

    def spanset_operation(self, left: Any, operation: Token, right: Any) -> SpansetOperation:
        return SpansetOperation(TERMINALS[operation.kind], left, right)

    def every_span(self) -> SpansetFilter:
        return SpansetFilter(TRUE)

    def spanset_filter(self, condition: Expression) -> SpansetFilter:
        return SpansetFilter(condition)

    def group(self, expression: Expression) -> GroupBy:
        return GroupBy(expression)

    def coalesce(self) -> Coalesce:
        return Coalesce()

    def select(self, attributes: tuple[Attribute, ...]) -> Select:
        return Select(attributes)

    # -- scalars

    def scalar_filter(self, left: Any, operation: Token, right: Any) -> ScalarFilter:
        return ScalarFilter(TERMINALS[operation.kind], left, right)

    def scalar_operation(self, left: Any, operation: Token, right: Any) -> ScalarOperation:
        return ScalarOperation(TERMINALS[operation.kind], left, right)

    def aggregate(self, operation: Token, expression: Expression | None = None) -> Aggregate:
        return Aggregate(TERMINALS[operation.kind], expression)

    # -- metrics

    def counted(self, function: Token, by: tuple[Attribute, ...] = ()) -> MetricsFunction:
        return MetricsFunction(TERMINALS[function.kind], None, by)

    def measured(self, function: Token, attribute: Attribute, by: tuple[Attribute, ...] = ()) -> MetricsFunction:
        return MetricsFunction(TERMINALS[function.kind], attribute, by)

    def quantiles(
        self, function: Token, attribute: Attribute, quantiles: tuple[float, ...], by: tuple[Attribute, ...] = ()
    ) -> MetricsFunction:
        return MetricsFunction(TERMINALS[function.kind], attribute, by, quantiles)

    def numbers(self, *items: Any) -> tuple[float, ...]:
        before = items[0] if len(items) == 2 else ()
        return (*before, float(items[-1].value))

    def compare(self, selection: SpansetFilter, *numbers: Token) -> Compare:
        return Compare(selection, *(number.value for number in numbers))

    def limit_series(self, operation: Token, limit: Token) -> LimitSeries:
        return LimitSeries(TERMINALS[operation.kind], limit.value)

    def filter_series(self, operation: Token, *number: Token) -> FilterSeries:
        value = number[-1].value / _NANOSECONDS if number[-1].kind == "DURATION" else float(number[-1].value)
        return FilterSeries(TERMINALS[operation.kind], -value if len(number) == 2 else value)

    def stages(self, *items: Any) -> tuple[Any, ...]:
        return self.listed(*items)

    # -- what is said of one span

    def binary(self, left: Expression, operation: Token, right: Expression) -> Expression:
        left, right = _trace_id_operand(right, left), _trace_id_operand(left, right)
        tree = Binary(TERMINALS[operation.kind], left, right)
        # Only constants can be folded, and folded ones are constants.
        if isinstance(left, Static) and isinstance(right, Static) and expression_error(tree) is None:
            try:
                return binary_result(tree.operation, left, right)
            except OperationFailed:
                return tree
        return tree

    def nil_right(self, operand: Expression, operation: Token, _: Token) -> Expression:
        return self._of_nil(operation, operand)

    def nil_left(self, _: Token, operation: Token, operand: Expression) -> Expression:
        return self._of_nil(operation, operand)

    def nil_both(self, *_: Token) -> Static:
        return FALSE

    def unary(self, operation: Token, operand: Expression) -> Expression:
        return self._unary(TERMINALS[operation.kind], operand)

    def _of_nil(self, operation: Token, operand: Expression) -> Expression:
        return self._unary("exists" if operation.kind == "NEQ" else "absent", operand)

    def _unary(self, operation: str, operand: Expression) -> Expression:
        tree = Unary(operation, operand)
        if isinstance(operand, Static) and expression_error(tree) is None:
            try:
                return unary_result(operation, operand)
            except OperationFailed:
                return tree
        return tree

    # -- constants

    def string(self, token: Token) -> Static:
        return Static("string", token.value)

    def integer(self, token: Token) -> Static:
        return Static("int", token.value)

    def float(self, token: Token) -> Static:
        return Static("float", token.value)

    def duration(self, token: Token) -> Static:
        return Static("duration", token.value)

    def negative_integer(self, _: Token, token: Token) -> Static:
        return Static("int", -token.value)

    def negative_float(self, _: Token, token: Token) -> Static:
        return Static("float", -token.value)

    def negative_duration(self, _: Token, token: Token) -> Static:
        return Static("duration", -token.value)

    def boolean(self, token: Token) -> Static:
        return TRUE if token.kind == "TRUE" else FALSE

    def status(self, token: Token) -> Static:
        return Static("status", STATUSES[TERMINALS[token.kind]])

    def kind(self, token: Token) -> Static:
        return Static("kind", KINDS[TERMINALS[token.kind]])

    def named_number(self, token: Token) -> Static:
        number = _NAMED_NUMBERS.get(token.value)
        if number is None:
            raise self._lexer.error(f"unknown identifier: {token.value}")
        return Static("int", number)

    # -- attributes

    def intrinsic(self, *tokens: Token) -> Attribute:
        text = "".join(TERMINALS[token.kind] for token in tokens)
        return Attribute("intrinsic", SHORT_NAMES.get(text, text))

    def attribute(self, *tokens: Token) -> Attribute:
        scopes = [TERMINALS[token.kind].removesuffix(".") for token in tokens[:-1]]
        scope = scopes[-1] if scopes[-1] != "parent" else ""
        return Attribute(scope, tokens[-1].value, "parent" in scopes)


def _trace_id_operand(other: Expression, operand: Expression) -> Expression:
    """What a trace id is compared with; ids are printed without their leading zeros."""
    if other == Attribute("intrinsic", "trace:id") and isinstance(operand, Static) and operand.type == "string":
        return Static("string", operand.value.lstrip("0"))
    return operand
