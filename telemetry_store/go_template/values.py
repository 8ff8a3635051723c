"""What Go knows of a value and Python does not: its type's name, its truth, and how `print` shows it.

Python's str, bool, int, float, list and dict stand for string, bool, int, float64, []interface {} and
map[string]interface {}; None stands for nil. Other types have a class attribute `go_type`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol, runtime_checkable


class TemplateError(Exception):
    """A template that cannot be read or filled in, in Go's words."""


class Int64(int):
    """An int64, which Go tells apart from an int."""

    go_type = "int64"


class StringMap(dict[str, str]):
    """A map[string]string: what it does not have is the empty text, where another map has no value."""

    go_type = "map[string]string"


class StringList(list[str]):
    """A []string."""

    go_type = "[]string"


@runtime_checkable
class HasMethods(Protocol):
    """A value with methods that a template may call."""

    def go_method(self, name: str) -> Callable[..., object] | None:
        """The method, or None."""


class NoValue:
    """What a map gives for a key that it does not have."""

    go_type = "<nil>"


NO_VALUE = NoValue()

#: From this power of ten on, Go writes a float with an exponent.
_LARGEST_EXPONENT = 6

_TYPES: dict[type, str] = {
    str: "string",
    bool: "bool",
    int: "int",
    float: "float64",
    list: "[]interface {}",
    dict: "map[string]interface {}",
    object: "interface {}",
    bytes: "[]uint8",
}


def type_name(value: object) -> str:
    """The Go type of a value."""
    return "<nil>" if value is None else name_of_type(type(value))


def name_of_type(kind: type) -> str:
    """The Go type that a Python type stands for."""
    named = getattr(kind, "go_type", None)
    return named if isinstance(named, str) else _TYPES.get(kind, kind.__name__)


def is_nothing(value: object) -> bool:
    """Whether it is nil, or what a map did not have."""
    return value is None or value is NO_VALUE


def truth(value: object) -> bool:
    """Whether `if` takes the value for true: not zero, not empty, not nil."""
    if is_nothing(value):
        return False
    if isinstance(value, str | bool | int | float | Mapping | Sequence):
        return bool(value)
    return True


def show(value: object) -> str:
    """The value as %v prints it."""
    if isinstance(value, str):
        return str(value)
    if value is None:
        return "<nil>"
    if value is NO_VALUE:
        return "<no value>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return show_float(value)
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{show(key)}:{show(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, bytes):
        return "[" + " ".join(map(str, value)) + "]"
    if isinstance(value, Sequence):
        return "[" + " ".join(map(show, value)) + "]"
    return str(value)


def show_float(value: float) -> str:
    """Go's %v of a float64: the shortest digits, with an exponent where it is far from zero."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
    sign, digits, point = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(point, int)
    exponent = len(digits) + point - 1 if value else 0
    if value and not -4 <= exponent < _LARGEST_EXPONENT:
        figures = "".join(map(str, digits))
        fraction = f".{figures[1:]}" if len(figures) > 1 else ""
        return f"{'-' if sign else ''}{figures[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    if not value:
        return "-0" if math.copysign(1.0, value) < 0 else "0"
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def print_values(values: Sequence[object]) -> str:
    """Go's fmt.Sprint: blanks stand only between values of which neither is a text."""
    parts: list[str] = []
    for number, value in enumerate(values):
        if number and not isinstance(value, str) and not isinstance(values[number - 1], str):
            parts.append(" ")
        parts.append(show(None if value is NO_VALUE else value))
    return "".join(parts)
