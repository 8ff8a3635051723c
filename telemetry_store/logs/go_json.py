"""The two JSON readers that stand behind Loki's push, step by step: they decide what passes and what an error says.

`Iterator` walks through a body in buffers (json-iterator), and names in its errors where it stopped within the buffer;
`each_member` and `each_element` take a value apart without checking more than they need (jsonparser). Both are used
only for bodies that the quick decoder does not take. Nesting is followed with a stack of its own, not by recursion.
"""

from __future__ import annotations

from collections.abc import Iterator as Iterable
from dataclasses import dataclass

_BLANKS = b" \n\r\t"

#: Bytes that json-iterator reads at a time from a request.
READ_BYTES = 512

_DEPTH = 10_000


class JsonError(Exception):
    """A body that cannot be read; the message is the reader's."""


# -- jsonparser

MALFORMED_JSON = "Malformed JSON error"
MALFORMED_STRING = "Value is string, but can't find closing '\"' symbol"
MALFORMED_ARRAY = "Value is array, but can't find closing ']' symbol"
MALFORMED_OBJECT = "Value looks like object, but can't find closing '}' symbol"
MALFORMED_VALUE = "Value looks like Number/Boolean/None, but can't find its end: ',' or '}' symbol"
MALFORMED_ESCAPE = "Encountered an invalid escape sequence in a string"
OVERFLOW = "Value is number, but overflowed while parsing"
UNKNOWN_TYPE = "Unknown value type"

_SIMPLE_ESCAPES = {34: 34, 92: 92, 47: 47, 98: 8, 102: 12, 110: 10, 114: 13, 116: 9}


@dataclass(frozen=True)
class Value:
    """A piece of JSON: a string without its quotes and with its escapes, anything else as it stands."""

    kind: str
    raw: bytes


def each_member(data: bytes) -> Iterable[tuple[bytes, Value]]:
    """Names and values of an object. Raises JsonError where it is broken, after what came before."""
    position = _next_token(data, 0)
    if position < 0 or data[position : position + 1] != b"{":
        raise JsonError(MALFORMED_OBJECT)
    position = _next_token(data, position + 1)
    if position < 0:
        raise JsonError(MALFORMED_JSON)
    while position < len(data):
        if data[position] == 125:  # }
            return
        if data[position] != 34:  # "
            raise JsonError(MALFORMED_OBJECT)
        end = _string_end(data, position + 1)
        if end < 0:
            raise JsonError(MALFORMED_JSON)
        name = data[position + 1 : end - 1]
        if b"\\" in name:
            unescaped = _unescape(name)
            if unescaped is None:
                raise JsonError(MALFORMED_ESCAPE)
            name = unescaped
        position = _next_token(data, end)
        if position < 0 or data[position] != 58:  # :
            raise JsonError(MALFORMED_JSON)
        value, position = _value_at(data, position + 1)
        yield name, value
        position = _next_token(data, position)
        if position < 0:
            raise JsonError(MALFORMED_ARRAY)
        if data[position] == 125:
            return
        if data[position] != 44:  # ,
            raise JsonError(MALFORMED_OBJECT)
        position = _next_token(data, position + 1)
        if position < 0:
            raise JsonError(MALFORMED_ARRAY)
    raise JsonError(MALFORMED_OBJECT)


def each_element(data: bytes) -> Iterable[Value]:
    """The values of an array; whatever stands first is taken for its bracket. Raises JsonError where it is broken."""
    if not data:
        raise JsonError(MALFORMED_OBJECT)
    position = _next_token(data, 0)
    position = _next_token(data, position + 1) if position >= 0 else -1
    if position < 0:
        raise JsonError(MALFORMED_JSON)
    if data[position] == 93:  # ]
        return
    while True:
        value, position = _value_at(data, position)
        yield value
        position = _next_token(data, position)
        if position < 0:
            raise JsonError(MALFORMED_ARRAY)
        if data[position] == 93:
            return
        if data[position] != 44:
            raise JsonError(MALFORMED_ARRAY)
        position += 1


def parse_string(raw: bytes) -> bytes:
    """The bytes of a string with escapes. Raises JsonError."""
    text = _unescape(raw) if b"\\" in raw else raw
    if text is None:
        raise JsonError(MALFORMED_VALUE)
    return text


def parse_integer(raw: bytes) -> int:
    """A whole number of 64 bits without leading zeros. Raises JsonError."""
    digits = raw[1:] if raw[:1] == b"-" else raw
    if not raw or (digits and not digits.isdigit()) or (len(digits) > 1 and digits[:1] == b"0"):
        raise JsonError(MALFORMED_VALUE)
    number = int(digits or b"0") if len(digits) < 30 else 2**64
    if number > 2**63 - 1 + (raw[:1] == b"-"):
        raise JsonError(OVERFLOW)
    return -number if raw[:1] == b"-" else number


def _next_token(data: bytes, position: int) -> int:
    while position < len(data):
        if data[position] not in _BLANKS:
            return position
        position += 1
    return -1


def _string_end(data: bytes, position: int) -> int:
    """The place behind the closing quote, or -1."""
    first = position
    while (position := data.find(b'"', position)) >= 0:
        backslashes = position
        while backslashes > first and data[backslashes - 1] == 92:
            backslashes -= 1
        position += 1
        if (position - 1 - backslashes) % 2 == 0:
            return position
    return -1


def _block_end(data: bytes, position: int, opening: int, closing: int) -> int:
    level = 0
    while position < len(data):
        byte = data[position]
        if byte == 34:
            position = _string_end(data, position + 1)
            if position < 0:
                return -1
            continue
        if byte == opening:
            level += 1
        elif byte == closing:
            level -= 1
            if level == 0:
                return position + 1
        position += 1
    return -1


def _value_at(data: bytes, position: int) -> tuple[Value, int]:
    position = _next_token(data, position)
    if position < 0:
        raise JsonError(MALFORMED_JSON)
    first = data[position]
    if first == 34:
        end = _string_end(data, position + 1)
        if end < 0:
            raise JsonError(MALFORMED_STRING)
        return Value("string", data[position + 1 : end - 1]), end
    if first in b"[{":
        is_array = first == 91
        end = _block_end(data, position, first, 93 if is_array else 125)
        if end < 0:
            raise JsonError(MALFORMED_ARRAY if is_array else MALFORMED_OBJECT)
        return Value("array" if is_array else "object", data[position:end]), end
    end = position
    while end < len(data) and data[end] not in b" \n\r\t,}]":
        end += 1
    raw = data[position:end]
    kind = {b"true": "boolean", b"false": "boolean", b"null": "null"}.get(raw)
    if kind is None:
        if first not in b"0123456789-":
            raise JsonError(UNKNOWN_TYPE)
        kind = "number"
    return Value(kind, raw), end


def _unescape(raw: bytes) -> bytes | None:
    parts: list[bytes] = []
    position = 0
    while (backslash := raw.find(b"\\", position)) >= 0:
        parts.append(raw[position:backslash])
        letter = raw[backslash + 1 : backslash + 2]
        if letter == b"u":
            code = _hex_at(raw, backslash)
            position = backslash + 6
            if code is not None and 0xD800 <= code <= 0xDFFF:
                low = _hex_at(raw, position) if len(raw) >= position + 6 else None
                if low is None or low < 0xDC00:
                    return None
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                position += 6
            if code is None or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                return None if code is None else b"".join(parts) + "\ufffd".encode() + raw[position:]
            parts.append(chr(code).encode())
        elif letter and letter[0] in _SIMPLE_ESCAPES:
            parts.append(bytes([_SIMPLE_ESCAPES[letter[0]]]))
            position = backslash + 2
        else:
            return None
    parts.append(raw[position:])
    return b"".join(parts)


def _hex_at(raw: bytes, position: int) -> int | None:
    digits = raw[position + 2 : position + 6]
    if len(digits) < 4 or any(digit not in b"0123456789abcdefABCDEF" for digit in digits):
        return None
    return int(digits, 16)


# -- json-iterator


class Iterator:
    """A place in a body. Errors say what stands around it in the buffer of that moment."""

    def __init__(self, data: bytes, read_bytes: int | None = READ_BYTES) -> None:
        self.data = data
        self.position = 0
        self._streams = read_bytes is not None
        self._read_bytes = read_bytes or len(data) or 1
        self._ended = False

    def error(self, operation: str, message: str) -> JsonError:
        """The error at this place."""
        # A buffer that has been read to its end is replaced only when the next byte is asked for.
        start = max(self.position - 1, 0) // self._read_bytes * self._read_bytes
        buffer = self.data[start : start + self._read_bytes]
        head = self.position - start
        # Characters may be cut in the middle; their bytes go out as they are.
        near = buffer[max(head - 10, 0) : head + 10].decode(errors="surrogateescape")
        around = buffer[max(head - 50, 0) : head + 50].decode(errors="surrogateescape")
        return JsonError(
            f"{operation}: {message}, error found in #{min(head, 10)} byte of ...|{near}|..., "
            f"bigger context ...|{around}|..."
        )

    def byte(self) -> str:
        """The next byte as a character (a surrogate, when it is not ASCII); NUL at the end."""
        if self.position >= len(self.data):
            self._ended = True
            return "\x00"
        self.position += 1
        byte = self.data[self.position - 1]
        return chr(byte) if byte < 0x80 else chr(0xDC00 + byte)

    def token(self) -> str:
        """The next byte that is not blank."""
        before = self.position
        while (character := self.byte()) in " \n\t\r":
            pass
        if self._ended and self._streams:
            # It has not got past the blanks when no more bytes come.
            self.position = before
        return character

    def back(self) -> None:
        """Goes back by one byte, unless the end was reached."""
        if not self._ended:
            self.position -= 1

    def literal(self, rest: str) -> None:
        """Reads on through `null`, `true` or `false`."""
        for character in rest:
            if self.byte() != character:
                raise self.error("skipThreeBytes" if len(rest) == 3 else "skipFourBytes", f"expect {rest}")

    def string(self) -> str:
        """Reads a string, or null as an empty one."""
        character = self.token()
        if character == "n":
            self.literal("ull")
            return ""
        if character != '"':
            raise self.error("ReadString", f'expects " or n, but found {character}')
        return self.rest_of_string("ReadString")

    def rest_of_string(self, operation: str) -> str:
        """Reads on behind an opening quote."""
        start = self.position
        escaped = False
        while True:
            at = self.position
            character = self.byte()
            if self._ended:
                raise self.error("readStringSlowPath", "unexpected end of input")
            if character == '"':
                return self.data[start : self.position - 1].decode(errors="replace")
            if character == "\\":
                escaped = True
                letter = self.byte()
                if letter == "u":
                    for _ in range(4):
                        digit = self.byte()
                        if digit not in "0123456789abcdefABCDEF":
                            raise self.error("readU4", f"expects 0~9 or a~f, but found {digit}")
                elif letter not in '"\\/bfnrt':
                    raise self.error("readEscapedChar", "invalid escape char after \\")
            elif character < " " and not escaped:
                # It is noticed before the string is left.
                self.position = start
                raise self.error(operation, f"invalid control character found: {self.data[at]}")

    def skip(self) -> None:
        """Passes over a value."""
        closings: list[str] = []
        while True:
            self._skip_start(closings)
            while closings:
                character = self.token()
                if character == ",":
                    if closings[-1] == "}":
                        self._name()
                    break
                if character != closings[-1]:
                    if closings[-1] == "}":
                        raise self.error("ReadObjectCB", "object not ended with }")
                    raise self.error("ReadArrayCB", f"expect ] in the end, but found {character}")
                closings.pop()
            if not closings:
                return

    def _skip_start(self, closings: list[str]) -> None:
        """Passes over a simple value, or into the innermost first value of arrays and objects."""
        while True:
            character = self.token()
            if character in "[{":
                if len(closings) >= _DEPTH:
                    raise self.error("incrementDepth", "exceeded max depth")
                closing = "]" if character == "[" else "}"
                following = self.token()
                if following == closing:
                    return
                if character == "{":
                    if following != '"':
                        raise self.error("ReadObjectCB", f'expect " after {{, but found {following}')
                    self.back()
                    self._name()
                else:
                    self.back()
                closings.append(closing)
                continue
            if character == '"':
                self.rest_of_string("trySkipString")
            elif character in "ntf":
                self.literal({"n": "ull", "t": "rue", "f": "alse"}[character])
            elif character in "-0123456789":
                self._skip_number(character)
            else:
                raise self.error("Skip", f"do not know how to skip: {ord(character)}")
            return

    def _name(self) -> None:
        self.string()
        character = self.token()
        if character != ":":
            raise self.error("ReadObject", f"expect : after object field, but found {character}")

    def _skip_number(self, first: str) -> None:
        start = self.position
        while self.position < len(self.data) and self.data[self.position] in b"+-.eE0123456789":
            self.position += 1
        raw = self.data[start - 1 : self.position]
        try:
            float(raw)
        except ValueError:
            self.position = start - 1
            raise self.error("readFloat64", "unexpected character") from None
