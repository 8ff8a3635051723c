"""OTLP logs (`/otlp/v1/logs`) -> the streams of a push, by Loki's rules.

Resource attributes of a fixed list become labels of the stream; all others, and those of scopes and records, become
structured metadata. Source: Loki's documentation of OTLP ingestion, and its behaviour.
"""

from __future__ import annotations

import base64
import functools
import time
from collections.abc import Iterable
from typing import Any

import cramjam
import orjson
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from starlette.requests import Request

from ..bodies import decompress, read_raw_body
from ..limits import BODY_BYTES
from ..refusals import BadRequest, BodyTooLarge
from . import go_json
from .ingest import SERVICE_NAME, SERVICE_NAME_SOURCES, UNKNOWN_SERVICE, normalize_name
from .push_json import PushedStream

#: Resource attributes that become labels (Loki: default_resource_attributes_as_index_labels).
INDEX_ATTRIBUTES = frozenset(
    (
        "service.name",
        "service.namespace",
        "service.instance.id",
        "deployment.environment",
        "deployment.environment.name",
        "cloud.region",
        "cloud.availability_zone",
        "k8s.cluster.name",
        "k8s.namespace.name",
        "k8s.pod.name",
        "k8s.container.name",
        "container.name",
        "k8s.replicaset.name",
        "k8s.deployment.name",
        "k8s.statefulset.name",
        "k8s.daemonset.name",
        "k8s.cronjob.name",
        "k8s.job.name",
    )
)

Pairs = list[tuple[str, str]]

#: Depth of maps and lists in attributes and bodies.
_DEPTH = 64

#: The largest number of unix nanoseconds that has 64 bits.
_LARGEST = 2**63 - 1

_JSON_KIND = "application/json"
_PROTOBUF_KIND = "application/x-protobuf"

_zero_id = frozenset("0")


async def read_otlp_body(request: Request) -> bytes:
    """The request's body, unpacked by its Content-Encoding: gzip, lz4 or zstd. Raises BadRequest or BodyTooLarge."""
    body = await read_raw_body(request)
    encoding = request.headers.get("content-encoding", "")
    if encoding == "":
        return body
    if encoding == "gzip":
        return decompress(body, encoding)
    if encoding not in ("zstd", "lz4"):
        raise BadRequest(f"unsupported content encoding {encoding}: only gzip, lz4 and zstd are supported")
    codec = cramjam.zstd if encoding == "zstd" else cramjam.lz4
    unpacked = bytearray(BODY_BYTES + 1)
    try:
        size = codec.decompress_into(body, unpacked)
    except cramjam.DecompressionError as error:
        # The decoders do not tell a full buffer from a broken body.
        raise BadRequest(f"{encoding}: {error}") from None
    if size > BODY_BYTES:
        raise BodyTooLarge(f"decompressed request body too large: the limit is {BODY_BYTES} bytes")
    return bytes(unpacked[:size])


def read_logs(body: bytes, kind: str) -> list[PushedStream]:
    """The streams of a request in JSON or protobuf, by its Content-Type. Raises BadRequest."""
    if kind == _JSON_KIND:
        return _streams(_read_json(body))
    if kind == _PROTOBUF_KIND:
        try:
            return _streams(_groups_of(ExportLogsServiceRequest.FromString(body)))
        except DecodeError as error:
            raise BadRequest(f"proto: {error}") from None
    raise BadRequest(f"content type: {kind} is not supported")


# -- Loki's rules; attributes are pairs of name and Python value here


def _streams(groups: Iterable[dict[str, Any]]) -> list[PushedStream]:
    streams: dict[tuple[tuple[str, str], ...], PushedStream] = {}
    for group in groups:
        labels, of_resource = _resource(group["attributes"])
        records = [(scope, record) for scope in group["scopes"] for record in scope["records"]]
        stream = streams.setdefault(tuple(sorted(labels.items())), PushedStream(labels))
        of_scopes = {id(scope): _scope(scope) for scope in group["scopes"]}
        for scope, record in records:
            pairs = [*_record(record), *of_resource, *of_scopes[id(scope)]]
            stream.entries.append((_time(record), as_text(record["body"]).encode(errors="replace"), pairs))
    if not any(stream.entries for stream in streams.values()):
        return []
    return list(streams.values())


def _resource(attributes: Pairs) -> tuple[dict[str, str], Pairs]:
    labels: dict[str, str] = {}
    metadata: Pairs = []
    named = any(name == "service.name" and as_text(value) for name, value in attributes)
    for name, value in attributes:
        pairs = flatten(name, value)
        if name not in INDEX_ATTRIBUTES:
            metadata += pairs
            continue
        for label, text in pairs:
            labels[label] = text
            if not named and label in SERVICE_NAME_SOURCES:
                labels[SERVICE_NAME] = text
                named = True
    if not named:
        labels[SERVICE_NAME] = UNKNOWN_SERVICE
    return {name: text for name, text in labels.items() if text}, metadata


def _scope(scope: dict[str, Any]) -> Pairs:
    pairs = [pair for name, value in scope["attributes"] for pair in flatten(name, value)]
    for name, value in (("scope_name", scope["name"]), ("scope_version", scope["version"])):
        if value:
            pairs.append((name, value))
    if scope["dropped"]:
        pairs.append(("scope_dropped_attributes_count", str(scope["dropped"])))
    return pairs


def _record(record: dict[str, Any]) -> Pairs:
    pairs = [pair for name, value in record["attributes"] for pair in flatten(name, value)]
    if record["time"] and record["observed"]:
        pairs.append(("observed_timestamp", str(record["observed"])))
    for name, value in (
        ("severity_number", record["severity"]),
        ("severity_text", record["severity_text"]),
        ("dropped_attributes_count", record["dropped"]),
        ("flags", record["flags"]),
    ):
        if value:
            pairs.append((name, str(value)))
    for name in ("trace_id", "span_id"):
        if record[name] and not _zero_id.issuperset(record[name]):
            pairs.append((name, record[name]))
    return pairs


def _time(record: dict[str, Any]) -> int:
    return int(record["time"] or record["observed"] or time.time_ns())


def flatten(name: str, value: Any, prefix: str = "", depth: int = 0) -> Pairs:
    """An attribute as pairs of label name and text: a map's members each by themselves."""
    if depth > _DEPTH:
        raise BadRequest(f"attribute values are nested deeper than {_DEPTH} levels")
    label = normalize_name(f"{prefix}_{name}" if prefix else name)
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in flatten(key, inner, label, depth + 1)]
    return [(label, as_text(value))]


def as_text(value: Any) -> str:
    """A value as OpenTelemetry's collector writes it: maps and lists as JSON, bytes in base 64."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, int):
        return str(value)
    try:
        written = orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS).decode()
    except (TypeError, RecursionError):
        return ""
    # Go writes these as escapes in JSON.
    for character in "<>&\u2028\u2029":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return written


def _float_text(number: float) -> str:
    if number == int(number) if abs(number) < 1e21 else False:
        return str(int(number))
    text = repr(number)
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}.get(text, text)
    if -7 < int(exponent) < 0:
        return f"{number:.{len(mantissa.replace('.', '').lstrip('-')) - 1 - int(exponent)}f}"
    return f"{mantissa}e{'+' if int(exponent) > 0 else '-'}{abs(int(exponent))}"


def _plain(value: Any, depth: int = 0) -> Any:
    if depth > _DEPTH:
        raise BadRequest(f"attribute values are nested deeper than {_DEPTH} levels")
    if isinstance(value, dict):
        return {name: _plain(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, depth + 1) for inner in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and abs(value) < 1e21 and value == int(value):
        return int(value)
    return value


# -- JSON and protobuf -> groups of a resource's records


def _read_json(body: bytes) -> list[dict[str, Any]]:
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _syntax_error(body) or BadRequest(str(error)) from None
    if request is None:
        return []
    if not isinstance(request, dict):
        raise _syntax_error(body) or BadRequest("ReadObject: expect an object")
    try:
        return [_json_group(group) for group in request.get("resourceLogs") or ()]
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        raise BadRequest(f"a field has a value of the wrong kind: {error}") from None


def _syntax_error(body: bytes) -> BadRequest | None:
    """What OpenTelemetry's JSON reader says of a body that is no object."""
    iterator = go_json.Iterator(body, read_bytes=None)
    try:
        character = iterator.token()
        if character == "{":
            character = iterator.token()
            if character not in '"}':
                raise iterator.error("ReadObject", f'expect " after {{, but found {character}')
            iterator.position = 0
            iterator.skip()
        elif character not in "n,}":
            raise iterator.error("ReadObject", f"expect {{ or , or }} or n, but found {character}")
    except go_json.JsonError as error:
        return BadRequest(str(error))
    return None


def _json_group(group: dict[str, Any]) -> dict[str, Any]:
    return {
        "attributes": _json_attributes((group.get("resource") or {}).get("attributes")),
        "scopes": [_json_scope(scope) for scope in group.get("scopeLogs") or ()],
    }


def _json_scope(group: dict[str, Any]) -> dict[str, Any]:
    scope = group.get("scope") or {}
    return {
        "name": scope.get("name") or "",
        "version": scope.get("version") or "",
        "attributes": _json_attributes(scope.get("attributes")),
        "dropped": int(scope.get("droppedAttributesCount") or 0),
        "records": [
            {
                "time": _nanoseconds(record.get("timeUnixNano")),
                "observed": _nanoseconds(record.get("observedTimeUnixNano")),
                "severity": _severity(record.get("severityNumber")),
                "severity_text": record.get("severityText") or "",
                "body": _json_value(record.get("body")),
                "attributes": _json_attributes(record.get("attributes")),
                "dropped": int(record.get("droppedAttributesCount") or 0),
                "flags": int(record.get("flags") or 0),
                "trace_id": _id(record.get("traceId"), 16),
                "span_id": _id(record.get("spanId"), 8),
            }
            for record in group.get("logRecords") or ()
        ],
    }


def _nanoseconds(value: Any) -> int:
    number = int(value or 0)
    if not 0 <= number < 2**64:
        raise ValueError(f"{number} is not a 64-bit number of unix nanoseconds")
    return number if number <= _LARGEST else number - 2**64


def _severity(value: Any) -> int:
    if isinstance(value, str) and not value.isdigit():
        return _severity_names().get(value, 0)
    return int(value or 0)


@functools.cache
def _severity_names() -> dict[str, int]:
    from opentelemetry.proto.logs.v1.logs_pb2 import SeverityNumber

    return dict(SeverityNumber.items())


def _id(value: Any, size: int) -> str:
    text = value or ""
    if len(bytes.fromhex(text)) not in (0, size):
        raise ValueError(f"an id must have {size} bytes")
    return str(text).lower()


def _json_attributes(attributes: Any) -> list[tuple[str, Any]]:
    return [(attribute.get("key") or "", _json_value(attribute.get("value"))) for attribute in attributes or ()]


def _json_value(value: Any, depth: int = 0) -> Any:
    if depth > _DEPTH:
        raise BadRequest(f"attribute values are nested deeper than {_DEPTH} levels")
    for kind, content in (value or {}).items():
        match kind:
            case "stringValue":
                return str(content)
            case "intValue":
                return int(content)
            case "doubleValue":
                return float(content)
            case "boolValue":
                return bool(content)
            case "bytesValue":
                return base64.b64decode(content)
            case "arrayValue":
                return [_json_value(item, depth + 1) for item in (content or {}).get("values") or ()]
            case "kvlistValue":
                pairs = (content or {}).get("values") or ()
                return {pair.get("key") or "": _json_value(pair.get("value"), depth + 1) for pair in pairs}
    return None


def _groups_of(request: Any) -> list[dict[str, Any]]:
    return [
        {
            "attributes": _attributes(group.resource.attributes),
            "scopes": [
                {
                    "name": scope.scope.name,
                    "version": scope.scope.version,
                    "attributes": _attributes(scope.scope.attributes),
                    "dropped": scope.scope.dropped_attributes_count,
                    "records": [
                        {
                            "time": _nanoseconds(record.time_unix_nano),
                            "observed": _nanoseconds(record.observed_time_unix_nano),
                            "severity": record.severity_number,
                            "severity_text": record.severity_text,
                            "body": _value(record.body),
                            "attributes": _attributes(record.attributes),
                            "dropped": record.dropped_attributes_count,
                            "flags": record.flags,
                            "trace_id": record.trace_id.hex(),
                            "span_id": record.span_id.hex(),
                        }
                        for record in scope.log_records
                    ],
                }
                for scope in group.scope_logs
            ],
        }
        for group in request.resource_logs
    ]


def _attributes(attributes: Any) -> list[tuple[str, Any]]:
    return [(attribute.key, _value(attribute.value)) for attribute in attributes]


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {pair.key: _value(pair.value) for pair in value.kvlist_value.values}
    return getattr(value, kind) if kind else None
