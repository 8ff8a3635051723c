"""A span as the processors look at it: who sent it, and its attributes as text."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
import orjson

from ...vectors import format_value
from ..ingest import Source, SpanRow

#: OTLP's numbers of kinds and status codes.
INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = 1, 2, 3, 4, 5
ERROR = 2

#: Resource attributes by name, as OTLP/JSON values.
Attributes = Mapping[str, Any]

_decode_source = msgspec.json.Decoder(Source).decode


class ArrivingSpan:
    """One span of a batch with its resource's attributes."""

    __slots__ = ("_attributes", "_details", "resource", "row", "service")

    def __init__(self, resource: Attributes, service: str | None, row: SpanRow) -> None:
        self.resource = resource
        #: The resource's `service.name`, None when it has none.
        self.service = service
        self.row = row
        self._details: dict[str, Any] | None = None
        self._attributes: Attributes | None = None

    @property
    def details(self) -> dict[str, Any]:
        """Attributes, events, links and the rest, in OTLP/JSON's shape."""
        if self._details is None:
            self._details = orjson.loads(self.row[8])
        return self._details

    @property
    def attributes(self) -> Attributes:
        """The span's own attributes by name."""
        if self._attributes is None:
            self._attributes = _by_name(self.details.get("attributes", ()))
        return self._attributes

    @property
    def seconds(self) -> float:
        """How long the span took."""
        return self.row[7] / 1e9

    @property
    def trace_id(self) -> str:
        """The trace's id as Tempo writes it into exemplars: without zeros in front."""
        return self.row[0].hex().lstrip("0")

    def own(self, name: str) -> str | None:
        """The span's attribute as text, None when there is none."""
        return as_text(self.attributes[name]) if name in self.attributes else None

    def find(self, name: str) -> str | None:
        """The attribute of the resource, or else of the span, as text; None when there is none."""
        return as_text(self.resource[name]) if name in self.resource else self.own(name)


@lru_cache(maxsize=1024)
def resource_of(source: bytes) -> tuple[Attributes, str | None]:
    """A source's resource attributes by name, and its service's name."""
    attributes = _by_name(msgspec.to_builtins(_decode_source(source).resource.attributes))
    return attributes, as_text(attributes["service.name"]) if "service.name" in attributes else None


def _by_name(attributes: Any) -> Attributes:
    # Of several with one name the first counts.
    return {attribute.get("key", ""): attribute.get("value") for attribute in reversed(attributes)}


def as_text(value: Mapping[str, Any] | None) -> str:
    """An OTLP/JSON value as Tempo writes it into labels: lists and maps without separators, bytes as nothing."""
    for kind, content in (value or {}).items():
        if content is None:
            continue
        match kind:
            case "stringValue":
                return str(content)
            case "boolValue":
                return "true" if content else "false"
            case "intValue":
                return str(int(content))
            case "doubleValue":
                return format_value(float(content))
            case "arrayValue":
                return "[" + "".join(as_text(item) for item in content.get("values", ())) + "]"
            case "kvlistValue":
                pairs = content.get("values", ())
                return "{" + "".join(f"{pair.get('key', '')}:{as_text(pair.get('value'))}" for pair in pairs) + "}"
    return ""
