"""Lines of `key=value key="quoted value" flag`, read as Loki does."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BLANKS = re.compile(r"[\x00-\x20]*")
_REST = re.compile(r"[^\x00-\x20]*")
_KEY = re.compile(r'[^\x00-\x20="]*')
_BARE = re.compile(r'[^\x00-\x20="]*')
_QUOTED = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})(?:\\u([0-9a-fA-F]{4}))?|(.))", re.DOTALL)
_SIMPLE = {'"': '"', "\\": "\\", "/": "/", "'": "'", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def scan(line: str) -> Iterator[tuple[str, str, str | None]]:
    """(key, value, None), or ("", "", complaint) where the line is broken; it goes on behind that."""
    position = 0
    while True:
        position = _match_end(_BLANKS, line, position)
        if position >= len(line):
            return
        start = position
        position = _match_end(_KEY, line, position)
        key = line[start:position]
        following = line[position : position + 1]
        if following == '"' or (following == "=" and not key):
            yield "", "", _unexpected(line, position)
            position = _match_end(_REST, line, position)
            continue
        if "\ufffd" in key:
            yield "", "", _complaint(line, position, "invalid key")
            position = _match_end(_REST, line, position) if following == "=" else position
            continue
        if following != "=":
            yield key, "", None
            continue
        position += 1
        if line[position : position + 1] == '"':
            match = _QUOTED.match(line, position)
            if match is None:
                position = len(line)
                yield "", "", _complaint(line, position, "unterminated quoted value")
                continue
            position = match.end()
            value = _unquote(match[1])
            if value is None:
                yield "", "", _complaint(line, position, "invalid quoted value")
                continue
            yield key, value, None
            continue
        start = position
        position = _match_end(_BARE, line, position)
        if line[position : position + 1] in ("=", '"'):
            yield "", "", _unexpected(line, position)
            position = _match_end(_REST, line, position)
            continue
        yield key, line[start:position], None


def _match_end(pattern: re.Pattern[str], line: str, position: int) -> int:
    match = pattern.match(line, position)
    assert match is not None
    return match.end()


def _unexpected(line: str, position: int) -> str:
    return _complaint(line, position, f"unexpected '{line[position]}'")


def _complaint(line: str, position: int, message: str) -> str:
    # Positions count bytes.
    return f"logfmt syntax error at pos {len(line[:position].encode()) + 1} : {message}"


def _unquote(text: str) -> str | None:
    if "\\" not in text:
        return text
    broken = False

    def replace(match: re.Match[str]) -> str:
        nonlocal broken
        first, second, simple = match.groups()
        if simple is not None:
            broken = broken or simple not in _SIMPLE
            return _SIMPLE.get(simple, "")
        code = int(first, 16)
        low = int(second, 16) if second else 0
        if 0xD800 <= code < 0xDC00 and 0xDC00 <= low <= 0xDFFF:
            return chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00))
        text = "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)
        if second:
            text += "\ufffd" if 0xD800 <= low <= 0xDFFF else chr(low)
        return text

    outcome = _ESCAPE.sub(replace, text)
    return None if broken else outcome
