"""Loki's JSON push -> entries by stream, read as Loki reads it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from ..refusals import BadRequest
from . import go_json
from .go_json import JsonError

#: (unix nanoseconds, line, structured metadata)
PushedEntry = tuple[int, bytes, Sequence[tuple[str, str]]]


@dataclass
class PushedStream:
    """One stream of a push. Labels are not checked yet."""

    labels: dict[str, str] = field(default_factory=dict)
    entries: list[PushedEntry] = field(default_factory=list)


class _Stream(msgspec.Struct, gc=False):
    stream: dict[str, str] = {}
    values: list[list[str | dict[str, str]]] = []


class _Push(msgspec.Struct, gc=False):
    streams: list[_Stream]


_decode = msgspec.json.Decoder(_Push).decode
#: What surely fits 64 bits. Today's nanoseconds have 19 digits.
_TIMESTAMP = re.compile(r"[1-9][0-9]{0,17}|[1-8][0-9]{18}", re.ASCII)


def decode_json(body: bytes) -> list[PushedStream]:
    """The streams of a JSON push. Raises BadRequest in Loki's words."""
    try:
        return [_read_stream(stream) for stream in _decode(body).streams]
    except (msgspec.DecodeError, UnicodeError, RecursionError, _Unusual):
        # Loki is laxer than this in places, and where it is not, it has words of its own.
        pass
    try:
        return _read_as_loki(body)
    except JsonError as error:
        raise BadRequest(str(error)) from None


class _Unusual(Exception):
    """A value that the quick way does not take."""


def _read_stream(stream: _Stream) -> PushedStream:
    entries: list[PushedEntry] = []
    is_time = _TIMESTAMP.fullmatch
    for value in stream.values:
        if len(value) == 2:
            time, line = value
            metadata: str | dict[str, str] = {}
        elif len(value) == 3:
            time, line, metadata = value
        else:
            raise _Unusual
        if type(time) is not str or type(line) is not str or type(metadata) is not dict or not is_time(time):
            raise _Unusual
        entries.append((int(time), line.encode(), tuple(metadata.items()) if metadata else ()))
    return PushedStream(stream.stream, entries)


def _read_as_loki(body: bytes) -> list[PushedStream]:
    if not body:
        raise JsonError("EOF")
    iterator = go_json.Iterator(body)
    streams: list[PushedStream] = []
    character = iterator.token()
    if character == "n":
        iterator.literal("ull")
        return streams
    if character != "{":
        raise iterator.error("readObjectStart", f"expect {{ or n, but found {character}")
    if iterator.token() == "}":
        return streams
    iterator.back()
    try:
        while True:
            name = _field_name(iterator)
            if name == "streams":
                streams = _read_streams(iterator)
            else:
                iterator.skip()
            character = iterator.token()
            if character == "}":
                return streams
            if character != ",":
                raise iterator.error("isObjectEnd", f"object ended prematurely, unexpected char {character}")
    except JsonError as error:
        raise JsonError(f"loghttp.PushRequest.{error}") from None


def _field_name(iterator: go_json.Iterator) -> str:
    character = iterator.token()
    if character != '"':
        raise iterator.error("readFieldHash", f'expect ", but found {character}')
    start = iterator.position
    try:
        name = iterator.rest_of_string("readFieldHash")
    except JsonError:
        iterator.position = start
        raise iterator.error("readFieldHash", "incomplete field name") from None
    character = iterator.token()
    if character != ":":
        raise iterator.error("readFieldHash", f"expect :, but found {character}")
    # Go's decoders do not mind the case of a name.
    return name.lower()


def _read_streams(iterator: go_json.Iterator) -> list[PushedStream]:
    streams: list[PushedStream] = []
    try:
        character = iterator.token()
        if character == "n":
            iterator.literal("ull")
            return streams
        if character != "[":
            raise iterator.error("decode slice", f"expect [ or n, but found {character}")
        if iterator.token() == "]":
            return streams
        iterator.back()
        while True:
            # Blanks belong to no value.
            iterator.token()
            iterator.back()
            start = iterator.position
            iterator.skip()
            try:
                streams.append(_read_one(iterator.data[start : iterator.position]))
            except JsonError as error:
                raise iterator.error("unmarshalerDecoder", str(error)) from None
            character = iterator.token()
            if character == "]":
                return streams
            if character != ",":
                raise iterator.error("decode slice", f"expect ], but found {character}")
    except JsonError as error:
        raise JsonError(f"Streams: []loghttp.LogProtoStream: {error}") from None


def _read_one(data: bytes) -> PushedStream:
    stream = PushedStream()
    for name, value in go_json.each_member(data):
        if name == b"stream":
            stream.labels = {}
            for label, text in go_json.each_member(value.raw):
                labelled = go_json.parse_string(text.raw).decode(errors="replace")
                stream.labels[go_json.parse_string(label).decode(errors="replace")] = labelled
        elif name == b"values" and value.kind != "null":
            stream.entries = _read_entries(value.raw)
    return stream


def _read_entries(data: bytes) -> list[PushedEntry]:
    entries: list[PushedEntry] = []
    first_error: JsonError | None = None
    for value in go_json.each_element(data):
        # The array is read to its end all the same: an error in its form comes first.
        if value.kind == "null" or first_error is not None:
            continue
        try:
            entries.append(_read_entry(value.raw))
        except JsonError as error:
            first_error = error
    if first_error is not None:
        raise first_error
    return entries


#: Unix nanoseconds of Go's zero time, kept in 64 bits: what an entry without a time has.
_ZERO_TIME = -6795364578871345152


def _read_entry(data: bytes) -> PushedEntry:
    time, line = _ZERO_TIME, b""
    metadata: list[tuple[str, str]] = []
    place = 0
    last_error: JsonError | None = None
    for value in go_json.each_element(data):
        try:
            if place < 2 and value.kind != "string":
                raise JsonError(go_json.MALFORMED_STRING)
            if place == 2 and value.kind != "object":
                raise JsonError(go_json.MALFORMED_OBJECT)
            if place == 0:
                time = go_json.parse_integer(value.raw)
            elif place == 1:
                line = go_json.parse_string(value.raw)
            elif place == 2:
                metadata = _read_metadata(value.raw)
        except JsonError as error:
            # The place stays, so the next value is tried for it; the last error is the one that is told.
            last_error = error
            continue
        place += 1
    if last_error is not None:
        raise last_error
    return time, line, metadata


def _read_metadata(data: bytes) -> list[tuple[str, str]]:
    metadata = []
    for name, value in go_json.each_member(data):
        if value.kind != "string":
            raise JsonError(go_json.MALFORMED_STRING)
        text = go_json.parse_string(value.raw)
        metadata.append((name.decode(errors="replace"), text.decode(errors="replace")))
    return metadata
