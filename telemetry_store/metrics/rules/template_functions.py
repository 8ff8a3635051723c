"""The functions that templates of alerts have beside Go's own. Source: Prometheus' template reference."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable
from urllib.parse import quote_plus, urlsplit

import re2  # type: ignore[import-untyped]

from ...go_template.formatting import sprintf
from ...go_template.instants import Instant
from ...go_template.values import StringList, StringMap, show, show_float, type_name
from ...regexes import engine_options
from ...times import parse_prometheus_duration

_MILLISECOND = 1_000_000
_PREFIXES = ("k", "M", "G", "T", "P", "E", "Z", "Y")
_BINARY_PREFIXES = ("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")
_SMALL_PREFIXES = ("m", "u", "n", "p", "f", "a", "z", "y")


class _Struct:
    """A Go structure: fields that a template may read, and an error for any other."""

    def __init__(self, **fields: object) -> None:
        self._fields = fields

    def go_method(self, name: str) -> Callable[..., object] | None:
        """What gives a field's value."""
        if name not in self._fields:
            return None

        def field() -> object:
            return self._fields[name]

        return field

    def __str__(self) -> str:
        return "{" + " ".join(show(value) for value in self._fields.values()) + "}"


class AlertData(_Struct):
    """What a template of an alert sees as `.`."""

    go_type = "struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value float64 }"


class TemplateSample(_Struct):
    """One result of `query`: its `Labels` and its `Value`."""

    go_type = "*template.sample"

    def __init__(self, labels: StringMap, value: float) -> None:
        super().__init__(Labels=labels, Value=value)
        self.labels, self.value = labels, value


class QueryResult(list[TemplateSample]):
    """What `query` gives."""

    go_type = "template.queryResult"


def graph_link(expression: str) -> str:
    """Where Prometheus' own page draws an expression."""
    return f"/graph?g0.expr={quote_plus(expression)}&g0.tab=0"


def table_link(expression: str) -> str:
    """Where Prometheus' own page lists what an expression gives."""
    return f"/graph?g0.expr={quote_plus(expression)}&g0.tab=1"


def _number(value: object) -> float:
    if isinstance(value, str):
        try:
            if value != value.strip() or "_" in value:
                raise ValueError
            return float(value)
        except ValueError:
            raise ValueError(f'strconv.ParseFloat: parsing "{value}": invalid syntax') from None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise ValueError(f"can't convert {type_name(value)} to float")


def _four_digits(value: float) -> str:
    return sprintf("%.4g", [value])


def _enlarge(value: float) -> tuple[float, str]:
    """A number below 1 as one from 1 up, with the prefix that makes up for it."""
    prefix = ""
    for following in _SMALL_PREFIXES:
        if abs(value) >= 1:
            break
        prefix, value = following, value * 1000
    return value, prefix


def _reduce(value: float, step: int, prefixes: tuple[str, ...]) -> str:
    prefix = ""
    for following in prefixes:
        if abs(value) < step:
            break
        prefix, value = following, value / step
    return _four_digits(value) + prefix


def humanize(value: object) -> str:
    """A number with a metric prefix."""
    number = _number(value)
    if number == 0 or not math.isfinite(number):
        return _four_digits(number)
    if abs(number) >= 1:
        return _reduce(number, 1000, _PREFIXES)
    number, prefix = _enlarge(number)
    return _four_digits(number) + prefix


def humanize1024(value: object) -> str:
    """A number with a prefix of powers of 1024."""
    number = _number(value)
    if abs(number) <= 1 or not math.isfinite(number):
        return _four_digits(number)
    return _reduce(number, 1024, _BINARY_PREFIXES)


def humanize_duration(value: object) -> str:
    """Seconds in days, hours, minutes and seconds."""
    number = _number(value)
    if not math.isfinite(number):
        return _four_digits(number)
    if number == 0:
        return "0s"
    if abs(number) < 1:
        number, prefix = _enlarge(number)
        return f"{_four_digits(number)}{prefix}s"
    sign, number = ("-", -number) if number < 0 else ("", number)
    minutes, seconds = divmod(int(number), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {seconds}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {seconds}s"
    if minutes:
        return f"{sign}{minutes}m {seconds}s"
    return f"{sign}{_four_digits(number)}s"


def humanize_percentage(value: object) -> str:
    """A ratio in percent."""
    return f"{_four_digits(_number(value) * 100)}%"


def humanize_timestamp(value: object) -> str:
    """Unix seconds as a date and time."""
    number = _number(value)
    return str(_instant(number)) if math.isfinite(number) else _four_digits(number)


def _to_time(value: object) -> Instant:
    number = _number(value)
    if not math.isfinite(number):
        raise ValueError("value is NaN or Inf")
    return _instant(number)


def _replace_all(pattern: str, replacement: str, text: str) -> str:
    compiled = _compile(pattern)
    names = compiled.groupindex

    def group(match: object, name: str) -> str:
        key: int | str = int(name) if name.isdigit() else name
        known = key <= compiled.groups if isinstance(key, int) else key in names
        return (match[key] or "") if known else ""  # type: ignore[index]

    def fill(match: object) -> str:
        def part(found: object) -> str:
            whole, plain, braced = found[0], found[1], found[2]  # type: ignore[index]
            return "$" if whole == "$$" else group(match, plain or braced)

        return str(_EXPANSION.sub(part, replacement))

    return str(compiled.sub(fill, text))


_EXPANSION = re2.compile(r"\$(?:\$|(\w+)|\{(\w+)\})")


def _compile(pattern: str) -> re2._Regexp:
    try:
        return re2.compile(pattern, engine_options())
    except re2.error as error:
        reason = error.args[0] if error.args else error
        reason = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"error parsing regexp: {reason}: `{pattern}`") from None


def _matches(pattern: str, text: str) -> bool:
    return _compile(pattern).search(text) is not None


def _title(text: str) -> str:
    inside = False
    letters = []
    for letter in text:
        letters.append(letter if inside else letter.title())
        inside = letter.isalnum() or letter == "_" or not (letter.isascii() or letter.isspace())
    return "".join(letters)


def _split_host_port(text: str) -> tuple[str, str] | None:
    """Host and port of `host:port` or `[host]:port`, or None if it is neither."""
    host, colon, port = text.rpartition(":")
    if not colon or "]" in port:
        return None
    if host.startswith("["):
        return (host[1:-1], port) if host.endswith("]") and "[" not in host[1:] and "]" not in host[:-1] else None
    return None if ":" in host or "[" in text or "]" in text else (host, port)


def _strip_port(text: str) -> str:
    parts = _split_host_port(text)
    return parts[0] if parts else text


def _strip_domain(text: str) -> str:
    host, port = _split_host_port(text) or (text, "")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        host = host.split(".")[0]
        return f"{host}:{port}" if port else host
    return text


def _parse_duration(text: str) -> float:
    milliseconds = parse_prometheus_duration(text)
    if milliseconds is None:
        raise ValueError(f'not a valid duration string: "{text}"' if text else "empty duration string")
    return milliseconds / 1000


def _first(result: QueryResult) -> TemplateSample:
    if not result:
        raise ValueError("first() called on vector with no elements")
    return result[0]


def _label(name: str, sample: TemplateSample) -> str:
    return sample.labels.get(name, "")


def _value(sample: TemplateSample) -> object:
    return sample.value


def _string_value(sample: TemplateSample) -> str:
    return sample.labels.get("__value__", "")


def _sort_by_label(name: str, result: QueryResult) -> QueryResult:
    return QueryResult(sorted(result, key=lambda sample: sample.labels.get(name, "")))


def _arguments(*values: object) -> dict[str, object]:
    return {f"arg{number}": value for number, value in enumerate(values)}


def _join(separator: str, parts: StringList) -> str:
    return separator.join(parts)


def _upper(text: str) -> str:
    return text.upper()


def _lower(text: str) -> str:
    return text.lower()


def _same(text: str) -> str:
    return text


def _instant(seconds: float) -> Instant:
    """The instant, to the millisecond. Raises ValueError when it is too far away."""
    if abs(seconds * 1e9) > 2**63:
        shown = show_float(seconds)
        raise ValueError(f"{shown} cannot be represented as a nanoseconds timestamp since it overflows int64")
    return Instant(int(seconds * 1e9) // _MILLISECOND * _MILLISECOND)


def template_functions(
    query: Callable[[str], QueryResult], now_seconds: Callable[[], float], external_url: str
) -> dict[str, Callable[..., object]]:
    """The functions by name. `query` raises ValueError for a query that fails."""

    def path_prefix() -> str:
        return urlsplit(external_url).path

    def external() -> str:
        return external_url

    def now() -> float:
        return now_seconds()

    return {
        "query": query,
        "now": now,
        "pathPrefix": path_prefix,
        "externalURL": external,
        "first": _first,
        "label": _label,
        "value": _value,
        "strvalue": _string_value,
        "args": _arguments,
        "reReplaceAll": _replace_all,
        "safeHtml": _same,
        "match": _matches,
        "title": _title,
        "toUpper": _upper,
        "toLower": _lower,
        "graphLink": graph_link,
        "tableLink": table_link,
        "sortByLabel": _sort_by_label,
        "stripPort": _strip_port,
        "stripDomain": _strip_domain,
        "humanize": humanize,
        "humanize1024": humanize1024,
        "humanizeDuration": humanize_duration,
        "humanizePercentage": humanize_percentage,
        "humanizeTimestamp": humanize_timestamp,
        "toTime": _to_time,
        "parseDuration": _parse_duration,
        "join": _join,
    }
