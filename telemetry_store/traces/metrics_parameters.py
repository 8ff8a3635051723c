"""The parameters of Tempo's metrics endpoints, with Tempo's words for wrong ones. Times in unix nanoseconds."""

from __future__ import annotations

import math
import time

from ..http_api import Parameters
from ..refusals import BadRequest
from ..times import NANOSECONDS, parse_go_duration, parse_prometheus_duration, parse_rfc3339
from .query_language.syntax import format_duration
from .query_language.time_grid import TimeGrid, default_step

#: Tempo's own bounds: points of a series, and length of a query's range.
_MOST_POINTS = 10_000
_LONGEST = 24 * 3600 * NANOSECONDS

#: Without a start a query looks at this much before the end.
_RECENT = 3600 * NANOSECONDS

_LARGEST = 2**63
_MILLISECOND = NANOSECONDS // 1000


def metrics_range(parameters: Parameters) -> tuple[int, int]:
    """Start and end of a request: seconds, nanoseconds or RFC 3339, or `since` a duration ago. Raises BadRequest."""
    now = time.time_ns()
    since = _RECENT
    if parameters.get("since"):
        milliseconds = parse_prometheus_duration(parameters.get("since"))
        if milliseconds is None:
            raise _wrong(
                f"could not parse 'since' parameter: not a valid duration string: \"{parameters.get('since')}\""
            )
        since = milliseconds * _MILLISECOND
    end = _instant(parameters, "end", now)
    return _instant(parameters, "start", min(end, now) - since), end


def range_grid(parameters: Parameters) -> TimeGrid:
    """The grid of a query along time, on whole multiples of its step. Raises BadRequest."""
    start, end = metrics_range(parameters)
    step = _step(parameters.get("step")) if parameters.get("step") else default_step(start, end)
    if start > end or start < 0:
        raise BadRequest("end must be greater than start")
    if step == 0 or (step > 0 and (end - start) // step > _MOST_POINTS):
        shortest = format_duration((end - start) // _MOST_POINTS)
        raise BadRequest(f"step of {format_duration(step)} is too small, minimum step for given range is {shortest}")
    if step < 0 or start <= 0:
        raise BadRequest("start required")
    grid = TimeGrid.aligned(start, end, step)
    if grid.start <= 0:
        raise BadRequest("start required")
    _check(grid)
    return grid


def instant_grid(parameters: Parameters) -> TimeGrid:
    """The grid of a query for one number. Raises BadRequest."""
    start, end = metrics_range(parameters)
    if start == 0:
        raise BadRequest("start required")
    if start < 0:
        raise BadRequest("end must be greater than start")
    grid = TimeGrid(start, end, end - start, instant=True)
    _check(grid)
    return grid


def _check(grid: TimeGrid) -> None:
    if grid.end <= grid.start:
        raise BadRequest("end must be greater than start")


def check_length(grid: TimeGrid) -> None:
    """Raises BadRequest for a range that is too long."""
    end = min(grid.end, time.time_ns()) if grid.instant else grid.end
    if end - grid.start > _LONGEST:
        longest = format_duration(_LONGEST)
        raise BadRequest(f"metrics query time range exceeds the maximum allowed duration of {longest}")


def count(parameters: Parameters, name: str) -> int:
    """A number that may be missing or nonsense, which is as 0."""
    text = parameters.get(name)
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 11 else 0
    return number if number < 2**32 else 0


def _wrong(message: str) -> BadRequest:
    return BadRequest(f"rpc error: code = Code(400) desc = {message}")


def _instant(parameters: Parameters, name: str, default: int) -> int:
    text = parameters.get(name)
    if not text:
        return default
    if "." in text:
        seconds = _float(text)
        if seconds is not None and abs(seconds) < _LARGEST / NANOSECONDS:
            whole = math.trunc(seconds)
            return whole * NANOSECONDS + int(round((seconds - whole) * 1000) / 1000 * NANOSECONDS)
    try:
        number = int(text) if text.isascii() and "_" not in text and text == text.strip() else None
    except ValueError:
        number = None
    if number is None:
        instant = parse_rfc3339(text)
        if instant is None:
            raise _wrong(f"could not parse '{name}' parameter: strconv.ParseInt: parsing \"{text}\": invalid syntax")
        return instant
    if not -_LARGEST <= number < _LARGEST:
        raise _wrong(f"could not parse '{name}' parameter: strconv.ParseInt: parsing \"{text}\": value out of range")
    return number * NANOSECONDS if len(text) <= 10 else number


def _step(text: str) -> int:
    seconds = _float(text)
    if seconds is not None:
        nanoseconds = seconds * NANOSECONDS
        if math.isnan(nanoseconds):
            return -1
        if not abs(nanoseconds) < _LARGEST:
            raise _wrong(f'cannot parse "{text}" to a valid duration. It overflows int64')
        return int(nanoseconds)
    duration = None if any(unit in text for unit in "dwy") else parse_go_duration(text)
    if duration is None:
        raise _wrong(f'cannot parse "{text}" to a valid duration')
    return duration


def _float(text: str) -> float | None:
    if "_" in text or text != text.strip() or not text.isascii():
        return None
    try:
        return float(text)
    except ValueError:
        return None
