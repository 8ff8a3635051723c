"""Syntax trees -> PromQL text in one way of writing, as Prometheus' `format_query` gives it back."""

from __future__ import annotations

import math
from decimal import Decimal

from ...quoting import quote
from ...vector_matching import Cardinality
from ...vectors import format_value
from .syntax import (
    Aggregation,
    Anchor,
    Binary,
    Call,
    Expression,
    Number,
    Parentheses,
    Range,
    Selector,
    Subquery,
    Text,
    Unary,
)

#: Expressions longer than this are spread over several lines.
_LINE = 100

#: Powers of ten from which on numbers are printed with an exponent.
_EXPONENT = 6

_UNITS = (
    # Years and weeks only where they leave no rest.
    ("y", 365 * 86_400_000, True),
    ("w", 7 * 86_400_000, True),
    ("d", 86_400_000, False),
    ("h", 3_600_000, False),
    ("m", 60_000, False),
    ("s", 1_000, False),
    ("ms", 1, False),
)


def show_duration(milliseconds: int) -> str:
    """A duration such as `1h30m`."""
    if not milliseconds:
        return "0s"
    text = ""
    for unit, size, exact in _UNITS:
        if milliseconds >= size and not (exact and milliseconds % size):
            text += f"{milliseconds // size}{unit}"
            milliseconds %= size
    return text


def show_number(value: float) -> str:
    """A number as Go's `%v` prints it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    digits, _, exponent = f"{Decimal(repr(value)).normalize():e}".partition("e")
    if value and not -4 <= int(exponent) < _EXPONENT:
        return f"{digits}e{int(exponent):+03d}"
    return format_value(value)


def show(tree: Expression) -> str:
    """The expression on one line."""
    match tree:
        case Number():
            return show_number(tree.value)
        case Text():
            return quote(tree.value)
        case Parentheses():
            return f"({show(tree.inner)})"
        case Selector():
            return _bare_selector(tree) + _modifiers(tree.offset, tree.anchor)
        case Range():
            selector = tree.selector
            modifiers = _modifiers(selector.offset, selector.anchor)
            return f"{_bare_selector(selector)}[{show_duration(tree.range)}]{modifiers}"
        case Subquery():
            return show(tree.inner) + _subquery_suffix(tree)
        case Call():
            return f"{tree.name}({', '.join(map(show, tree.arguments))})"
        case Aggregation():
            parameter = f"{show(tree.parameter)}, " if tree.parameter is not None else ""
            return f"{_aggregation_head(tree)}({parameter}{show(tree.inner)})"
        case Unary():
            return tree.operation + show(tree.inner)
        case Binary():
            return f"{show(tree.left)} {_operator(tree)} {show(tree.right)}"
    raise TypeError(type(tree).__name__)


def pretty(tree: Expression, level: int = 0) -> str:
    """The expression over as many lines as it needs, parts indented by two blanks a level."""
    margin = "  " * level
    match tree:
        case Unary():
            return margin + tree.operation + pretty(tree.inner, level).strip()
        case Subquery() if _is_long(tree):
            return pretty(tree.inner, level) + _subquery_suffix(tree)
        case Subquery():
            return show(tree)
        case Parentheses() if _is_long(tree):
            return f"{margin}(\n{pretty(tree.inner, level + 1)}\n{margin})"
        case Call() if _is_long(tree):
            arguments = ",\n".join(pretty(argument, level + 1) for argument in tree.arguments)
            return f"{margin}{tree.name}(\n{arguments}\n{margin})"
        case Aggregation() if _is_long(tree):
            parameter = f"{pretty(tree.parameter, level + 1)},\n" if tree.parameter is not None else ""
            return f"{margin}{_aggregation_head(tree)}(\n{parameter}{pretty(tree.inner, level + 1)}\n{margin})"
        case Binary() if _is_long(tree):
            left, right = pretty(tree.left, level + 1), pretty(tree.right, level + 1)
            return f"{left}\n{margin}{_operator(tree)}\n{right}"
    return margin + show(tree)


def _is_long(tree: Expression) -> bool:
    return len(show(tree).encode()) > _LINE


def _bare_selector(selector: Selector) -> str:
    matchers = sorted(
        f"{m.name}{m.operation}{quote(m.value)}"
        for m in selector.matchers
        if not (m.name == "__name__" and m.operation == "=" and m.value == selector.name)
    )
    return (selector.name or "") + (f"{{{','.join(matchers)}}}" if matchers else "")


def _modifiers(offset: int, anchor: Anchor | None) -> str:
    text = ""
    if anchor is not None:
        text += f" @ {anchor.at}()" if isinstance(anchor.at, str) else f" @ {anchor.at / 1000:.3f}"
    if offset:
        text += f" offset {'-' if offset < 0 else ''}{show_duration(abs(offset))}"
    return text


def _subquery_suffix(tree: Subquery) -> str:
    step = show_duration(tree.step) if tree.step else ""
    return f"[{show_duration(tree.range)}:{step}]{_modifiers(tree.offset, tree.anchor)}"


def _aggregation_head(tree: Aggregation) -> str:
    names = ", ".join(tree.grouping.names)
    if tree.grouping.without:
        return f"{tree.operation} without ({names}) "
    return f"{tree.operation} by ({names}) " if names else tree.operation


def _operator(tree: Binary) -> str:
    text = tree.operation + (" bool" if tree.as_numbers else "")
    matching = tree.matching
    if matching.names or matching.on:
        text += f" {'on' if matching.on else 'ignoring'} ({', '.join(matching.names)})"
        if matching.cardinality is not Cardinality.ONE_TO_ONE:
            side = "left" if matching.cardinality is Cardinality.MANY_TO_ONE else "right"
            text += f" group_{side} ({', '.join(matching.include)})"
    return text
