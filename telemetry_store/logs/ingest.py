"""Pushed bodies -> checked batches of log lines. Both of Loki's encodings: JSON and snappy-compressed protobuf.

A body that cannot be read is refused as a whole. Of one that can, the right lines are taken and the wrong ones named in
the answer, as Loki does.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

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
from ..quoting import format_labels
from ..refusals import BadRequest, BodyTooLarge, Unprocessable
from ..times import NANOSECONDS, format_rfc3339
from .chunks import LEVEL_NAME
from .head import Entries
from .label_text import check_names, parse_labels
from .levels import level_of_labels, level_of_line, level_of_metadata, normalize
from .protobuf_push import push_request_class
from .push_json import PushedEntry, PushedStream, decode_json

#: Sorted pairs of name and value: what identifies a stream.
Labels = tuple[tuple[str, str], ...]

#: What the store takes at once: lines by stream.
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
SERVICE_NAME = "service_name"
UNKNOWN_SERVICE = "unknown_service"

#: Structured metadata of a line: bytes and count (Loki: max_structured_metadata_size, …_entries_count).
_METADATA_BYTES = 64 * 1024
_METADATA_COUNT = 128

_LARGEST_NANOSECONDS = 2**63 - 1
_PLAIN_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9]*(?:_[a-zA-Z0-9]+)*_?", re.ASCII)
_TO_REPLACE = re.compile(r"[^a-zA-Z0-9]+")
_RESERVED = re.compile(r"__(.+)__", re.DOTALL)

_encode_metadata = msgspec.json.Encoder(order="deterministic").encode


@dataclass
class Checked:
    """The right lines of a push, and a message for every wrong one."""

    batch: Batch = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def error(self) -> BadRequest | None:
        """What to answer about the wrong lines: each message once, with its count."""
        if not self.errors:
            return None
        if len(self.errors) == 1:
            return BadRequest(self.errors[0])
        return BadRequest("; ".join(f"{count} errors like: {text}" for text, count in Counter(self.errors).items()))


def read_json(body: bytes) -> list[PushedStream]:
    """The streams of a JSON push with checked labels. Raises BadRequest."""
    streams = decode_json(body)
    for stream in streams:
        stream.labels = discover_service_name(check_names(stream.labels))
    return streams


def read_protobuf(body: bytes) -> list[PushedStream]:
    """The streams of a snappy-compressed protobuf push with checked labels. Raises BadRequest or BodyTooLarge."""
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
        labels = discover_service_name(parse_labels(stream.labels))
        entries: list[PushedEntry] = [
            (
                entry.timestamp.seconds * NANOSECONDS + entry.timestamp.nanos,
                entry.line,
                [(pair.name, pair.value) for pair in entry.structured_metadata],
            )
            for entry in stream.entries
        ]
        streams.append(PushedStream(labels, entries))
    return streams


def discover_service_name(labels: dict[str, str]) -> dict[str, str]:
    """The labels with a `service_name`."""
    if SERVICE_NAME not in labels:
        source = next((name for name in SERVICE_NAME_SOURCES if labels.get(name)), None)
        return {**labels, SERVICE_NAME: labels[source] if source else UNKNOWN_SERVICE}
    return labels


def check(streams: Iterable[PushedStream], discover_levels: bool = True) -> Checked:
    """Which lines are taken. Raises Unprocessable when there is no stream at all."""
    latest = time.time_ns() + LOG_FUTURE_SECONDS * NANOSECONDS
    checked = Checked()
    none = True
    for stream in streams:
        none = False
        if not stream.entries:
            continue
        labels = stream.labels
        identity = tuple(sorted(labels.items()))
        error = _wrong_labels(labels, identity)
        if error is not None:
            checked.errors.append(error)
            continue
        entries = checked.batch.setdefault(identity, Entries())
        stream_level = level_of_labels(labels) if discover_levels else ""
        for timestamp, line, pairs in stream.entries:
            if timestamp > latest or timestamp < -_LARGEST_NANOSECONDS or len(line) > LINE_BYTES or pairs:
                error = _wrong_entry(identity, timestamp, latest, line, pairs)
                if error is not None:
                    checked.errors.append(error)
                    continue
            if pairs:
                metadata = normalize_metadata(pairs)
                level = metadata.pop(LEVEL_NAME, None)
                if level is None and discover_levels:
                    level = stream_level or level_of_metadata(metadata) or level_of_line(line)
                elif level is not None and discover_levels:
                    level = normalize(level)
                entries.add(timestamp, line, level or "", _encode_metadata(metadata).decode() if metadata else "")
            else:
                entries.add(timestamp, line, level_of_line(line) if stream_level is None else stream_level)
    if none:
        raise Unprocessable("error at least one valid stream is required for ingestion")
    return checked


def _wrong_labels(labels: Mapping[str, str], identity: Labels) -> str | None:
    # Loki does not count the label that it adds itself.
    count = len(labels) - (SERVICE_NAME in labels)
    if count > STREAM_LABELS:
        return f"entry for stream '{format_labels(identity)}' has {count} label names; limit {STREAM_LABELS}"
    for name, value in identity:
        if len(name) > LABEL_NAME_CHARACTERS:
            return f"stream '{format_labels(identity)}' has label name too long: '{name}'"
        if len(value.encode(errors="replace")) > LOG_LABEL_VALUE_BYTES:
            return f"stream '{format_labels(identity)}' has label value too long: '{value}'"
    return None


#: Bytes of a stream's label value (Loki: max_label_value_length).
LOG_LABEL_VALUE_BYTES = min(2048, LABEL_VALUE_CHARACTERS)


def _wrong_entry(
    identity: Labels, timestamp: int, latest: int, line: bytes, pairs: Sequence[tuple[str, str]]
) -> str | None:
    stream = format_labels(identity)
    if abs(timestamp) > _LARGEST_NANOSECONDS:
        return f"entry for stream '{stream}' has a timestamp that is not a 64-bit number of unix nanoseconds"
    if timestamp > latest:
        # Go prints this one without its fraction.
        written = format_rfc3339(timestamp // NANOSECONDS * NANOSECONDS)
        return f"entry for stream '{stream}' has timestamp too new: {written}"
    if len(line) > LINE_BYTES:
        return (
            f"max entry size '{LINE_BYTES}' bytes exceeded for stream '{stream}' "
            f"while adding an entry with length '{len(line)}' bytes"
        )
    size = sum(len(name.encode()) + len(value.encode(errors="replace")) for name, value in pairs if name != LEVEL_NAME)
    if size > _METADATA_BYTES:
        return (
            f"stream '{stream}' has structured metadata too large: '{size}' bytes, limit: '{_METADATA_BYTES}' bytes. "
            "Please see `limits_config.max_structured_metadata_size` or contact your Loki administrator to increase it"
        )
    if len(pairs) > _METADATA_COUNT:
        return (
            f"stream '{stream}' has too many structured metadata labels: '{len(pairs)}', limit: '{_METADATA_COUNT}'. "
            "Please see `limits_config.max_structured_metadata_entries_count` or contact your Loki administrator "
            "to increase it"
        )
    return None


def normalize_metadata(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Structured metadata by names that can be labels. Raises BadRequest for a name that cannot become one."""
    metadata: dict[str, str] = {}
    renamed: dict[str, str] = {}
    for name, value in pairs:
        if not value:
            continue
        plain = name if _PLAIN_NAME.fullmatch(name) else normalize_name(name)
        (metadata if plain == name else renamed)[plain] = value.replace("\ufffd", "")
    metadata.update(renamed)
    return metadata


def normalize_name(name: str) -> str:
    """The name with everything that a label's name may not have as one underscore. Raises BadRequest."""
    if not name:
        raise BadRequest("label name is empty")
    reserved = _RESERVED.fullmatch(name)
    plain = f"__{_TO_REPLACE.sub('_', reserved[1])}__" if reserved else _TO_REPLACE.sub("_", name)
    if plain[0].isdigit():
        plain = "key_" + plain
    if not plain.strip("_"):
        raise BadRequest(f'normalization for label name "{name}" resulted in invalid name "{plain}"')
    return plain
