"""Functions of values of any kind: what stands in for nothing, and JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from ....go_template.values import is_nothing, truth


def _default(fallback: object, *given: object) -> object:
    if not given or is_nothing(given[0]) or not truth(given[0]):
        return fallback
    return given[0]


def _from_json(text: str) -> object:
    try:
        return _as_go(orjson.loads(text))
    except orjson.JSONDecodeError:
        return None


def _as_go(value: Any) -> Any:
    """JSON as Go reads it: all numbers are floats."""
    if isinstance(value, bool) or not isinstance(value, int | dict | list):
        return value
    if isinstance(value, int):
        return float(value)
    if isinstance(value, dict):
        return {key: _as_go(item) for key, item in value.items()}
    return [_as_go(item) for item in value]


#: By the names that templates have for them.
FUNCTIONS: dict[str, Callable[..., object]] = {
    "default": _default,
    "fromJson": _from_json,
}
