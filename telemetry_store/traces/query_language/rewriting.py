"""Chains of comparisons made one comparison with a list, as Tempo does: `.a = 1 || .a = 2` is `.a IN [1, 2]`.

The values of the attribute are then read and judged together, which for lists of values makes another answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .syntax import (
    Aggregate,
    Attribute,
    Binary,
    Expression,
    GroupBy,
    Pipeline,
    Query,
    ScalarFilter,
    ScalarOperation,
    SpansetFilter,
    SpansetOperation,
    Static,
    Unary,
    spine,
)

#: What joins the comparisons, the comparison, and the one with a list.
_LISTS = {("||", "="): "IN", ("&&", "!="): "NOT IN", ("||", "=~"): "MATCH ANY", ("&&", "!~"): "MATCH NONE"}
_TYPES = frozenset(("string", "int", "float", "bool"))


@dataclass
class _Chain:
    """Comparisons of one attribute that are alike, so far."""

    attribute: Attribute
    comparison: str
    type: str
    values: list[Any]


def with_lists(query: Query) -> Query:
    """The query with its chains of alternatives as lists."""
    return replace(query, pipeline=_element(query.pipeline))


def _element(element: Any) -> Any:
    match element:
        case SpansetFilter():
            return SpansetFilter(_expression(element.condition))
        case GroupBy():
            return GroupBy(_expression(element.expression))
        case Aggregate() if element.expression is not None:
            return Aggregate(element.operation, _expression(element.expression))
        case Pipeline():
            return Pipeline(tuple(_element(part) for part in element.elements))
        case SpansetOperation() | ScalarFilter() | ScalarOperation():
            bottom, operations = spine(element)
            tree = _element(bottom)
            for operation in operations:
                tree = replace(operation, left=tree, right=_element(operation.right))
            return tree
    return element


def _expression(expression: Expression) -> Expression:
    bottom, operations = spine(expression)
    if isinstance(bottom, Unary):
        bottom = Unary(bottom.operation, _expression(bottom.operand))
    tree: Expression = bottom
    chain: _Chain | None = None
    joined = ""
    for operation in operations:
        right = _expression(operation.right)
        first = chain or _chain_of(tree)
        second = _chain_of(right)
        if first is not None and second is not None and _joins(operation.operation, joined, first, second):
            joined = operation.operation
            chain = first
            chain.values += second.values
            continue
        tree = Binary(operation.operation, _finished(tree, chain, joined), right)
        chain, joined = None, ""
    return _finished(tree, chain, joined)


def _joins(operation: str, joined: str, first: _Chain, second: _Chain) -> bool:
    return (
        joined in ("", operation)
        and (operation, first.comparison) in _LISTS
        and (first.attribute, first.comparison, first.type) == (second.attribute, second.comparison, second.type)
        and first.type in (("string",) if "~" in first.comparison else _TYPES)
    )


def _finished(tree: Expression, chain: _Chain | None, joined: str) -> Expression:
    if chain is None:
        return tree
    list_ = Static(f"{chain.type}[]", tuple(chain.values))
    return Binary(_LISTS[joined, chain.comparison], chain.attribute, list_)


def _chain_of(expression: Expression) -> _Chain | None:
    """A comparison, or one with a list already, as a chain."""
    if not isinstance(expression, Binary):
        return None
    left, right = expression.left, expression.right
    if isinstance(right, Attribute) and isinstance(left, Static):
        left, right = right, left
    if not (isinstance(left, Attribute) and isinstance(right, Static)):
        return None
    comparison = next((one for (_, one), many in _LISTS.items() if many == expression.operation), expression.operation)
    is_list = right.type.endswith("[]")
    return _Chain(left, comparison, right.type.removesuffix("[]"), list(right.value) if is_list else [right.value])
