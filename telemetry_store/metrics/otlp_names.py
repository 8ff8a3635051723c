"""How OTLP's names, units and attribute values are spelled in Prometheus.

Underscores stand for what it does not allow, and units and counters have suffixes. Source: OpenTelemetry's Prometheus
compatibility specification, with Prometheus 3's defaults.
"""

from __future__ import annotations

import base64
import functools
import json
import re
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from ..quoting import quote
from ..refusals import BadRequest
from ..vectors import format_value

_UNITS = {
    "d": "days", "h": "hours", "min": "minutes", "s": "seconds", "ms": "milliseconds", "us": "microseconds",
    "ns": "nanoseconds",
    "By": "bytes", "KiBy": "kibibytes", "MiBy": "mebibytes", "GiBy": "gibibytes", "TiBy": "tibibytes",
    "KBy": "kilobytes", "MBy": "megabytes", "GBy": "gigabytes", "TBy": "terabytes",
    "m": "meters", "V": "volts", "A": "amperes", "J": "joules", "W": "watts", "g": "grams",
    "Cel": "celsius", "Hz": "hertz", "1": "", "%": "percent",
}  # fmt: skip
_PER_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year"}

_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9:]+")
_NOT_IN_LABELS = re.compile(r"[^a-zA-Z0-9]")


@functools.lru_cache(maxsize=4096)
def metric_name(name: str, unit: str, is_counter: bool, is_gauge: bool) -> str:
    """The metric's name in Prometheus. Raises BadRequest when nothing is left of it."""
    words = [word for word in _NOT_IN_NAMES.split(name) if word]
    main, per = _unit_suffixes(unit)
    if main in words:
        main = ""
    per = "" if per == "per_" else per.removesuffix("_")
    if per in words:
        per = ""
    if per:
        main = main.removesuffix("_")
    words += [suffix for suffix in (main, per) if suffix]
    if is_counter:
        words = [*(word for word in words if word != "total"), "total"]
    if unit == "1" and is_gauge:
        words = [*(word for word in words if word != "ratio"), "ratio"]
    built = "_".join(words)
    if built[:1].isdigit():
        built = f"_{built}"
    if not built:
        raise BadRequest(f"normalization for metric {quote(name)} resulted in empty name")
    return built


def _unit_suffixes(unit: str) -> tuple[str, str]:
    main, _, per = unit.partition("/")
    main, per = (part.strip() for part in (main, per))
    main = "" if "{" in main or "}" in main else _UNITS.get(main, main)
    per = "" if "{" in per or "}" in per else _PER_UNITS.get(per, per)
    return _clean(main), _clean(f"per_{per}") if per else ""


def _clean(unit: str) -> str:
    return re.sub(r"_+", "_", re.sub(r"[^a-zA-Z0-9:]", "_", unit)).removeprefix("_")


@functools.lru_cache(maxsize=4096)
def label_name(name: str) -> str:
    """The attribute's name as a label. Raises BadRequest when nothing is left of it."""
    if not name:
        raise BadRequest("label name is empty")
    built = _NOT_IN_LABELS.sub("_", name)
    if built[0].isdigit():
        built = f"key_{built}"
    elif built.startswith("_") and not built.startswith("__"):
        built = f"key{built}"
    if not built.strip("_"):
        raise BadRequest(f"normalization for label name {quote(name)} resulted in invalid name {quote(built)}")
    return built


def as_text(value: AnyValue) -> str:
    """An attribute's value as a label's: lists and maps as JSON, bytes in base 64."""
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "bool_value":
            return "true" if value.bool_value else "false"
        case "int_value":
            return str(value.int_value)
        case "double_value":
            return _number(value.double_value)
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case "array_value" | "kvlist_value":
            # Go's encoder keeps what HTML could mistake for a tag out of strings.
            text = _json(value)
            return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
        case _:
            return ""


def _json(value: AnyValue) -> str:
    match value.WhichOneof("value"):
        case "array_value":
            return "[" + ",".join(_json(item) for item in value.array_value.values) + "]"
        case "kvlist_value":
            pairs: dict[str, Any] = {pair.key: pair.value for pair in value.kvlist_value.values}
            return "{" + ",".join(f"{_string(key)}:{_json(pairs[key])}" for key in sorted(pairs)) + "}"
        case "string_value" | "bytes_value":
            return _string(as_text(value))
        case None:
            return "null"
        case _:
            return as_text(value)


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _number(number: float) -> str:
    """The number as Go's JSON writes it: an exponent only far away from one."""
    if number and not 1e-6 <= abs(number) < 1e21:
        mantissa, _, exponent = repr(number).partition("e")
        if exponent:
            return f"{mantissa.removesuffix('.0')}e{'-' if exponent.startswith('-') else '+'}{exponent.lstrip('+-0')}"
        return "json: unsupported value: " + format_value(number)
    return format_value(number)
