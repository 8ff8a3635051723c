"""What a query wants to know of each span, before anything is evaluated.

Tempo reads from its columns only what the query's conditions ask for, and evaluates the query on that: a value that
fulfils no condition on its attribute is as good as not there. What a query finds and which attributes an answer shows
depend on it (`{ !(span.a = 1) }` finds nothing, for other values have not been read), so it is done alike here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .syntax import (
    BOOLEAN_OPERATIONS,
    TRUE,
    Aggregate,
    Attribute,
    Binary,
    Compare,
    Expression,
    GroupBy,
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
    spine,
)


@dataclass(frozen=True)
class Condition:
    """Which values of an attribute are wanted. Without an operation all are; `exists` and `absent` have no operand."""

    attribute: Attribute
    operation: str = ""
    operand: Static | None = None


@dataclass
class Wanted:
    """The conditions of a query.

    `first` is read before the query is evaluated, `second` afterwards for what it found. With `all_needed` a span that
    misses one of the first conditions cannot be found; otherwise it needs one, or `every_span`, or with `structure` a
    place in a tree.
    """

    first: list[Condition] = field(default_factory=list)
    second: list[Condition] = field(default_factory=list)
    all_needed: bool = True
    every_span: bool = False
    structure: bool = False

    def has(self, attribute: Attribute) -> bool:
        """Whether the attribute is read at all."""
        return any(condition.attribute == attribute for condition in (*self.first, *self.second))


def wanted_by(query: Query) -> Wanted:
    """The conditions of a whole query."""
    wanted = Wanted()
    _of_pipeline(query.pipeline, wanted)
    match query.metrics:
        case MetricsFunction():
            _of_metrics(query.metrics, wanted)
        case Compare():
            _of_expression(query.metrics.selection.condition, wanted_later := Wanted())
            wanted.second += [Condition(condition.attribute) for condition in wanted_later.first]
    return wanted


def _of_metrics(metrics: MetricsFunction, wanted: Wanted) -> None:
    if metrics.attribute is not None and not wanted.has(metrics.attribute):
        wanted.second.append(Condition(metrics.attribute))
    for attribute in metrics.by:
        known = (*wanted.second, *(wanted.first if wanted.all_needed else ()))
        if not any(condition.attribute == attribute for condition in known):
            wanted.second.append(Condition(attribute))


def _of_pipeline(pipeline: Pipeline, wanted: Wanted) -> None:
    selected = False
    for element in pipeline.elements:
        if selected:
            # What comes after select() needs no more of what is found than that it be read.
            later = Wanted()
            _of_element(element, later)
            everything = {c.attribute for c in (*wanted.first, *wanted.second) if not c.operation}
            wanted.second += [c for c in (*later.first, *later.second) if c.attribute not in everything]
        else:
            _of_element(element, wanted)
        selected = selected or isinstance(element, Select)


def _of_element(element: object, wanted: Wanted) -> None:
    match element:
        case SpansetFilter():
            _of_filter(element, wanted)
        case SpansetOperation():
            _of_spanset_operation(element, wanted)
        case GroupBy():
            _of_expression(element.expression, wanted)
            wanted.all_needed = False
        case Select():
            wanted.second += [Condition(attribute) for attribute in element.attributes]
        case Aggregate():
            wanted.all_needed = False
            if element.expression is not None:
                _of_expression(element.expression, wanted)
        case ScalarFilter() | ScalarOperation():
            bottom, operations = spine(element)
            _of_element(bottom, wanted)
            for operation in operations:
                _of_element(operation.right, wanted)
        case Pipeline():
            _of_pipeline(element, wanted)


def _of_filter(filter_: SpansetFilter, wanted: Wanted) -> None:
    _of_expression(filter_.condition, wanted)
    if filter_.condition == TRUE and not wanted.structure:
        wanted.every_span = True


def _of_spanset_operation(tree: SpansetOperation, wanted: Wanted) -> None:
    bottom, operations = spine(tree)
    if any(operation.operation not in ("&&", "||") for operation in operations):
        wanted.structure = True
    _of_element(bottom, wanted)
    for operation in operations:
        _of_element(operation.right, wanted)
    wanted.all_needed = False


def _of_expression(expression: Expression, wanted: Wanted) -> None:
    bottom, operations = spine(expression)
    if isinstance(bottom, Unary):
        _of_unary(bottom, wanted)
    elif isinstance(bottom, Attribute) and not operations:
        wanted.first.append(Condition(bottom))
    for number, operation in enumerate(operations):
        _of_binary(operation, bottom if number == 0 else None, wanted)


def _of_unary(unary: Unary, wanted: Wanted) -> None:
    if isinstance(unary.operand, Attribute):
        operation = unary.operation if unary.operation in ("exists", "absent") else ""
        wanted.first.append(Condition(unary.operand, operation))
    else:
        _of_expression(unary.operand, wanted)


def _of_binary(binary: Binary, left: Expression | None, wanted: Wanted) -> None:
    """The conditions of an operation, whose left side has been seen unless it is given."""
    right = binary.right
    if isinstance(left, Attribute) and isinstance(right, Static):
        wanted.first.append(_comparison(binary.operation, left, right))
    elif isinstance(left, Attribute):
        wanted.first.append(Condition(left))
        _of_expression(right, wanted)
    elif isinstance(left, Static):
        if isinstance(right, Attribute):
            # Tempo reads by the operation as it is written, though the sides are exchanged.
            wanted.first.append(_comparison(binary.operation, right, left))
        else:
            _of_expression(right, wanted)
    else:
        _of_expression(right, wanted)
        wanted.all_needed = wanted.all_needed and binary.operation != "||"


def _comparison(operation: str, attribute: Attribute, operand: Static) -> Condition:
    if operation not in BOOLEAN_OPERATIONS or operation in ("&&", "||"):
        return Condition(attribute)
    return Condition(attribute, operation, operand)
