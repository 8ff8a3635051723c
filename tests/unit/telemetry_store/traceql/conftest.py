"""A small block of spans, written by hand, that the tests of TraceQL ask."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from telemetry_store.traces.block_builder import BlockBuilder
from telemetry_store.traces.columns import SpanBlock
from telemetry_store.traces.ingest import decode_json

SECOND = 10**9

#: One line a span: trace, id, parent, service, name, kind, status, start and duration in milliseconds, attributes.
SPANS: list[tuple[int, int, int, str, str, int, int, int, int, dict[str, Any]]] = [
    (1, 1, 0, "shop", "GET /buy", 2, 2, 1000, 100, {"http.status_code": 500, "user.id": 5, "share": 0.5}),
    (1, 2, 1, "shop", "call", 3, 2, 1010, 80, {"http.status_code": 500, "tags": ["paid", "new"]}),
    (1, 3, 2, "bank", "pay", 2, 2, 1020, 60, {"user.id": 5, "cached": False}),
    (1, 4, 3, "bank", "check", 1, 0, 1030, 10, {"rows": 3}),
    (1, 5, 3, "bank", "book", 1, 0, 1045, 30, {"rows": 10, "tags": ["paid"]}),
    (2, 6, 0, "shop", "GET /list", 2, 0, 5000, 20, {"http.status_code": 200, "user.id": 7, "cached": True}),
    (2, 7, 6, "shop", "render", 1, 1, 5005, 10, {"rows": 3}),
    # The parent of this one has not arrived, nor has a root.
    (3, 8, 99, "bank", "orphan", 1, 0, 9000, 1, {"user.id": 5}),
]


def attribute(key: str, value: Any) -> dict[str, Any]:
    """An OTLP/JSON attribute."""
    return {"key": key, "value": _value(value)}


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    kind = {str: "stringValue", bool: "boolValue", int: "intValue", float: "doubleValue"}[type(value)]
    return {kind: str(value) if kind == "intValue" else value}


def _resource_spans() -> list[dict[str, Any]]:
    groups = []
    for trace, number, parent, service, name, kind, status, start, duration, attributes in SPANS:
        begins = start * 1_000_000
        span: dict[str, Any] = {
            "traceId": f"{trace:032x}",
            "spanId": f"{number:016x}",
            "name": name,
            "kind": kind,
            "status": {"code": status, **({"message": "no money"} if name == "pay" else {})},
            "startTimeUnixNano": str(begins),
            "endTimeUnixNano": str(begins + duration * 1_000_000),
            "attributes": [attribute(key, value) for key, value in attributes.items()],
        }
        if parent:
            span["parentSpanId"] = f"{parent:016x}"
        if name == "pay":
            span["events"] = [
                {"timeUnixNano": str(begins + 1_000_000), "name": "try", "attributes": [attribute("left", 1)]},
                {"timeUnixNano": str(begins + 2_000_000), "name": "exception", "attributes": [attribute("left", 0)]},
            ]
        if name == "render":
            span["links"] = [{"traceId": f"{1:032x}", "spanId": f"{5:016x}", "attributes": [attribute("why", "again")]}]
        resource = {"attributes": [attribute("service.name", service), attribute("user.id", 9)]}
        scope = {"name": "hand", "version": "1.0"}
        groups.append({"resource": resource, "scopeSpans": [{"scope": scope, "spans": [span]}]})
    return groups


@pytest.fixture(scope="session")
def block() -> SpanBlock:
    """The spans as columns."""
    builder = BlockBuilder()
    for source, rows in decode_json(msgspec.json.encode({"resourceSpans": _resource_spans()})):
        for row in rows:
            builder.add(source, row)
    return SpanBlock(builder.columns(), newest=100 * SECOND)
