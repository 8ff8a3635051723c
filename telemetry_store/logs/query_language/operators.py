"""Chains of operators, which the grammar leaves in a row, put in order by precedence, as goyacc resolves conflicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
O = TypeVar("O")  # noqa: E741 (an operator)

#: Binary operators by how strongly they bind; all bind to the left but `^`.
PRECEDENCE = {
    "or": 1, "and": 2, "unless": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "+": 4, "-": 4, "*": 5,
    "/": 5, "%": 5, "^": 6,
}  # fmt: skip


def binds_first(waiting: str, following: str) -> bool:
    """Whether, in `a waiting b following c`, `a waiting b` belong together."""
    if waiting == "^" == following:
        return False
    return PRECEDENCE[following] <= PRECEDENCE[waiting]


def filter_binds_first(waiting: str, following: str) -> bool:
    """The same of label filters: commas and mere juxtaposition have no precedence, there the right side goes first."""
    return waiting in ("and", "or") and following in ("and", "or") and PRECEDENCE[following] <= PRECEDENCE[waiting]


class Chain(Generic[T, O]):
    """`a + b * c`, still in a row."""

    def __init__(self, operands: Sequence[T], operators: Sequence[O]) -> None:
        self.operands = operands
        self.operators = operators

    @classmethod
    def of(cls, left: T, operator: O, right: T | Chain[T, O]) -> Chain[T, O]:
        """The chain with one more operand in front."""
        if isinstance(right, Chain):
            return cls([left, *right.operands], [operator, *right.operators])
        return cls([left, right], [operator])

    def ordered(self, name: Callable[[O], str], first: Callable[[str, str], bool], join: Callable[[O, T, T], T]) -> T:
        """The operands joined two by two."""
        done: list[T] = [self.operands[0]]
        waiting: list[O] = []

        def reduce() -> None:
            right = done.pop()
            done[-1] = join(waiting.pop(), done[-1], right)

        for operator, operand in zip(self.operators, self.operands[1:], strict=True):
            while waiting and first(name(waiting[-1]), name(operator)):
                reduce()
            waiting.append(operator)
            done.append(operand)
        while waiting:
            reduce()
        return done[0]
