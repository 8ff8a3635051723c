"""Traces that a test makes up and sends to a running store over OTLP, as any service would."""

import json
import random
import secrets
import time
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

_NANOS = 1_000_000_000
_ROOM_NANOS = 1000
SERVICES = ("storefront", "basket", "stock", "payments")


def span(
    trace_id: str, name: str, start_nano: int, end_nano: int, parent: str = "", service: str = SERVICES[0], **more: Any
) -> dict[str, Any]:
    """An OTLP/JSON span with `service` beside it; `attributes` as a mapping of texts, the rest as OTLP has it."""
    attributes = more.pop("attributes", {})
    return {
        "traceId": trace_id,
        "spanId": secrets.token_hex(8),
        "parentSpanId": parent,
        "name": name,
        "kind": 1,
        "startTimeUnixNano": str(start_nano),
        "endTimeUnixNano": str(end_nano),
        "attributes": pairs(attributes),
        "service": service,
        **more,
    }


def pairs(attributes: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"key": name, "value": {"stringValue": value}} for name, value in attributes.items()]


def send(otlp_url: str, spans: Sequence[Mapping[str, Any]]) -> None:
    """POSTs spans to an OTLP/HTTP endpoint."""
    batches = []
    for service in dict.fromkeys(one["service"] for one in spans):
        own = [
            {key: value for key, value in one.items() if key != "service"} for one in spans if one["service"] == service
        ]
        batches.append(
            {
                "resource": {"attributes": pairs({"service.name": service})},
                "scopeSpans": [{"scope": {"name": "tests", "version": "1"}, "spans": own}],
            }
        )
    body = json.dumps({"resourceSpans": batches}).encode()
    request = urllib.request.Request(f"{otlp_url}/v1/traces", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def large_trace(spans: int, seed: int = 1) -> list[dict[str, Any]]:
    """A trace of two seconds with as many spans, in a tree of some depth over four services."""
    chance = random.Random(seed)
    trace_id = secrets.token_hex(16)
    start = time.time_ns() - 5 * _NANOS
    made = [span(trace_id, "checkout", start, start + 2 * _NANOS)]
    while len(made) < spans:
        # A span of a few nanoseconds has no room for another.
        parent = chance.choice([one for one in made[-60:] if _nanos(one) > _ROOM_NANOS] or made[:1])
        first, last = int(parent["startTimeUnixNano"]), int(parent["endTimeUnixNano"])
        at = chance.randrange(first, first + (last - first) // 2)
        service = parent["service"] if chance.random() < 0.6 else chance.choice(SERVICES)
        end = chance.randrange(at, last)
        made.append(span(trace_id, f"step_{len(made)}", at, end, parent["spanId"], service))
    return made


def _nanos(one: Mapping[str, Any]) -> int:
    return int(one["endTimeUnixNano"]) - int(one["startTimeUnixNano"])
