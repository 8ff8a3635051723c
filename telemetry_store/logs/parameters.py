"""What Loki's endpoints have in common in their parameters: times, range, step, limit, direction."""

from __future__ import annotations

import time

from ..http_api import Parameters
from ..limits import LOG_ENTRIES
from ..matchers import Matcher
from ..refusals import BadRequest
from ..times import NANOSECONDS, parse_float, parse_go_duration, parse_rfc3339
from .query_language.parser import parse_selector, require_selective_matcher

_HOUR = 3600 * NANOSECONDS


def read_selector(text: str, may_be_empty: bool = False) -> tuple[Matcher, ...]:
    """The matchers of a stream selector, one of which must select something. Raises BadRequest.

    `may_be_empty`: `{}` stands for every stream.
    """
    matchers = parse_selector(text)
    if not matchers and may_be_empty:
        return ()
    require_selective_matcher(matchers)
    return matchers


def read_range(parameters: Parameters, default_hours: int = 1) -> tuple[int, int]:
    now = time.time_ns()
    bounds: list[int] = []
    since = parse_go_duration(parameters.get("since", "0s"))
    if since is None:
        raise BadRequest(
            f"could not parse 'since' parameter: not a valid duration string: \"{parameters.get('since')}\""
        )
    for name in ("end", "start"):
        default = now if name == "end" else min(bounds[0], now) - (since or default_hours * _HOUR)
        try:
            bounds.append(read_time(parameters.get(name), default))
        except BadRequest as error:
            raise BadRequest(f"could not parse '{name}' parameter: {error}") from None
    return bounds[1], bounds[0]


def read_time(text: str, default: int) -> int:
    """Unix nanoseconds: of seconds with a fraction, of seconds up to ten digits, of nanoseconds, or of RFC 3339."""
    if not text:
        return default
    number = parse_float(text) if "." in text else None
    if number is not None:
        nanoseconds = round(number * NANOSECONDS)
    elif text.lstrip("+-").isdigit() and text.isascii() and len(text) <= 20:
        nanoseconds = int(text) * (NANOSECONDS if len(text) <= 10 else 1)
    else:
        parsed = parse_rfc3339(text)
        if parsed is None:
            raise BadRequest(f'strconv.ParseInt: parsing "{text}": invalid syntax')
        nanoseconds = parsed
    if abs(nanoseconds) >= 2**62:
        raise BadRequest(f'strconv.ParseInt: parsing "{text}": value out of range')
    return nanoseconds


def read_step(parameters: Parameters, start: int, end: int) -> int:
    text = parameters.get("step")
    if not text:
        return max((end - start) // NANOSECONDS // 250, 1) * NANOSECONDS
    number = parse_float(text)
    step = round(number * NANOSECONDS) if number is not None and abs(number) < 2**33 else parse_go_duration(text)
    if step is None:
        raise BadRequest(f'cannot parse "{text}" to a valid duration')
    if step <= 0:
        raise BadRequest("zero or negative query resolution step widths are not accepted. Try a positive integer")
    return step


def read_limit(parameters: Parameters) -> int:
    text = parameters.get("limit", "100")
    if not (text.lstrip("+-").isdigit() and text.isascii() and len(text) < 19):
        raise BadRequest(f'strconv.Atoi: parsing "{text}": invalid syntax')
    limit = int(text)
    if limit <= 0:
        raise BadRequest("limit must be a positive value")
    return limit


def refuse_beyond_entries(limit: int) -> None:
    """Raises BadRequest when more lines are wanted than an answer may have. Metric queries have no lines."""
    if limit > LOG_ENTRIES:
        raise BadRequest(
            f"max entries limit per query exceeded, limit > max_entries_limit_per_query ({limit} > {LOG_ENTRIES})"
        )


def read_direction(parameters: Parameters) -> str:
    direction = parameters.get("direction", "backward").lower()
    if direction not in ("forward", "backward"):
        raise BadRequest(f"invalid direction '{parameters.get('direction')}'")
    return direction


def read_interval(parameters: Parameters) -> int:
    """Nanoseconds between the lines of an answer; 0 for all lines."""
    text = parameters.get("interval")
    if not text:
        return 0
    number = parse_float(text)
    interval = round(number * NANOSECONDS) if number is not None and abs(number) < 2**33 else parse_go_duration(text)
    if interval is None:
        raise BadRequest(f'cannot parse "{text}" to a valid duration')
    if interval < 0:
        raise BadRequest("interval must be >= 0")
    return interval
