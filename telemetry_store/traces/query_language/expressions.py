"""Evaluates what a query says of one span, for all spans of a block at once."""

from __future__ import annotations

from .fetching import Fetched
from .syntax import Attribute, Expression, Static, Unary, spine
from .vectors import Bools, Constant, Vector, binary, truth, unary


class Expressions:
    """Values of expressions at the spans of what has been fetched; each attribute is read once."""

    def __init__(self, fetched: Fetched) -> None:
        self.fetched = fetched
        self._count = fetched.block.count
        self._known: dict[Expression, Vector] = {}

    def vector(self, expression: Expression) -> Vector:
        """The expression's value at each span."""
        bottom, operations = spine(expression)
        value = self._operand(bottom)
        for operation in operations:
            value = binary(operation.operation, value, self.vector(operation.right), self._count)
        return value

    def truth(self, expression: Expression) -> Bools:
        """Where the expression is true."""
        return truth(self.vector(expression), self._count)

    def _operand(self, expression: Expression) -> Vector:
        if isinstance(expression, Static):
            return Constant(expression)
        value = self._known.get(expression)
        if value is None:
            if isinstance(expression, Attribute):
                value = self.fetched.vector(expression)
            else:
                assert isinstance(expression, Unary)
                value = unary(expression.operation, self.vector(expression.operand), self._count)
            self._known[expression] = value
        return value
