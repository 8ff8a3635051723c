"""A rule's expression: its text as Prometheus shows it, and its samples at one instant."""

from __future__ import annotations

from ...deadline import Deadline
from ...refusals import Unprocessable
from ...vectors import Vector
from ..query_language.evaluator import Scalar, evaluate
from ..query_language.printer import show
from ..query_language.syntax import Expression
from ..storage import MetricStorage

#: Labels and value.
Sample = tuple[dict[str, str], float]


def show_expression(tree: Expression) -> str:
    """The expression as Prometheus shows it, on one line."""
    return show(tree)


def evaluate_expression(storage: MetricStorage, tree: Expression, milliseconds: int) -> list[Sample]:
    """The samples of an instant vector, or a scalar as one sample without labels. Raises Refusal."""
    value, _ = evaluate(storage, tree, milliseconds, milliseconds, 1, Deadline())
    if isinstance(value, Scalar):
        return [({}, float(value.values[0]))]
    if not isinstance(value, Vector):
        raise Unprocessable("rule result is not a vector or scalar")
    return [
        (dict(labels), float(row[0]))
        for labels, row, present in zip(value.labels, value.values, value.present, strict=True)
        if present[0]
    ]
