"""The rows of `grafana_requests.toml`: filled in, sent, and what is wrong with an answer."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from tests.integration.telemetry_store.chain_data import ChainData

_FILE = Path(__file__).resolve().parents[2] / "data" / "telemetry_store" / "grafana_requests.toml"


def rows() -> list[dict[str, Any]]:
    """Every request of the file."""
    return list(tomllib.loads(_FILE.read_text())["request"])


def places(data: ChainData, now: float) -> dict[str, str]:
    """What stands for the placeholders of the file."""
    found = {"@trace@": data.requests[11].trace_id, "@now_s@": f"{now:.3f}"}
    instants = {"start": data.start, "end": data.end, "line": data.requests[30].at}
    for name, seconds in instants.items():
        whole = int(seconds)
        found[f"@{name}_s@"] = str(whole)
        found[f"@{name}_ms@"] = f"{whole}000"
        found[f"@{name}_ns@"] = f"{whole}000000000"
        found[f"@{name}_rfc@"] = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return found


def fill(value: Any, found: Mapping[str, str]) -> Any:
    """The value with its placeholders replaced."""
    if isinstance(value, dict):
        return {name: fill(item, found) for name, item in value.items()}
    if isinstance(value, str):
        for name, text in found.items():
            value = value.replace(name, text)
    return value


def send(store: Any, row: Mapping[str, Any], found: Mapping[str, str]) -> Any:
    """The answer to a row's request, sent as Grafana does."""
    query = "?" + urlencode(fill(row["params"], found)) if "params" in row else ""
    headers = {"User-Agent": "Grafana/13.2.0", **row.get("headers", {})}
    body = None
    if "form" in row:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(fill(row["form"], found)).encode()
    return store.request(row.get("method", "GET"), row["api"], fill(row["path"], found) + query, body, headers)


def faults(row: Mapping[str, Any], answer: Any, found: Mapping[str, str]) -> Iterator[str]:
    """What the answer lacks, in words."""
    status, kind = row.get("status", 200), row.get("type", "application/json")
    if answer.status != status:
        yield f"status {answer.status} instead of {status}: {answer.body[:300]!r}"
        return
    if answer.headers["Content-Type"].replace("; charset=UTF-8", "") != kind:
        yield f"content type {answer.headers['Content-Type']!r} instead of {kind!r}"
    if "text" in row and not answer.text.startswith(row["text"]):
        yield f"{answer.text[:300]!r} does not begin with {row['text']!r}"
    if "answer" in row:
        yield from _lacks(fill(row["answer"], found), json.loads(answer.body), "answer")
    if "trace" in row:
        spans = sum(1 for _ in _spans(answer.body, row["trace"]["version"]))
        if spans != row["trace"]["spans"]:
            yield f"{spans} spans instead of {row['trace']['spans']}"


_KINDS = {
    "<text>": lambda value: isinstance(value, str),
    "<number>": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "<numeral>": lambda value: isinstance(value, str) and value.lstrip("-").replace(".", "", 1)[:1].isdigit(),
    "<some>": bool,
    "<list>": lambda value: isinstance(value, list),
    "<object>": lambda value: isinstance(value, dict),
    "<any>": lambda value: True,
}


def _lacks(pattern: Any, value: Any, place: str) -> Iterator[str]:
    if isinstance(pattern, str) and pattern in _KINDS:
        if not _KINDS[pattern](value):
            yield f"{place} is {str(value)[:200]!r} and not {pattern}"
    elif isinstance(pattern, dict):
        if not isinstance(value, dict):
            yield f"{place} is {str(value)[:200]!r} and not an object"
            return
        for name, inner in pattern.items():
            if inner == "<absent>":
                if name in value:
                    yield f"{place}.{name} is there"
            elif name not in value:
                yield f"{place}.{name} is missing among {sorted(value)}"
            else:
                yield from _lacks(inner, value[name], f"{place}.{name}")
    elif isinstance(pattern, list):
        if not isinstance(value, list):
            yield f"{place} is {str(value)[:200]!r} and not a list"
            return
        for inner in pattern:
            if not any(not list(_lacks(inner, item, place)) for item in value):
                yield f"{place} has no item {inner!r}: {str(value)[:300]}"
    elif pattern != value:
        yield f"{place} is {str(value)[:200]!r} and not {pattern!r}"


def _spans(content: bytes, version: int) -> Iterator[Any]:
    """The spans of a trace in protobuf. Version 2 wraps it in an answer, whose first field is the trace."""
    if version == 2:
        (content,) = (field for number, field in _fields(content) if number == 1)
    for resource in TracesData.FromString(content).resource_spans:
        for scope in resource.scope_spans:
            yield from scope.spans


def _fields(content: bytes) -> Iterator[tuple[int, bytes]]:
    """(number, bytes) of the fields of a message that have a length."""

    def varint(at: int) -> tuple[int, int]:
        number = shift = 0
        while True:
            number |= (content[at] & 0x7F) << shift
            shift += 7
            at += 1
            if content[at - 1] < 0x80:
                return number, at

    at = 0
    while at < len(content):
        tag, at = varint(at)
        size, at = varint(at)
        if tag & 7 == 2:
            yield tag >> 3, content[at : at + size]
            at += size
