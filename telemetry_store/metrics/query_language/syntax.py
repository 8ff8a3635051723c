"""The syntax tree of a PromQL expression, as evaluator and printer walk it. Durations are milliseconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from ...matchers import Matcher
from ...vector_matching import Matching
from ...vectors import Grouping


class Type(Enum):
    """What an expression's value is, in Prometheus' words."""

    SCALAR = "scalar"
    STRING = "string"
    VECTOR = "instant vector"
    MATRIX = "range vector"


@dataclass(frozen=True)
class Anchor:
    """The modifier `@`: an instant in unix milliseconds, or the `start` or `end` of the query."""

    at: int | str


@dataclass(frozen=True)
class Expression:
    """Any part."""


@dataclass(frozen=True)
class Number(Expression):
    """A number."""

    value: float


@dataclass(frozen=True)
class Text(Expression):
    """A string."""

    value: str


@dataclass(frozen=True)
class Parentheses(Expression):
    """An expression in parentheses."""

    inner: Expression


@dataclass(frozen=True)
class Selector(Expression):
    """Series by matchers, the metric's name (None when it is not before the braces) the last of them."""

    name: str | None
    matchers: tuple[Matcher, ...]
    offset: int = 0
    anchor: Anchor | None = None


@dataclass(frozen=True)
class Range(Expression):
    """The samples of a selector's series over a stretch of time."""

    selector: Selector
    range: int


@dataclass(frozen=True)
class Subquery(Expression):
    """An expression evaluated over a stretch of time; without a step, at the default interval."""

    inner: Expression
    range: int
    step: int | None
    offset: int = 0
    anchor: Anchor | None = None


@dataclass(frozen=True)
class Call(Expression):
    """A function's call."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Aggregation(Expression):
    """An aggregation; the parameter is that of topk, bottomk, quantile and count_values."""

    operation: str
    inner: Expression
    parameter: Expression | None
    grouping: Grouping


@dataclass(frozen=True)
class Unary(Expression):
    """`-` or `+` before an expression."""

    operation: str
    inner: Expression


@dataclass(frozen=True)
class Binary(Expression):
    """An operation between two expressions; `as_numbers` is the modifier `bool`."""

    operation: str
    left: Expression
    right: Expression
    matching: Matching
    as_numbers: bool


def parts(tree: Expression) -> tuple[Expression, ...]:
    """The expressions of which this one is made, in the order of the text."""
    match tree:
        case Parentheses() | Unary() | Subquery():
            return (tree.inner,)
        case Range():
            return (tree.selector,)
        case Call():
            return tree.arguments
        case Aggregation():
            return (tree.inner,) if tree.parameter is None else (tree.parameter, tree.inner)
        case Binary():
            return (tree.left, tree.right)
    return ()


def selectors(tree: Expression) -> Iterator[Selector]:
    """Every selector in the tree."""
    if isinstance(tree, Selector):
        yield tree
    for part in parts(tree):
        yield from selectors(part)


def bare(tree: Expression) -> Expression:
    """The expression without parentheses around it."""
    while isinstance(tree, Parentheses):
        tree = tree.inner
    return tree


def type_of(tree: Expression) -> Type:
    """The type of an expression's value."""
    match tree:
        case Number():
            return Type.SCALAR
        case Text():
            return Type.STRING
        case Range() | Subquery():
            return Type.MATRIX
        case Parentheses() | Unary():
            return type_of(tree.inner)
        case Call():
            return Type.SCALAR if tree.name in SCALAR_FUNCTIONS else Type.VECTOR
        case Binary():
            return Type.SCALAR if type_of(tree.left) == type_of(tree.right) == Type.SCALAR else Type.VECTOR
    return Type.VECTOR


#: Functions whose value is a number.
SCALAR_FUNCTIONS = frozenset(["pi", "scalar", "time"])
