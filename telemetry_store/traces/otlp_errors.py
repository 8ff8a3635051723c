"""What the OTLP receiver of the OpenTelemetry collector, which is Tempo's, says about a body that it cannot read.

Its words for the usual mistakes; for others the decoder's own.
"""

from __future__ import annotations

import re

_ID = re.compile(rb'"(?:traceId|spanId|parentSpanId)"\s*:\s*"([^"\\]*)"')

#: Bytes shown before and after the place of an error, in short and at length.
_NEAR, _FAR = 10, 50


def explain_json(body: bytes, otherwise: str) -> str:
    """Why a JSON body was refused."""
    content = body.strip()
    if not content.startswith(b"{"):
        start = body.find(content[:1]) + 1 if content else len(body)
        found = chr(content[0]) if content else "\0"
        return _at(f"ReadObject: expect {{ or , or }} or n, but found {found}", body, start)
    if content == b"{":
        return _at('ReadObject: expect " after {, but found \0', body, len(body))
    for match in _ID.finditer(body):
        text = match[1]
        if len(text) not in (0, 32 if match[0].startswith(b'"traceId"') else 16):
            return _at("ID.UnmarshalJSONIter: length mismatch", body, match.end())
        wrong = re.search(rb"[^0-9a-fA-F]", text)
        if wrong:
            byte = wrong[0][0]
            invalid = f"encoding/hex: invalid byte: U+{byte:04X} '{chr(byte)}'"
            return _at(f"ID.UnmarshalJSONIter: {invalid}", body, match.end())
    return otherwise


def _at(message: str, body: bytes, place: int) -> str:
    near, far = max(place - _NEAR, 0), max(place - _FAR, 0)
    short = body[near : place + _NEAR].decode(errors="replace")
    long = body[far : place + _FAR].decode(errors="replace")
    return f"{message}, error found in #{place - near} byte of ...|{short}|..., bigger context ...|{long}|..."


def explain_protobuf(body: bytes, otherwise: str) -> str:
    """Why a protobuf body was refused."""
    position = 0
    while position < len(body):
        tag, position = _varint(body, position)
        match tag & 7:
            case 0:
                _, position = _varint(body, position)
            case 1:
                position += 8
            case 2:
                length, position = _varint(body, position)
                position += length
            case 5:
                position += 4
            case _:
                return otherwise
    return "unexpected EOF" if position > len(body) else otherwise


def _varint(body: bytes, position: int) -> tuple[int, int]:
    """The number and where the next one begins: behind the body's end when it is cut off."""
    number = shift = 0
    while position < len(body):
        byte = body[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7
    return number, len(body) + 1
