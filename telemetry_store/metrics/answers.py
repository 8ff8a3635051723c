"""Query results -> the JSON of Prometheus' answers, written straight from arrays: there can be millions of numbers."""

from __future__ import annotations

import operator
from itertools import compress

import numpy as np
import orjson

from ..deadline import Deadline
from ..vectors import Flags, Floats, Vector, format_value
from .samples import Times
from .selection import Selection

#: Numbers within these bounds look the same in orjson as in Go, but for a whole number's ".0".
_PLAIN_LEAST, _PLAIN_MOST = 1e-4, 1e15


def show_time(milliseconds: int) -> str:
    """Unix seconds with up to three digits after the point."""
    seconds, rest = divmod(abs(milliseconds), 1000)
    return f"{'-' if milliseconds < 0 else ''}{seconds}" + (f".{rest:03d}" if rest else "")


def show_instant(milliseconds: int) -> orjson.Fragment:
    """The same, to be put into JSON as it is."""
    return orjson.Fragment(show_time(milliseconds))


def show_value(value: float) -> str:
    """A sample's value as Prometheus' API writes it: with an exponent below 1e-6 and from 1e21 on."""
    size = abs(value)
    if (0 < size < 1e-6) or 1e21 <= size < float("inf"):
        return repr(float(value))
    return format_value(value)


def vector(value: Vector, instant: int) -> list[dict[str, object]]:
    """An instant vector, its series in their order."""
    at = show_instant(instant)
    return [
        {"metric": labels, "value": [at, show_value(row)]}
        for labels, row in zip(value.labels, value.values[:, 0].tolist(), strict=True)
    ]


def scalar(values: Floats, instant: int) -> list[object]:
    """A number at an instant."""
    return [show_instant(instant), show_value(float(values[0]))]


def matrix(value: Vector, grid: Times, deadline: Deadline) -> list[dict[str, object]]:
    """A range query's series, sorted by labels."""
    written = _Grid(grid)
    result: list[dict[str, object]] = []
    for row in sorted(range(len(value.labels)), key=lambda number: sorted(value.labels[number].items())):
        deadline.check()
        points = written.points(value.values[row], value.present[row])
        result.append({"metric": value.labels[row], "values": points})
    return result


def numbers(values: Floats, grid: Times) -> list[dict[str, object]]:
    """A range query's numbers, as a series without labels."""
    return [{"metric": {}, "values": _Grid(grid).points(values)}]


def samples(selection: Selection, deadline: Deadline) -> list[dict[str, object]]:
    """A range vector's series with their own instants; series without samples are left out."""
    result: list[dict[str, object]] = []
    for labels, times, values in selection.runs():
        deadline.check()
        if len(times):
            result.append({"metric": labels, "values": _Grid(times).points(values)})
    return result


class _Grid:
    """Instants and what stands around their values in `[[time,"value"],…]`."""

    def __init__(self, instants: Times) -> None:
        self._openings = [f'[{show_time(instant)},"'.encode() for instant in instants.tolist()]
        self._whole = b"[" + b'%s"],'.join([*self._openings, b""])[:-1] + b"]"

    def points(self, values: Floats, present: Flags | None = None) -> orjson.Fragment:
        """The values (where they are present) with their instants."""
        if present is None or present.all():
            return orjson.Fragment(self._whole % tuple(_texts(values)))
        openings = compress(self._openings, present.tolist())
        texts = _texts(values[present])
        return orjson.Fragment(b"[" + b'"],'.join(map(operator.add, openings, texts)) + b'"]]')


def _texts(values: Floats) -> list[bytes]:
    size = np.abs(values)
    if ((size == 0) | ((size >= _PLAIN_LEAST) & (size < _PLAIN_MOST))).all():
        text = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)
        return text[1:-1].replace(b".0,", b",").removesuffix(b".0").split(b",")
    return [show_value(value).encode() for value in values.tolist()]
