"""One span as it is kept and given back, and what its attributes mean to TraceQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import msgspec
import orjson

from .ingest import Source, SpanRow

_decode_source = msgspec.json.Decoder(Source).decode

#: A value of an attribute as TraceQL sees it; the items of a list are all of one type.
Value = str | bool | int | float | list[Any]


@dataclass(eq=False)
class SpanSource:
    """The resource and scope that a group of spans shares; one object for the same content (see `source_of`)."""

    content: bytes

    @cached_property
    def decoded(self) -> Source:
        """Resource and scope with their attributes."""
        return _decode_source(self.content)

    @cached_property
    def resource(self) -> dict[str, Value | None]:
        """The resource's attributes by name; None for what TraceQL has no type for."""
        return attributes_by_name(msgspec.to_builtins(self.decoded.resource.attributes))

    @cached_property
    def scope_attributes(self) -> dict[str, Value | None]:
        """The instrumentation scope's attributes by name; None for what TraceQL has no type for."""
        return attributes_by_name(msgspec.to_builtins(self.decoded.scope.attributes))

    @property
    def service_name(self) -> str:
        """The resource's `service.name`, or empty."""
        name = self.resource.get("service.name")
        return name if isinstance(name, str) else ""


@lru_cache(maxsize=10_000)
def source_of(content: bytes) -> SpanSource:
    """The resource and scope with this content."""
    return SpanSource(content)


@dataclass
class StoredSpan:
    """One span as it lies in the store; times in unix nanoseconds and nanoseconds."""

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    source: SpanSource
    name: str
    kind: int
    status: int
    start: int
    duration: int
    details_json: bytes

    @classmethod
    def of(cls, source: bytes, row: SpanRow) -> StoredSpan:
        """The span of a row that was taken in with this source."""
        return cls(row[0], row[1], row[2], source_of(source), *row[3:])

    @property
    def end(self) -> int:
        """When the span ended."""
        return self.start + self.duration

    @cached_property
    def details(self) -> dict[str, Any]:
        """Attributes, events, links and the rest, in OTLP/JSON's shape."""
        details: dict[str, Any] = orjson.loads(self.details_json)
        return details


def attributes_by_name(attributes: Sequence[dict[str, Any]]) -> dict[str, Value | None]:
    """OTLP/JSON attributes as plain values; of several with one name the first counts."""
    values: dict[str, Value | None] = {}
    for attribute in attributes:
        values.setdefault(attribute.get("key", ""), plain(attribute.get("value")))
    return values


def plain(value: Mapping[str, Any] | None) -> Value | None:
    """An OTLP/JSON value as TraceQL sees it; None for maps, bytes, nothing, and lists of more than one type."""
    for kind, content in (value or {}).items():
        if content is None:
            continue
        match kind:
            case "stringValue" | "boolValue":
                return content  # type: ignore[no-any-return]
            case "intValue":
                return int(content)
            case "doubleValue":
                return _float(content)
            case "arrayValue":
                items = [plain(item) for item in content.get("values", ())]
                first = type(items[0]) if items else None
                of_one_type = first in (str, bool, int, float) and all(type(item) is first for item in items)
                return items if of_one_type or not items else None
            case _:
                return None
    return None


def _float(content: float | str) -> float:
    try:
        return float(content)
    except ValueError:
        return float("nan")
