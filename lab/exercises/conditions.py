"""What an expression compares with what: the comparisons that decide whether it has a result."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

#: Comparisons, and what they are when their sides are swapped.
_TURNED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}


@dataclass(frozen=True)
class Condition:
    """One comparison, each side as it can be asked for."""

    left: str
    operator: str
    right: str

    @property
    def wants_less(self) -> bool:
        return self.operator in ("<", "<=")

    @property
    def threshold(self) -> float | None:
        """The right side, if it is a number."""
        try:
            return float(self.right)
        except ValueError:
            return None


@dataclass(frozen=True)
class Conditions:
    """Of an expression. What is no PromQL has none, and the server says why."""

    #: Those of which the result depends, at its top or in `and`, `or` and `unless` there.
    deciding: tuple[Condition, ...] = ()
    #: Whether there is anything in it, however deep, by which it can have no result while there is data.
    any: bool = False
    #: `> bool`: 0 and 1 in place of a result and none.
    as_bool: bool = False
    #: The times in `[…]`, in seconds: all there are, and those in comparisons without which there is no result.
    windows_seconds: frozenset[float] = frozenset()
    needed_windows_seconds: frozenset[float] = frozenset()


def conditions(expr: str) -> Conditions:
    # Only rules need it, and it comes with the store: everything else of the exercises does without.
    import promql_parser

    try:
        tree = promql_parser.parse(expr)
    except ValueError:
        return Conditions()
    nodes = list(_walk(tree))
    comparisons = [node for node in nodes if _operator(node) in _TURNED]
    selects = any(
        _operator(node) in ("and", "unless")
        or str(getattr(getattr(node, "func", None), "name", "")).startswith("absent")
        for node in nodes
    )
    return Conditions(
        deciding=tuple(_deciding(tree)),
        any=selects or any(not _is_bool(node) for node in comparisons),
        as_bool=any(_is_bool(node) for node in comparisons),
        windows_seconds=frozenset(_windows(tree)),
        needed_windows_seconds=frozenset(window for node in _needed(tree) for window in _windows(node)),
    )


def _deciding(node: Any) -> Iterator[Condition]:
    node = _inside(node)
    operator = _operator(node)
    if operator in _TURNED and not _is_bool(node):
        left, right = (str(_inside(side)).replace("{}", "") for side in (node.lhs, node.rhs))
        turned = type(_inside(node.lhs)).__name__ == "NumberLiteral"
        yield Condition(right, _TURNED[operator], left) if turned else Condition(left, operator, right)
    elif operator in ("and", "or", "unless"):
        yield from _deciding(node.lhs)
        if operator != "unless":
            yield from _deciding(node.rhs)


def _needed(node: Any) -> Iterator[Any]:
    """The comparisons that all have to hold; of two with `or` between them one is enough."""
    if _operator(node) in _TURNED and not _is_bool(node):
        yield node
    elif _operator(node) == "unless":
        yield from _needed(node.lhs)
    elif _operator(node) != "or":
        for child in _children(node):
            yield from _needed(child)


def _windows(node: Any) -> Iterator[float]:
    yield from (one.range.total_seconds() for one in _walk(node) if hasattr(one, "range"))


def _inside(node: Any) -> Any:
    """Without the brackets around it."""
    while type(node).__name__ == "ParenExpr":
        node = node.expr
    return node


def _operator(node: Any) -> str:
    return str(node.op) if type(node).__name__ == "BinaryExpr" else ""


def _is_bool(node: Any) -> bool:
    return bool(node.modifier and node.modifier.return_bool)


def _walk(node: Any) -> Iterator[Any]:
    yield node
    for child in _children(node):
        yield from _walk(child)


def _children(node: Any) -> Iterator[Any]:
    children = [getattr(node, name) for name in ("lhs", "rhs", "expr") if hasattr(node, name)]
    yield from (
        child for child in (*children, *(getattr(node, "args", None) or ())) if not isinstance(child, str | float)
    )
