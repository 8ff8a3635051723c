"""A function's name and evaluated arguments -> its value, for functions of the samples at each instant."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ...deadline import Deadline
from ...vector_matching import SAME_LABELS, without_name
from ...vectors import Floats, Labels, Vector
from ..samples import Times
from .histograms import histogram_quantile
from .instant_functions import DATES, MATHEMATICS, clamp, label_join, label_replace, round_to
from .syntax import Expression, Range, Selector, bare


class Arguments(Protocol):
    """The arguments of one call, evaluated when they are asked for."""

    instants: Times
    deadline: Deadline

    def __len__(self) -> int: ...

    def vector(self, number: int) -> Vector:
        """An argument that is a vector."""

    def scalar(self, number: int) -> Floats:
        """An argument that is a number: one per instant."""

    def text(self, number: int) -> str:
        """An argument that is a string."""


def nameless(vector: Vector, values: Floats) -> Vector:
    """New values for the vector's series, which lose the metric's name. Raises Unprocessable when two become one."""
    return Vector([without_name(labels) for labels in vector.labels], values, vector.present).merged(SAME_LABELS)


def call(name: str, arguments: Arguments) -> Vector:
    """The function's value. KeyError for a function that is not one of these."""
    if name in MATHEMATICS:
        vector = arguments.vector(0)
        return nameless(vector, MATHEMATICS[name](vector.values))
    if name in DATES:
        if not len(arguments):
            return constant(DATES[name](np.floor(arguments.instants / 1000)))
        vector = arguments.vector(0)
        return nameless(vector, DATES[name](vector.values))
    match name:
        case "vector":
            return constant(arguments.scalar(0))
        case "clamp":
            vector, low, high = arguments.vector(0), arguments.scalar(1), arguments.scalar(2)
            return nameless(vector, clamp(vector.values, low, high)).where(~(high < low))
        case "clamp_min":
            vector = arguments.vector(0)
            return nameless(vector, clamp(vector.values, arguments.scalar(1), np.full(vector.points, np.inf)))
        case "clamp_max":
            vector = arguments.vector(0)
            return nameless(vector, clamp(vector.values, np.full(vector.points, -np.inf), arguments.scalar(1)))
        case "round":
            vector = arguments.vector(0)
            return nameless(vector, round_to(vector.values, arguments.scalar(1) if len(arguments) > 1 else 1.0))
        case "histogram_quantile":
            return histogram_quantile(arguments.scalar(0), arguments.vector(1), arguments.deadline).merged(SAME_LABELS)
        case "label_replace":
            vector = arguments.vector(0)
            labels = label_replace(vector, *(arguments.text(number) for number in range(1, 5)))
            return Vector(labels, vector.values, vector.present).merged(SAME_LABELS)
        case "label_join":
            vector = arguments.vector(0)
            sources = [arguments.text(number) for number in range(3, len(arguments))]
            labels = label_join(vector, arguments.text(1), arguments.text(2), sources)
            return Vector(labels, vector.values, vector.present).merged(SAME_LABELS)
        case "sort" | "sort_desc":
            return _sorted(arguments.vector(0), descending=name == "sort_desc")
    raise KeyError(name)


def constant(values: Floats) -> Vector:
    """One series without labels."""
    return Vector([{}], values[np.newaxis, :].astype(float), np.ones((1, len(values)), dtype=bool))


def _sorted(vector: Vector, descending: bool) -> Vector:
    """Only an instant query has an order; series of a range query are sorted by labels in the end."""
    if vector.points != 1 or not vector.labels:
        return vector
    values = vector.values[:, 0]
    # NaN sorts to the end either way.
    return vector.take(np.argsort(-values if descending else values, kind="stable"))


def absent_labels(tree: Expression) -> Labels:
    """The labels that `absent` can tell from a selector: those that it asks to be equal to one value."""
    tree = bare(tree)
    selector = tree.selector if isinstance(tree, Range) else tree
    if not isinstance(selector, Selector):
        return {}
    labels: Labels = {}
    seen: set[str] = set()
    for matcher in selector.matchers:
        if matcher.name == "__name__":
            continue
        if matcher.operation == "=" and matcher.name not in seen:
            labels[matcher.name] = matcher.value
            seen.add(matcher.name)
        else:
            labels.pop(matcher.name, None)
    return {name: value for name, value in sorted(labels.items()) if value}
