"""The forms in which Tempo answers: JSON, protobuf, and short for a language model."""

from __future__ import annotations

from starlette.requests import Request

JSON = "application/json"
PROTOBUF = "application/protobuf"
LANGUAGE_MODEL = "application/vnd.grafana.llm"


def answer_form(request: Request) -> str:
    """The media type that the request's Accept header names, the first of them in Tempo's order; JSON otherwise."""
    accepted = request.headers.get("accept", "")
    return next((form for form in (PROTOBUF, JSON, LANGUAGE_MODEL) if form in accepted), JSON)


def message_field(number: int, content: bytes) -> bytes:
    """A protobuf field that has a length: text, bytes or a message."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    content = bytearray()
    while number > 0x7F:
        content.append(number & 0x7F | 0x80)
        number >>= 7
    content.append(number)
    return bytes(content)
