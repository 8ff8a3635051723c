"""The parameters that Tempo's endpoints have in common, with Tempo's words for wrong ones."""

from __future__ import annotations

import time

from ..http_api import Parameters
from ..limits import TRACE_SEARCH_RANGE_SECONDS
from ..refusals import BadRequest
from ..times import NANOSECONDS, format_go_duration, parse_go_duration

#: Without a range a search looks at this much of the past.
_RECENT_SECONDS = 3600


def unsigned(parameters: Parameters, name: str, default: int) -> int:
    """A number of 32 bits without sign; the default when it is absent."""
    text = parameters.get(name)
    if not text:
        return default
    if not (text.isdigit() and text.isascii()):
        raise BadRequest(f'invalid {name}: strconv.ParseUint: parsing "{text}": invalid syntax')
    number = int(text) if len(text) < 20 else 2**32
    if number > 2**32 - 1:
        raise BadRequest(f'invalid {name}: strconv.ParseUint: parsing "{text}": value out of range')
    return number


def time_range(parameters: Parameters) -> tuple[int, int]:
    """The request's range in unix nanoseconds: the recent past when it names none."""
    start, end = unsigned(parameters, "start", 0), unsigned(parameters, "end", 0)
    if not start and not end:
        now = time.time_ns()
        return now - _RECENT_SECONDS * NANOSECONDS, now + _RECENT_SECONDS * NANOSECONDS
    if start >= end:
        raise BadRequest(f"http parameter start must be before end. received start={start} end={end}")
    if end - start > TRACE_SEARCH_RANGE_SECONDS:
        longest = format_go_duration(TRACE_SEARCH_RANGE_SECONDS * NANOSECONDS)
        raise BadRequest(f"range specified by start and end exceeds {longest}. received start={start} end={end}")
    return start * NANOSECONDS, end * NANOSECONDS


def duration(parameters: Parameters, name: str) -> int | None:
    """A duration such as `1.5s` in nanoseconds."""
    text = parameters.get(name)
    if not text:
        return None
    nanoseconds = parse_go_duration(text)
    if nanoseconds is None:
        raise BadRequest(f'invalid {name}: time: invalid duration "{text}"')
    return nanoseconds
