"""What a TraceQL tree must fulfil beyond its grammar: types that go together, and what Tempo evaluates at all."""

from __future__ import annotations

from ...refusals import BadRequest
from ...regexes import compile_pattern
from .syntax import (
    NUMERIC,
    Aggregate,
    Attribute,
    Binary,
    Compare,
    Expression,
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
    format_float,
    references_span,
    spine,
    type_of,
)

#: Attributes that a metrics query may group by.
_GROUPINGS = 5

_SERVICE_NAME = Attribute("resource", "service.name")

_COMPARISONS = frozenset(("=", "!=", ">", ">=", "<", "<="))
_ARITHMETIC = frozenset("+-*/%^")
_LISTS = frozenset(("IN", "NOT IN"))
#: What a binary operation may be when one side has this type.
_OPERATIONS = {
    "bool": frozenset(("&&", "||", "=", "!=")) | _LISTS,
    "int": _COMPARISONS | _ARITHMETIC | _LISTS,
    "float": _COMPARISONS | _ARITHMETIC | _LISTS,
    "duration": _COMPARISONS | _ARITHMETIC | _LISTS,
    "string": _COMPARISONS | _LISTS | {"=~", "!~", "MATCH ANY", "MATCH NONE"},
    "nil": frozenset(("=", "!=")),
    "status": frozenset(("=", "!=")),
    "kind": frozenset(("=", "!=")),
}


def types_match(left: str, right: str) -> bool:
    """Whether two types can stand on the sides of one operation, whichever it is."""
    if "attribute" in (left, right) or left == right or "nil" in (left, right):
        return True
    left, right = left.removesuffix("[]"), right.removesuffix("[]")
    return left == right or (left in NUMERIC and right in NUMERIC)


def operation_fits(operation: str, type_: str) -> bool:
    """Whether an operation is defined for a type."""
    return type_ == "attribute" or operation in _OPERATIONS.get(type_.removesuffix("[]"), ())


def validate(query: Query) -> None:
    """Raises BadRequest in Tempo's words."""
    _check_pipeline(query.pipeline)
    match query.metrics:
        case MetricsFunction():
            _check_metrics(query.metrics)
        case Compare():
            _check_compare(query.metrics)
    for stage in query.stages:
        if isinstance(stage, LimitSeries) and stage.limit <= 0:
            raise BadRequest("limit must be greater than 0")
    if query.stages and isinstance(query.metrics, Compare):
        raise BadRequest("`compare()` cannot be used with second stage functions")


def _check_pipeline(pipeline: Pipeline) -> None:
    for element in pipeline.elements:
        match element:
            case SpansetFilter():
                _check_filter(element)
            case SpansetOperation():
                _check_spanset_operation(element)
            case GroupBy():
                if not references_span(element.expression):
                    raise BadRequest(f"grouping field expressions must reference the span: {element}")
                check_expression(element.expression)
            case Select():
                for attribute in element.attributes:
                    check_expression(attribute)
            case ScalarFilter():
                _check_scalar_filter(element)
            case Aggregate():
                _check_scalar(element)
            case Pipeline():
                _check_pipeline(element)


def _check_filter(filter_: SpansetFilter) -> None:
    check_expression(filter_.condition)
    if type_of(filter_.condition) not in ("attribute", "bool"):
        raise BadRequest(f"span filter field expressions must resolve to a boolean: {filter_}")


def _check_spanset_operation(tree: SpansetOperation) -> None:
    bottom, operations = spine(tree)
    for part in (bottom, *(operation.right for operation in operations)):
        match part:
            case SpansetFilter():
                _check_filter(part)
            case SpansetOperation():
                _check_spanset_operation(part)
            case Pipeline():
                _check_pipeline(part)


def _check_scalar(scalar: object) -> None:
    match scalar:
        case Aggregate() if scalar.expression is not None:
            check_expression(scalar.expression)
            type_ = type_of(scalar.expression)
            if type_ != "attribute" and type_ not in NUMERIC:
                raise BadRequest(f"aggregate field expressions must resolve to a number type: {scalar}")
            if not references_span(scalar.expression):
                raise BadRequest(f"aggregate field expressions must reference the span: {scalar}")
        case ScalarOperation():
            bottom, operations = spine(scalar)
            _check_scalar(bottom)
            for operation in operations:
                _check_scalar(operation.right)
                _check_operands(operation)
        case Pipeline():
            _check_pipeline(scalar)


def _check_scalar_filter(filter_: ScalarFilter) -> None:
    _check_scalar(filter_.left)
    _check_scalar(filter_.right)
    _check_operands(filter_)
    # The two texts are Tempo's, with the place for the type left as it is there.
    if not isinstance(filter_.left, Aggregate):
        raise BadRequest("scalar filter lhs of type (%v) not yet supported")
    if not isinstance(filter_.right, Static):
        raise BadRequest("scalar filter rhs of type (%v) not yet supported")


def _check_operands(tree: ScalarOperation | ScalarFilter | Binary) -> None:
    left, right = type_of(tree.left), type_of(tree.right)
    if not types_match(left, right):
        raise BadRequest(f"binary operations must operate on the same type: {tree}")
    if not (operation_fits(tree.operation, left) and operation_fits(tree.operation, right)):
        raise BadRequest(f"illegal operation for the given types: {tree}")


def expression_error(expression: Expression) -> str | None:
    """What is wrong with an expression, if anything."""
    try:
        check_expression(expression)
    except BadRequest as error:
        return str(error)
    return None


def check_expression(expression: Expression) -> None:
    """Raises BadRequest if an expression about a span makes no sense by its types."""
    bottom, operations = spine(expression)
    if isinstance(bottom, Unary):
        _check_unary(bottom)
    elif isinstance(bottom, Attribute):
        if bottom.parent:
            raise BadRequest("parent not yet supported")
        if bottom == Attribute("intrinsic", "parent"):
            raise BadRequest("intrinsic (parent) not yet supported")
    for operation in operations:
        check_expression(operation.right)
        _check_operands(operation)
        if operation.operation in ("=~", "!~", "MATCH ANY", "MATCH NONE"):
            _check_regex(operation)


def _check_regex(tree: Binary) -> None:
    if not isinstance(tree.right, Static) or tree.right.type not in ("string", "string[]"):
        raise BadRequest(f"invalid type for =~ or !~: {tree.right}")
    try:
        for pattern in tree.right.value if tree.right.type == "string[]" else (tree.right.value,):
            compile_pattern(pattern)
    except BadRequest:
        raise BadRequest(f"invalid regex: {tree.right}") from None


def _check_unary(tree: Unary) -> None:
    check_expression(tree.operand)
    if tree.operation == "absent" and isinstance(tree.operand, Attribute):
        if tree.operand.scope == "intrinsic":
            raise BadRequest(f"{tree.operand}=nil is not valid because intrinsics cannot be nil")
        if tree.operand == _SERVICE_NAME:
            raise BadRequest(f"{tree.operand}=nil is not valid because resource.service.name cannot be nil")
    type_ = type_of(tree.operand)
    if type_ == "attribute" or tree.operation in ("exists", "absent"):
        return
    if type_ not in (NUMERIC if tree.operation == "-" else ("bool",)):
        raise BadRequest(f"illegal operation for the given type: {tree}")


def _check_metrics(metrics: MetricsFunction) -> None:
    # A label for the bucket takes one place, and an average needs one to tell counts from sums.
    reserved = metrics.function in ("histogram_over_time", "quantile_over_time", "avg_over_time")
    too_many = f"metrics group by {len(metrics.by)} values not yet supported"
    if reserved and len(metrics.by) >= _GROUPINGS:
        raise BadRequest(too_many)
    for quantile in metrics.quantiles:
        if not 0 <= quantile <= 1:
            raise BadRequest(f"quantile must be between 0 and 1: {format_float(quantile)}")
    if len(metrics.by) > _GROUPINGS:
        raise BadRequest(too_many)


def _check_compare(compare: Compare) -> None:
    _check_filter(compare.selection)
    if compare.top <= 0:
        raise BadRequest("compare() top number of values must be integer greater than 0")
    if compare.start == 0 and compare.end == 0:
        return
    if compare.start <= 0 or compare.end <= 0:
        raise BadRequest("compare() timestamps must be positive integer unix nanoseconds")
    if compare.end <= compare.start:
        raise BadRequest("compare() end timestamp must be greater than start timestamp")
