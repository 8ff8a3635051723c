"""What the endpoints of Prometheus' API share: their parameters as values, and the frame of an answer."""

from __future__ import annotations

from starlette.responses import Response

from ..deadline import Deadline
from ..http_api import JsonAnswer, Parameters
from ..limits import QUERY_SECONDS
from ..matchers import Matcher
from ..refusals import BadRequest
from ..times import EARLIEST_SECONDS, LATEST_SECONDS, parse_float, parse_prometheus_duration, parse_rfc3339
from .query_language.parser import parse_selector

_EMPTY = "vector selector must contain at least one non-empty matcher"


def success(data: object) -> Response:
    """The answer to a request that worked."""
    return JsonAnswer({"status": "success", "data": data})


def read_selectors(parameters: Parameters) -> list[tuple[Matcher, ...]]:
    """The matchers of every `match[]`. Raises BadRequest."""
    return [parse_matchers(text) for text in parameters.all("match[]")]


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """The matchers of a selector that stands in a parameter. Raises BadRequest."""
    try:
        return parse_selector(text)
    except BadRequest as refusal:
        message = str(refusal)
    if message.endswith(_EMPTY):
        message = "match[] must contain at least one non-empty matcher"
    raise BadRequest(message if text else "1:1: parse error: unexpected end of input")


#: Numbers are seconds however far away: Grafana asks for exemplars up to the year 58,859, with milliseconds.
_FARTHEST_SECONDS = 9e12


def wrong_parameter(name: str, error: object) -> BadRequest:
    """What is raised when a parameter is wrong."""
    return BadRequest(f'invalid parameter "{name}": {error}')


def read_time(parameters: Parameters, name: str, default: int | None = None) -> int:
    """A parameter's instant in unix milliseconds: seconds with a fraction, or RFC 3339."""
    text = parameters.get(name)
    if not text and default is not None:
        return default
    seconds = parse_float(text)
    if seconds is not None and abs(seconds) <= _FARTHEST_SECONDS:
        return round(seconds * 1000)
    nanoseconds = parse_rfc3339(text)
    if nanoseconds is None:
        wrapped = "" if default is None else f"Invalid time value for '{name}': "
        raise BadRequest(f'invalid parameter "{name}": {wrapped}cannot parse "{text}" to a valid timestamp')
    return nanoseconds // 1_000_000


def read_range(parameters: Parameters) -> tuple[int, int]:
    """Start and end in unix milliseconds; all of time when they are left out."""
    return (
        read_time(parameters, "start", EARLIEST_SECONDS * 1000),
        read_time(parameters, "end", LATEST_SECONDS * 1000),
    )


def parse_step(text: str) -> int:
    """Milliseconds of a step: seconds or a duration. Raises BadRequest."""
    seconds = parse_float(text)
    step = round(seconds * 1000) if seconds is not None else parse_prometheus_duration(text)
    if step is None or abs(step) > 2**53:
        raise BadRequest(f'invalid parameter "step": cannot parse "{text}" to a valid duration')
    if step <= 0:
        raise BadRequest(
            'invalid parameter "step": zero or negative query resolution step widths are not accepted. '
            "Try a positive integer"
        )
    return step


def read_deadline(parameters: Parameters) -> Deadline:
    """When the query is to be cut off, by its `timeout`. Raises BadRequest."""
    text = parameters.get("timeout")
    if not text:
        return Deadline()
    seconds = parse_float(text)
    milliseconds = seconds * 1000 if seconds is not None else parse_prometheus_duration(text)
    if milliseconds is None or milliseconds < 0:
        raise BadRequest(f'invalid parameter "timeout": cannot parse "{text}" to a valid duration')
    return Deadline(min(milliseconds / 1000, QUERY_SECONDS))


def read_limit(parameters: Parameters) -> int | None:
    """The `limit`, None when there is none. Raises BadRequest."""
    text = parameters.get("limit")
    if not text:
        return None
    if not (text.lstrip("-").isdigit() and text.isascii() and len(text) < 19):
        raise BadRequest("limit must be a number")
    limit = int(text)
    return limit if limit > 0 else None
