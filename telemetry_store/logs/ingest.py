"""Pushed bodies -> checked batches of log lines. Both of Loki's encodings: JSON and snappy-compressed protobuf.

A push is taken as a whole or not at all: everything is checked before anything is queued.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence

import cramjam
import msgspec
from google.protobuf.message import DecodeError

from ..limits import (
    BODY_BYTES,
    LABEL_NAME_CHARACTERS,
    LABEL_VALUE_CHARACTERS,
    LINE_BYTES,
    LOG_FUTURE_SECONDS,
    STREAM_LABELS,
)
from ..quoting import format_labels, unquote
from ..refusals import BadRequest, BodyTooLarge, Unprocessable
from ..times import NANOSECONDS, format_rfc3339
from .head import Entries
from .levels import level_of_labels, level_of_line
from .protobuf_push import push_request_class

#: Sorted pairs of name and value: what identifies a stream.
Labels = tuple[tuple[str, str], ...]

#: One push: entries by stream.
Batch = dict[Labels, Entries]

#: Labels from which Loki takes a stream's `service_name` when it has none, first match wins (discover_service_name).
SERVICE_NAME_SOURCES = (
    "service",
    "app",
    "application",
    "app_name",
    "name",
    "app_kubernetes_io_name",
    "container",
    "container_name",
    "k8s_container_name",
    "component",
    "workload",
    "job",
    "k8s_job_name",
)

_LARGEST_NANOSECONDS = 2**63 - 1
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*("(?:[^"\\\n]|\\.)*"|`[^`]*`)\s*(,|$)', re.ASCII)


class _Stream(msgspec.Struct, gc=False):
    stream: dict[str, str | int | float | bool] = {}
    values: list[list[str | dict[str, str]]] = []


class _Push(msgspec.Struct, gc=False):
    streams: list[_Stream] = []


_push_decoder = msgspec.json.Decoder(_Push)
_metadata_encoder = msgspec.json.Encoder(order="deterministic")


def decode_json(body: bytes) -> Batch:
    """The batch of a JSON push. Raises BadRequest, or Unprocessable when it holds no stream."""
    if not body:
        raise BadRequest("EOF")
    try:
        push = _push_decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"loghttp.PushRequest: {error}") from None
    streams = []
    for stream in push.streams:
        labels = {name: _label_text(value) for name, value in stream.stream.items()}
        streams.append((labels, [_read_value(value) for value in stream.values]))
    return _check(streams)


def decode_protobuf(body: bytes) -> Batch:
    """The batch of a snappy-compressed protobuf push. Raises as `decode_json` does."""
    try:
        # The length stands in the first bytes: look before unpacking.
        unpacked_bytes = cramjam.snappy.decompress_raw_len(body)
        if unpacked_bytes > BODY_BYTES:
            raise BodyTooLarge(f"decompressed request body too large: the limit is {BODY_BYTES} bytes")
        unpacked = bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError:
        raise BadRequest("snappy: corrupt input") from None
    try:
        push = push_request_class().FromString(unpacked)
    except DecodeError as error:
        raise BadRequest(f"proto: PushRequest: {error}") from None
    streams = []
    for stream in push.streams:
        entries = [
            (
                entry.timestamp.seconds * NANOSECONDS + entry.timestamp.nanos,
                entry.line.decode(errors="replace"),
                {pair.name: pair.value for pair in entry.structured_metadata} or None,
            )
            for entry in stream.entries
        ]
        streams.append((parse_labels(stream.labels), entries))
    return _check(streams)


def parse_labels(text: str) -> dict[str, str]:
    """The labels written as `{name="value", ...}`. Raises BadRequest."""
    inner = text.strip()
    if not (inner.startswith("{") and inner.endswith("}")):
        raise BadRequest(f'couldn\'t parse labels: expected {{name="value", ...}}, got {text[:100]!r}')
    inner = inner[1:-1].strip()
    labels: dict[str, str] = {}
    position = 0
    while position < len(inner):
        match = _LABEL.match(inner, position)
        if match is None:
            raise BadRequest(f"couldn't parse labels: 1:{position + 2}: parse error in {text[:100]!r}")
        try:
            labels[match[1]] = unquote(match[2])
        except ValueError:
            raise BadRequest(f"couldn't parse labels: 1:{position + 2}: invalid string {match[2][:100]}") from None
        position = match.end()
    return labels


def _label_text(value: str | int | float | bool) -> str:
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def _read_value(value: Sequence[str | dict[str, str]]) -> tuple[int, str, dict[str, str] | None]:
    count = len(value)
    # As Loki: an entry without a line is an empty line.
    timestamp = value[0] if count else "0"
    line = value[1] if count > 1 else ""
    metadata = value[2] if count > 2 else None
    if type(timestamp) is not str or type(line) is not str or type(metadata) is str:
        raise BadRequest(
            'loghttp.PushRequest.Streams: a value must be ["<unix nanoseconds>", "<line>", {"<name>": "<value>"}]'
        )
    try:
        # int() would also take blanks, underscores and other scripts' digits.
        nanoseconds = int(timestamp) if timestamp.isdigit() and timestamp.isascii() else _signed(timestamp)
    except ValueError:
        raise BadRequest(
            f"loghttp.PushRequest.Streams: timestamp {timestamp[:40]!r} is not a whole number of unix nanoseconds"
        ) from None
    return nanoseconds, line, metadata or None  # type: ignore[return-value]


def _signed(text: str) -> int:
    if re.fullmatch(r"[+-]?[0-9]{1,20}", text) is None:
        raise ValueError(text)
    return int(text)


def _check(
    streams: Iterable[tuple[dict[str, str], list[tuple[int, str, dict[str, str] | None]]]],
) -> Batch:
    latest = time.time_ns() + LOG_FUTURE_SECONDS * NANOSECONDS
    batch: Batch = {}
    for labels, entries in streams:
        _check_labels(labels)
        if "service_name" not in labels:
            source = next((name for name in SERVICE_NAME_SOURCES if labels.get(name)), None)
            labels["service_name"] = labels[source] if source else "unknown_service"
        # A label without a value is no label, in Loki as in Prometheus.
        identity = tuple(sorted((name, value) for name, value in labels.items() if value))
        checked = batch.setdefault(identity, Entries())
        stream_level = level_of_labels(labels)
        for timestamp, line, metadata in entries:
            if timestamp > latest or timestamp < -_LARGEST_NANOSECONDS:
                _refuse_timestamp(timestamp, identity)
            encoded = line.encode(errors="replace")
            if len(encoded) > LINE_BYTES:
                raise BadRequest(
                    f"max entry size '{LINE_BYTES}' bytes exceeded for stream '{format_labels(identity)}' "
                    f"while adding an entry with length '{len(encoded)}' bytes"
                )
            level = stream_level or (metadata and level_of_labels(metadata)) or level_of_line(line)
            checked.add(timestamp, encoded, level, _metadata_encoder.encode(metadata).decode() if metadata else "")
    if not batch:
        raise Unprocessable("error at least one valid stream is required for ingestion")
    return batch


def _check_labels(labels: dict[str, str]) -> None:
    for name, value in labels.items():
        if _LABEL_NAME.fullmatch(name) is None:
            text = "{" + ", ".join(f"{key}=" for key in sorted(labels))
            start = text.find(name + "=")
            end = _LABEL_NAME.match(name)
            offset = end.end() if end else 0
            character = name[offset : offset + 1] or "="
            raise BadRequest(
                f"couldn't parse labels: 1:{start + offset + 1}: parse error: "
                f"unexpected character inside braces: '{character}'"
            )
        if len(name) > LABEL_NAME_CHARACTERS:
            raise BadRequest(f"stream has label name too long: '{name[:100]}…'; limit {LABEL_NAME_CHARACTERS}")
        if len(value) > LABEL_VALUE_CHARACTERS:
            raise BadRequest(f"stream has label value too long for '{name}'; limit {LABEL_VALUE_CHARACTERS}")
    if len(labels) > STREAM_LABELS:
        raise BadRequest(
            f"entry for stream '{format_labels(labels)}' has {len(labels)} label names; limit {STREAM_LABELS}"
        )


def _refuse_timestamp(timestamp: int, labels: Labels) -> None:
    if abs(timestamp) > _LARGEST_NANOSECONDS:
        raise BadRequest(f"timestamp {timestamp} is not a 64-bit number of unix nanoseconds")
    raise BadRequest(f"entry for stream '{format_labels(labels)}' has timestamp too new: {format_rfc3339(timestamp)}")
