"""How many bytes a span is in protobuf, without encoding it. Source: OpenTelemetry's trace messages, protobuf's wire
format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from ..ingest import SpanRow

_FIXED_64 = 9
_ID_BYTES = {"traceId": 18, "spanId": 10}


def span_size(row: SpanRow, details: Mapping[str, Any]) -> int:
    """The size of a span with these details (OTLP/JSON's shape)."""
    _, _, parent, name, kind, status, start, duration, _ = row
    size = 28 + _text(name) + (10 if parent else 0)
    size += 1 + _varint(kind) if kind else 0
    size += _FIXED_64 if start else 0
    size += _FIXED_64 if start + duration else 0
    size += _text(details.get("traceState", "")) + _attributes(details.get("attributes", ()))
    for event in details.get("events", ()):
        content = _text(event.get("name", "")) + _attributes(event.get("attributes", ())) + _dropped(event)
        size += _inside(content + (_FIXED_64 if int(event.get("timeUnixNano", 0)) else 0))
    for link in details.get("links", ()):
        content = _text(link.get("traceState", "")) + _attributes(link.get("attributes", ())) + _dropped(link)
        content += sum(length for name, length in _ID_BYTES.items() if link.get(name))
        size += _inside(content + (5 if link.get("flags") else 0))
    for count in ("droppedAttributesCount", "droppedEventsCount", "droppedLinksCount"):
        dropped = details.get(count)
        size += 1 + _varint(dropped) if dropped else 0
    # The status is always there, if only empty.
    size += _inside(_text(details.get("statusMessage", "")) + (2 if status else 0))
    return size + (6 if details.get("flags") else 0)


def _dropped(part: Mapping[str, Any]) -> int:
    count = part.get("droppedAttributesCount")
    return 1 + _varint(count) if count else 0


def _attributes(attributes: Sequence[Mapping[str, Any]]) -> int:
    size = 0
    for attribute in attributes:
        value = attribute.get("value")
        text = value.get("stringValue") if value else None
        if text is not None and len(text) < 120 and text.isascii():
            # Nearly all attributes: two tags and two lengths of one byte each around the text.
            content = _key(attribute.get("key", "")) + len(text) + 4
        else:
            content = _key(attribute.get("key", "")) + _inside(_value(value))
        size += _inside(content)
    return size


def _value(value: Mapping[str, Any] | None) -> int:
    for kind, content in (value or {}).items():
        if content is None:
            continue
        match kind:
            case "stringValue":
                return _inside(len(content) if content.isascii() else len(content.encode()))
            case "intValue":
                return 1 + _varint(int(content))
            case "boolValue":
                return 2
            case "doubleValue":
                return _FIXED_64
            case "arrayValue":
                return _inside(sum(_inside(_value(item)) for item in content.get("values", ())))
            case "kvlistValue":
                return _inside(_attributes(content.get("values", ())))
            case "bytesValue":
                return _inside(len(content) * 3 // 4 - content.count("="))
    return 0


@lru_cache(maxsize=4096)
def _key(name: str) -> int:
    return _text(name)


def _text(text: str) -> int:
    """A field of text; an empty one is left out."""
    return _inside(len(text) if text.isascii() else len(text.encode())) if text else 0


def _inside(length: int) -> int:
    """A field that holds so many bytes: tag, length, content."""
    return length + 2 if length < 128 else length + 1 + _varint(length)


def _varint(number: int) -> int:
    """Bytes of a number of variable length; negative ones take ten."""
    return (number.bit_length() + 6) // 7 or 1 if number >= 0 else 10
