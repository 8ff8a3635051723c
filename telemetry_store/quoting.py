"""Go's string literals, in which Prometheus, Loki and Tempo write names and values: reading and writing them."""

from __future__ import annotations

import re

_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))|(\\)", re.ASCII
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", "'": "'", '"': '"'}
_TO_ESCAPE = re.compile(r'[\\"\x00-\x1f\x7f]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def unquote(literal: str) -> str:
    """The text of a literal in double quotes or backticks. Raises ValueError for an escape that Go does not know."""
    if literal.startswith("`"):
        return literal[1:-1]
    body = literal[1:-1]
    return _ESCAPE.sub(_unescape, body) if "\\" in body else body


def _unescape(match: re.Match[str]) -> str:
    simple, byte, short, long, octal, lone = match.groups()
    if lone:
        raise ValueError("invalid syntax")
    if simple:
        return _SIMPLE[simple]
    code = int(octal, 8) if octal else int(byte or short or long, 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise ValueError("invalid syntax")
    return chr(code)


def quote(text: str) -> str:
    """The text as a literal in double quotes."""
    return '"' + _TO_ESCAPE.sub(lambda match: _SHORT.get(match[0]) or f"\\x{ord(match[0]):02x}", text) + '"'


def format_labels(labels: dict[str, str] | tuple[tuple[str, str], ...]) -> str:
    """Labels as the servers print them: `{a="b", c="d"}`, sorted by name."""
    pairs = sorted(labels.items() if isinstance(labels, dict) else labels)
    return "{" + ", ".join(f"{name}={quote(value)}" for name, value in pairs) + "}"
