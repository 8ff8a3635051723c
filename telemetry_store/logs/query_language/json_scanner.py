"""JSON as Loki reads it when a line is not JSON, or only in part: from front to back, no further than it must.

Loki's decoder (jsonparser) hands out fields as it comes to them, so a broken line gives what stands before the break.
Values are (text, kind): kind is `string` (still escaped), `number`, `object`, `array`, `boolean` or `null`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

MALFORMED = "Malformed JSON error"
MALFORMED_STRING = "Value is string, but can't find closing '\"' symbol"
MALFORMED_ARRAY = "Value is array, but can't find closing ']' symbol"
MALFORMED_OBJECT = "Value looks like object, but can't find closing '}' symbol"
MALFORMED_ESCAPE = "Encountered an invalid escape sequence in a string"
UNKNOWN_VALUE = "Unknown value type"

Value = tuple[str, str]

_BLANK = re.compile(r"[ \n\r\t]*")
_STRING_REST = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_TOKEN = re.compile(r"[^ \n\r\t,}\]]*")
_BRACES = re.compile(r'["{}]')
_KEY_OR_BLOCK = re.compile(r'["{\[}]')
_BRACKETS = re.compile(r'["\[\]]')
_ESCAPE = re.compile(r'\\(?:(["\\/bfnrt])|u([0-9a-fA-F]{4})|)')
_SIMPLE = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class BrokenJson(Exception):
    """What Loki says of it."""


def next_token(text: str, position: int) -> int:
    """Where the next character that is not blank stands, or -1."""
    match = _BLANK.match(text, position)
    assert match is not None
    return match.end() if match.end() < len(text) else -1


def _string_end(text: str, position: int) -> int:
    """Behind the quote that closes the string whose content starts at the position, or -1."""
    match = _STRING_REST.match(text, position)
    return match.end() if match else -1


def _block_end(text: str, position: int) -> int:
    opening = text[position]
    pattern = _BRACES if opening == "{" else _BRACKETS
    level = 0
    while (match := pattern.search(text, position)) is not None:
        position = match.end()
        if match[0] == '"':
            position = _string_end(text, position)
            if position < 0:
                return -1
        elif match[0] == opening:
            level += 1
        else:
            level -= 1
            if not level:
                return position
    return -1


def unescape(text: str) -> str:
    """The content of a string without its escapes. Raises BrokenJson."""
    if "\\" not in text:
        return text
    parts: list[str] = []
    position = 0
    while (start := text.find("\\", position)) >= 0:
        parts.append(text[position:start])
        match = _ESCAPE.match(text, start)
        if match is None or match.end() == start + 1:
            raise BrokenJson(MALFORMED_ESCAPE)
        position = match.end()
        if match[1]:
            parts.append(_SIMPLE[match[1]])
            continue
        code = int(match[2], 16)
        if 0xD800 <= code <= 0xDFFF:
            low = _ESCAPE.match(text, position)
            if low is None or not low[2] or int(low[2], 16) < 0xDC00:
                raise BrokenJson(MALFORMED_ESCAPE)
            position = low.end()
            code = 0x10000 + ((code - 0xD800) << 10) + (int(low[2], 16) - 0xDC00)
            parts.append(chr(code) if 0 <= code <= 0x10FFFF else "\ufffd")
            continue
        parts.append(chr(code))
    parts.append(text[position:])
    return "".join(parts)


def read_value(text: str, position: int) -> tuple[Value, int]:
    """The value that starts at or after the position, and where it ends. Raises BrokenJson."""
    position = next_token(text, position)
    if position < 0:
        raise BrokenJson(MALFORMED)
    first = text[position]
    if first == '"':
        end = _string_end(text, position + 1)
        if end < 0:
            raise BrokenJson(MALFORMED_STRING)
        return (text[position + 1 : end - 1], "string"), end
    if first in "[{":
        end = _block_end(text, position)
        if end < 0:
            raise BrokenJson(MALFORMED_ARRAY if first == "[" else MALFORMED_OBJECT)
        return (text[position:end], "array" if first == "[" else "object"), end
    match = _TOKEN.match(text, position)
    assert match is not None
    word = match[0]
    if word in ("true", "false"):
        kind = "boolean"
    elif word == "null":
        kind = "null"
    elif first in "0123456789-":
        kind = "number"
    else:
        raise BrokenJson(UNKNOWN_VALUE)
    return (word, kind), match.end()


def each_field(text: str, callback: Callable[[str, Value], None]) -> None:
    """Calls back with each key and value of the object. Raises BrokenJson, and what the callback raises."""
    position = next_token(text, 0)
    if position < 0 or text[position] != "{":
        raise BrokenJson(MALFORMED_OBJECT)
    position = next_token(text, position + 1)
    if position < 0:
        raise BrokenJson(MALFORMED)
    while position < len(text):
        if text[position] == "}":
            return
        if text[position] != '"':
            raise BrokenJson(MALFORMED_OBJECT)
        end = _string_end(text, position + 1)
        if end < 0:
            raise BrokenJson(MALFORMED)
        key = unescape(text[position + 1 : end - 1])
        position = next_token(text, end)
        if position < 0 or text[position] != ":":
            raise BrokenJson(MALFORMED)
        value, position = read_value(text, position + 1)
        callback(key, value)
        position = next_token(text, position)
        if position < 0:
            raise BrokenJson(MALFORMED_ARRAY)
        if text[position] == "}":
            return
        if text[position] != ",":
            raise BrokenJson(MALFORMED_OBJECT)
        position = next_token(text, position + 1)
        if position < 0:
            raise BrokenJson(MALFORMED_ARRAY)


def items(text: str) -> list[Value]:
    """The items of the array at the start of the text, as far as it can be read."""
    found: list[Value] = []
    position = next_token(text, next_token(text, 0) + 1)
    if position < 0 or text[position] == "]":
        return found
    while True:
        try:
            value, position = read_value(text, position)
        except BrokenJson:
            return found
        found.append(value)
        position = next_token(text, position)
        if position < 0 or text[position] != ",":
            return found
        position += 1


def find_path(value: Value, path: Sequence[str | int]) -> Value | None:
    """The value at a path of keys and indexes, or None. Raises BrokenJson when it is there and cannot be read."""
    for part in path:
        text, kind = value
        if isinstance(part, int):
            if kind != "array":
                return None
            elements = items(text)
            if part >= len(elements):
                return None
            value = elements[part]
            continue
        if kind != "object":
            return None
        found = _value_of(text, part)
        if found is None:
            return None
        value = found
    return value


def _value_of(text: str, key: str) -> Value | None:
    """The value of a key of the object; what stands between fields does not matter. Raises BrokenJson."""
    position = 1
    while (match := _KEY_OR_BLOCK.search(text, position)) is not None:
        position = match.start()
        if match[0] == "}":
            return None
        if match[0] != '"':
            position = _block_end(text, position)
        else:
            end = _string_end(text, position + 1)
            colon = next_token(text, end) if end >= 0 else -1
            if colon < 0:
                return None
            if text[colon] != ":":
                position = end
                continue
            if unescape(text[position + 1 : end - 1]) == key:
                return read_value(text, colon + 1)[0]
            position = next_token(text, colon + 1)
            if position >= 0 and text[position] == '"':
                position = _string_end(text, position + 1)
        if position < 0:
            return None
    return None
