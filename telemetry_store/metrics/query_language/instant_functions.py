"""Functions of the samples at each instant: mathematics, dates, rounding, labels."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ...refusals import BadRequest, Unprocessable
from ...regexes import compile_pattern
from ...vectors import Floats, Labels, Vector

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_REFERENCE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})", re.ASCII)


MATHEMATICS: dict[str, Callable[[Floats], Floats]] = {
    "abs": np.abs,
    "acos": np.arccos,
    "acosh": np.arccosh,
    "asin": np.arcsin,
    "asinh": np.arcsinh,
    "atan": np.arctan,
    "atanh": np.arctanh,
    "ceil": np.ceil,
    "cos": np.cos,
    "cosh": np.cosh,
    "deg": lambda values: values * 180 / np.pi,
    "exp": np.exp,
    "floor": np.floor,
    "ln": np.log,
    "log10": np.log10,
    "log2": np.log2,
    "rad": lambda values: values * np.pi / 180,
    "sgn": lambda values: np.where(values < 0, -1.0, np.where(values > 0, 1.0, values)),
    "sin": np.sin,
    "sinh": np.sinh,
    "sqrt": np.sqrt,
    "tan": np.tan,
    "tanh": np.tanh,
}


def clamp(values: Floats, smallest: Floats | float, largest: Floats | float) -> Floats:
    """Values held between the bounds; NaN stays NaN."""
    # In Go the farther infinity wins even over NaN, on whichever side it stands.
    capped = np.where(np.isneginf(largest) | np.isneginf(values), -np.inf, np.minimum(largest, values))
    return np.where(np.isposinf(smallest) | np.isposinf(capped), np.inf, np.maximum(smallest, capped))


def round_to(values: Floats, nearest: Floats | float) -> Floats:
    """Values rounded to a multiple of `nearest`, halves up. Inverted first, as Prometheus does: it is more exact."""
    inverse = 1.0 / np.asarray(nearest)
    result: Floats = np.floor(values * inverse + 0.5) / inverse
    return result


# -- dates: seconds since 1970 -> a part of the date in UTC

Moments = npt.NDArray[np.datetime64]


def _moments(seconds: Floats) -> Moments:
    # What no calendar reaches is as undefined here as in Go's conversion to a whole number.
    whole = np.nan_to_num(np.trunc(seconds), nan=-(2.0**63), posinf=-(2.0**63), neginf=-(2.0**63))
    moments: Moments = np.clip(whole, -(2.0**55), 2.0**55).astype(np.int64).astype("datetime64[s]")
    return moments


def _since(moments: Moments, unit: str, whole: str) -> Floats:
    """How many units each moment is after the begin of its year, month, day or hour."""
    begin = moments.astype(f"datetime64[{whole}]").astype(f"datetime64[{unit}]")
    return np.asarray(moments.astype(f"datetime64[{unit}]") - begin).astype(np.float64)


def _days_in_month(seconds: Floats) -> Floats:
    months = _moments(seconds).astype("datetime64[M]")
    return np.asarray((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.float64)


def _number(seconds: Floats, unit: str) -> npt.NDArray[np.int64]:
    """How many units have passed since 1970."""
    return np.asarray(_moments(seconds).astype(f"datetime64[{unit}]")).astype(np.int64)


DATES: dict[str, Callable[[Floats], Floats]] = {
    "day_of_month": lambda seconds: _since(_moments(seconds), "D", "M") + 1,
    # 1970 began on a Thursday.
    "day_of_week": lambda seconds: ((_number(seconds, "D") + 4) % 7).astype(np.float64),
    "day_of_year": lambda seconds: _since(_moments(seconds), "D", "Y") + 1,
    "days_in_month": _days_in_month,
    "hour": lambda seconds: _since(_moments(seconds), "h", "D"),
    "minute": lambda seconds: _since(_moments(seconds), "m", "h"),
    "month": lambda seconds: (_number(seconds, "M") % 12 + 1).astype(np.float64),
    "year": lambda seconds: (_number(seconds, "Y") + 1970).astype(np.float64),
}


# -- labels


def label_replace(vector: Vector, target: str, replacement: str, source: str, pattern: str) -> list[Labels]:
    """Labels with `target` made from a match of the pattern on `source`, `$1` and `${name}` in the replacement."""
    try:
        # Here a dot does not match line ends.
        compiled = compile_pattern(f"(?-s:{pattern})")
    except BadRequest:
        raise Unprocessable(f"invalid regular expression in label_replace(): {pattern}") from None
    if not _LABEL_NAME.fullmatch(target):
        raise Unprocessable(f"invalid destination label name in label_replace(): {target}")
    result = []
    for labels in vector.labels:
        match = compiled.fullmatch(labels.get(source, ""))
        if match is None:
            result.append(labels)
        else:
            result.append(_with(labels, target, _expand(replacement, match)))
    return result


def _expand(replacement: str, match: object) -> str:
    groups = [text or "" for text in match.groups()]  # type: ignore[attr-defined]
    whole: str = match.group(0)  # type: ignore[attr-defined]
    named: dict[str, str] = match.groupdict()  # type: ignore[attr-defined]

    def referred(reference: re.Match[str]) -> str:
        name = reference[1] or reference[2]
        if name is None:
            return "$"
        if name.isdigit():
            number = int(name)
            return whole if number == 0 else groups[number - 1] if number <= len(groups) else ""
        return named.get(name) or ""

    return _REFERENCE.sub(referred, replacement)


def label_join(vector: Vector, target: str, separator: str, sources: list[str]) -> list[Labels]:
    """Labels with `target` made of the sources' values, the separator between them."""
    for source in sources:
        if not _LABEL_NAME.fullmatch(source):
            raise Unprocessable(f"invalid source label name in label_join(): {source}")
    if not _LABEL_NAME.fullmatch(target):
        raise Unprocessable(f"invalid destination label name in label_join(): {target}")
    return [
        _with(labels, target, separator.join(labels.get(source, "") for source in sources)) for labels in vector.labels
    ]


def _with(labels: Labels, name: str, value: str) -> Labels:
    changed = {n: v for n, v in labels.items() if n != name}
    if value:
        changed[name] = value
    return dict(sorted(changed.items()))
