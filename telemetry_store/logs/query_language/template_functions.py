"""The functions of `line_format` and `label_format`, beside those of every Go template. Source: Loki and Sprig."""

from __future__ import annotations

import base64
import binascii
import math
import time
from collections.abc import Callable
from decimal import Decimal, InvalidOperation, localcontext
from typing import Any
from urllib.parse import quote_plus, unquote_to_bytes
from zoneinfo import ZoneInfo

import orjson

from ...go_template import Int64, Template, compile_template
from ...go_template.builtins import OUTPUT_CHARACTERS
from ...go_template.formatting import quote_go
from ...go_template.instants import ZERO, Instant, ParseError, parse_instant
from ...go_template.values import is_nothing, truth
from ...refusals import BadRequest
from ...times import NANOSECONDS
from .units import parse_float, parse_go_duration, parse_integer, parse_size

_INT64 = 2**63


class Line:
    """The line at which a pipeline is: what `__line__` and `__timestamp__` show."""

    def __init__(self) -> None:
        self.text = ""
        self.time = 0


def compile_line_template(text: str, name: str, line: Line) -> Template:
    """The template with Loki's functions. Raises TemplateError."""

    def current_line() -> str:
        return line.text

    def current_time() -> Instant:
        return Instant(line.time)

    return compile_template(text, {**_FUNCTIONS, "__line__": current_line, "__timestamp__": current_time}, name=name)


def _bounded(size: int) -> None:
    if size > OUTPUT_CHARACTERS:
        raise ValueError(f"output exceeds {OUTPUT_CHARACTERS} characters")


# -- texts, counted in bytes where Go does


def _replace(text: str, old: str, new: str, count: int) -> str:
    _bounded(len(text) * (len(new) + 1))
    return text.replace(old, new, count if count >= 0 else -1)


def _replace_all(old: str, new: str, text: str) -> str:
    return _replace(text, old, new, -1)


def _trim(text: str, characters: str) -> str:
    return text.strip(characters) if characters else text


def _trim_left(text: str, characters: str) -> str:
    return text.lstrip(characters) if characters else text


def _trim_right(text: str, characters: str) -> str:
    return text.rstrip(characters) if characters else text


def _trim_prefix(text: str, prefix: str) -> str:
    return text.removeprefix(prefix)


def _trim_suffix(text: str, suffix: str) -> str:
    return text.removesuffix(suffix)


def _trim_space(text: str) -> str:
    return text.strip()


def _lower(text: str) -> str:
    return text.lower()


def _upper(text: str) -> str:
    return "".join(character.upper() if len(character.upper()) == 1 else character for character in text)


def _title(text: str) -> str:
    parts = []
    before = " "
    for character in text:
        starts = not (before.isalnum() or before == "_") and (before.isascii() or before.isspace())
        parts.append(character.upper() if starts and len(character.upper()) == 1 else character)
        before = character
    return "".join(parts)


def _swapped(function: Callable[[str, str], Any], result: type) -> Callable[..., object]:
    def swapped(argument: str, text: str) -> object:
        return function(text, argument)

    swapped.__annotations__["return"] = result
    return swapped


def _contains(piece: str, text: str) -> bool:
    return piece in text


def _has_prefix(prefix: str, text: str) -> bool:
    return text.startswith(prefix)


def _has_suffix(suffix: str, text: str) -> bool:
    return text.endswith(suffix)


def _repeat(count: int, text: str) -> str:
    if count < 0:
        raise ValueError("strings: negative Repeat count")
    _bounded(count * len(text))
    return text * count


def _indent(spaces: int, text: str) -> str:
    if spaces < 0:
        raise ValueError("strings: negative Repeat count")
    _bounded(spaces * (text.count("\n") + 1))
    padding = " " * spaces
    return padding + text.replace("\n", "\n" + padding)


def _indent_below(spaces: int, text: str) -> str:
    return "\n" + _indent(spaces, text)


def _truncate(count: int, text: str) -> str:
    content = text.encode()
    if count < 0 and len(content) + count > 0:
        content = content[count:]
    elif 0 <= count < len(content):
        content = content[:count]
    return content.decode(errors="replace")


def _substring(start: int, end: int, text: str) -> str:
    content = text.encode()
    size = len(content)
    if start < 0:
        if end < 0 or end > size:
            raise ValueError(_out_of_range(f":{end}", end, size))
        return content[:end].decode(errors="replace")
    if end < 0 or end > size:
        if start > size:
            raise ValueError(f"runtime error: slice bounds out of range [{start}:{size}]")
        return content[start:].decode(errors="replace")
    if start > end:
        raise ValueError(f"runtime error: slice bounds out of range [{start}:{end}]")
    return content[start:end].decode(errors="replace")


def _out_of_range(shown: str, index: int, size: int) -> str:
    if index < 0:
        return f"runtime error: slice bounds out of range [{shown}]"
    return f"runtime error: slice bounds out of range [{shown}] with length {size}"


def _align_left(count: int, text: str) -> str:
    if count < 0:
        return text
    _bounded(count)
    return text.ljust(count)[:count]


def _align_right(count: int, text: str) -> str:
    if count < 0:
        return text
    _bounded(count)
    return text.rjust(count)[-count:] if count else ""


def _encode64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _decode64(text: str) -> str:
    content = text.replace("\n", "").replace("\r", "")
    try:
        return base64.b64decode(content, validate=True).decode(errors="replace")
    except (binascii.Error, ValueError):
        return f"illegal base64 data at input byte {_broken64(content)}"


def _broken64(text: str) -> int:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for position, character in enumerate(text.encode()):
        if chr(character) not in alphabet:
            return position
    return len(text) - len(text) % 4


def _url_encode(text: str) -> str:
    return quote_plus(text, safe="~")


def _url_decode(text: str) -> str:
    position = text.find("%")
    while position >= 0:
        digits = text[position + 1 : position + 3]
        if len(digits) < 2 or any(digit not in "0123456789abcdefABCDEF" for digit in digits):
            raise ValueError(f"invalid URL escape {quote_go(text[position : position + 3])}")
        position = text.find("%", position + 3)
    return unquote_to_bytes(text.replace("+", " ")).decode(errors="replace")


# -- regular expressions


def _pattern(pattern: str) -> Any:
    from .stages import line_pattern  # which needs this module for its templates

    try:
        return line_pattern(pattern)
    except BadRequest as error:
        raise ValueError(str(error)) from None


def _regex_replace(pattern: str, text: str, replacement: str) -> str:
    compiled = _pattern(pattern)
    _bounded(len(text) * (len(replacement) + 1))
    return str(compiled.sub(lambda match: expand(replacement, match), text))


def _regex_replace_literally(pattern: str, text: str, replacement: str) -> str:
    compiled = _pattern(pattern)
    _bounded(len(text) * (len(replacement) + 1))
    return str(compiled.sub(lambda match: replacement, text))


def _count(pattern: str, text: str) -> int:
    return sum(1 for _ in _pattern(pattern).finditer(text))


def expand(replacement: str, match: Any) -> str:
    """Go's Expand: `$1`, `${1}`, `$name`, `$$`; what there is no group for is nothing."""
    parts: list[str] = []
    position = 0
    while (start := replacement.find("$", position)) >= 0:
        parts.append(replacement[position:start])
        position = start + 1
        following = replacement[position : position + 1]
        if following == "$":
            parts.append("$")
            position += 1
            continue
        braced = following == "{"
        end = position + braced
        while end < len(replacement) and (replacement[end] == "_" or replacement[end].isalnum()):
            end += 1
        name = replacement[position + braced : end]
        if not name or (braced and replacement[end : end + 1] != "}"):
            parts.append("$")
            continue
        position = end + braced
        parts.append(_group(match, name))
    parts.append(replacement[position:])
    return "".join(parts)


def _group(match: Any, name: str) -> str:
    try:
        return match.group(int(name) if name.isdigit() else name) or ""
    except (IndexError, KeyError):
        return ""


# -- numbers


def _to_int(value: object) -> int:
    """What Sprig makes of a value: 0 where it is none."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and abs(value) < _INT64 else -_INT64
    if isinstance(value, str):
        text = _without_zero_decimals(value)
        try:
            number = int(text, 8) if _is_octal(text) else int(text, 0)
        except ValueError:
            # A number with a fraction counts without it.
            decimal = _to_float(text)
            number = int(decimal) if math.isfinite(decimal) else 0
        return number if -_INT64 <= number < _INT64 else 0
    return 0


def _is_octal(text: str) -> bool:
    digits = text.lstrip("+-")
    return len(digits) > 1 and digits[0] == "0" and digits.isdigit()


def _without_zero_decimals(text: str) -> str:
    head, point, rest = text.partition(".")
    return head if point and rest and not rest.strip("0") else text


def _to_float(value: object) -> float:
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        try:
            return parse_float(value)
        except ValueError:
            return 0.0
    return 0.0


def _wrap(number: int) -> Int64:
    return Int64((number + _INT64) % (2 * _INT64) - _INT64)


def _int(value: object) -> int:
    return _to_int(value)


def _float64(value: object) -> float:
    return _to_float(value)


def _add(*values: object) -> Int64:
    return _wrap(sum(map(_to_int, values)))


def _subtract(left: object, right: object) -> Int64:
    return _wrap(_to_int(left) - _to_int(right))


def _multiply(first: object, *values: object) -> Int64:
    product = _to_int(first)
    for value in values:
        product = int(_wrap(product * _to_int(value)))
    return _wrap(product)


def _divide(left: object, right: object) -> Int64:
    a, b = _to_int(left), _to_int(right)
    if not b:
        raise ValueError("runtime error: integer divide by zero")
    quotient = abs(a) // abs(b)
    return _wrap(quotient if (a < 0) == (b < 0) else -quotient)


def _modulo(left: object, right: object) -> Int64:
    a, b = _to_int(left), _to_int(right)
    if not b:
        raise ValueError("runtime error: integer divide by zero")
    return Int64(int(math.copysign(abs(a) % abs(b), a)))


def _with_decimals(operation: Callable[[Decimal, Decimal], Decimal]) -> Callable[..., float]:
    def calculate(first: object, values: tuple[object, ...]) -> float:
        with localcontext() as context:
            context.prec = 60
            try:
                outcome = Decimal(repr(_to_float(first)))
                for value in values:
                    outcome = operation(outcome, Decimal(repr(_to_float(value))))
            except InvalidOperation:
                raise ValueError("decimal division by 0") from None
            except ArithmeticError:
                raise ValueError("decimal division by 0") from None
            return float(outcome)

    return calculate


_decimal_add = _with_decimals(lambda a, b: a + b)
_decimal_subtract = _with_decimals(lambda a, b: a - b)
_decimal_multiply = _with_decimals(lambda a, b: a * b)
# Shopspring's decimals divide to sixteen digits behind the point.
_decimal_divide = _with_decimals(lambda a, b: (a / b).quantize(Decimal("1e-16")))


def _add_floats(*values: object) -> float:
    return _decimal_add(0.0, values)


def _subtract_floats(first: object, *values: object) -> float:
    return _decimal_subtract(first, values)


def _multiply_floats(first: object, *values: object) -> float:
    return _decimal_multiply(first, values)


def _divide_floats(first: object, *values: object) -> float:
    return _decimal_divide(first, values)


def _largest(first: object, *values: object) -> Int64:
    return Int64(max(map(_to_int, (first, *values))))


def _smallest(first: object, *values: object) -> Int64:
    return Int64(min(map(_to_int, (first, *values))))


def _largest_float(first: object, *values: object) -> float:
    numbers = [_to_float(value) for value in (first, *values)]
    return math.nan if any(map(math.isnan, numbers)) else max(numbers)


def _smallest_float(first: object, *values: object) -> float:
    numbers = [_to_float(value) for value in (first, *values)]
    return math.nan if any(map(math.isnan, numbers)) else min(numbers)


def _ceil(value: object) -> float:
    number = _to_float(value)
    return float(math.ceil(number)) if math.isfinite(number) else number


def _floor(value: object) -> float:
    number = _to_float(value)
    return float(math.floor(number)) if math.isfinite(number) else number


def _round(value: object, places: int, *threshold: float) -> float:
    if abs(places) > 300:
        raise ValueError(f"cannot round to {places} places")
    power = math.pow(10, places)
    digits = power * _to_float(value)
    if not math.isfinite(digits):
        return math.nan
    rest = math.fmod(digits, 1)
    return (math.ceil(digits) if rest >= (threshold[0] if threshold else 0.5) else math.floor(digits)) / power


def _bytes(text: str) -> float:
    return float(parse_size(text))


def _duration(text: str) -> float:
    return parse_go_duration(text) / NANOSECONDS


# -- instants


def _now() -> Instant:
    return Instant(time.time_ns())


def _date(layout: str, value: object) -> str:
    if isinstance(value, Instant):
        return Instant(value.nanoseconds).format(layout)
    if isinstance(value, int) and not isinstance(value, bool):
        return Instant(value * NANOSECONDS).format(layout)
    return _now().format(layout)


def _to_date(layout: str, text: str) -> Instant:
    try:
        return parse_instant(layout, text)
    except ParseError:
        return ZERO


def _to_date_in_zone(layout: str, zone: str, text: str) -> Instant:
    try:
        known = ZoneInfo(zone or "UTC")
    except (ValueError, OSError, KeyError):
        known = ZoneInfo("UTC")
    try:
        return parse_instant(layout, text, known)
    except ParseError:
        return ZERO


_EPOCH_UNITS = {5: 86_400 * NANOSECONDS, 10: NANOSECONDS, 13: 1_000_000, 16: 1_000, 19: 1}


def _unix_to_time(text: str) -> Instant:
    try:
        number = parse_integer(text)
    except ValueError as error:
        raise ValueError(f"unable to parse time '{text}': {error}") from None
    if len(text) not in _EPOCH_UNITS:
        raise ValueError(f"unable to parse time '{text}': %!w(<nil>)")
    return Instant(number * _EPOCH_UNITS[len(text)])


def _unix_seconds(instant: Instant) -> str:
    return str(instant.nanoseconds // NANOSECONDS)


def _unix_milliseconds(instant: Instant) -> str:
    return str(instant.nanoseconds // 1_000_000)


def _unix_nanoseconds(instant: Instant) -> str:
    return str(instant.nanoseconds)


# -- the rest


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


_FUNCTIONS: dict[str, Callable[..., object]] = {
    "ToLower": _lower, "ToUpper": _upper, "Replace": _replace, "Trim": _trim, "TrimLeft": _trim_left,
    "TrimRight": _trim_right, "TrimPrefix": _trim_prefix, "TrimSuffix": _trim_suffix, "TrimSpace": _trim_space,
    "lower": _lower, "upper": _upper, "title": _title, "trunc": _truncate, "substr": _substring,
    "contains": _contains, "hasPrefix": _has_prefix, "hasSuffix": _has_suffix, "indent": _indent,
    "nindent": _indent_below, "replace": _replace_all, "repeat": _repeat, "trim": _trim_space,
    "trimAll": _swapped(_trim, str), "trimPrefix": _swapped(_trim_prefix, str),
    "trimSuffix": _swapped(_trim_suffix, str), "alignLeft": _align_left, "alignRight": _align_right,
    "b64enc": _encode64, "b64dec": _decode64, "urlencode": _url_encode, "urldecode": _url_decode,
    "regexReplaceAll": _regex_replace, "regexReplaceAllLiteral": _regex_replace_literally, "count": _count,
    "int": _int, "float64": _float64, "add": _add, "sub": _subtract, "mul": _multiply, "div": _divide,
    "mod": _modulo, "addf": _add_floats, "subf": _subtract_floats, "mulf": _multiply_floats, "divf": _divide_floats,
    "max": _largest, "min": _smallest, "maxf": _largest_float, "minf": _smallest_float, "ceil": _ceil,
    "floor": _floor, "round": _round, "bytes": _bytes, "duration": _duration, "duration_seconds": _duration,
    "now": _now, "date": _date, "toDate": _to_date, "toDateInZone": _to_date_in_zone, "unixToTime": _unix_to_time,
    "unixEpoch": _unix_seconds, "unixEpochMillis": _unix_milliseconds, "unixEpochNanos": _unix_nanoseconds,
    "default": _default, "fromJson": _from_json,
}  # fmt: skip
