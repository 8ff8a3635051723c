"""Paths of `| json a="x.y[0]["z"]"`, with the complaints of Loki's reader of them (ValueError)."""

from __future__ import annotations

import re

_START = re.compile(r"[a-zA-Z_]", re.ASCII)
_FIELD = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)


def parse_json_path(expression: str) -> list[str | int]:
    """Keys and indexes."""
    tokens = _tokens(expression)
    path: list[str | int] = []
    position = 0

    def fail(expected: str) -> ValueError:
        kind = tokens[position][0] if position < len(tokens) else "$end"
        return ValueError(f"syntax error: unexpected {kind}{expected}")

    if not tokens:
        raise fail(", expecting LSB or FIELD")
    while position < len(tokens):
        kind, value = tokens[position]
        if kind == "FIELD" and not path:
            path.append(value)
            position += 1
        elif kind == "DOT" and path:
            position += 1
            if position >= len(tokens) or tokens[position][0] != "FIELD":
                raise fail(", expecting FIELD")
            path.append(tokens[position][1])
            position += 1
        elif kind == "LSB":
            position += 1
            if position >= len(tokens) or tokens[position][0] not in ("STRING", "INDEX"):
                raise fail(", expecting STRING or INDEX")
            path.append(tokens[position][1])
            position += 1
            if position >= len(tokens) or tokens[position][0] != "RSB":
                raise fail(", expecting RSB")
            position += 1
        else:
            raise fail("" if path else ", expecting LSB or FIELD")
    return path


def _tokens(text: str) -> list[tuple[str, str | int]]:
    tokens: list[tuple[str, str | int]] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character in " \t\n":
            position += 1
        elif character in "0123456789":
            end = position
            while end < len(text) and text[end] not in " \t\n.]":
                if text[end] not in "0123456789":
                    raise ValueError(f"non-integer value: {text[end]}")
                end += 1
            if text[end : end + 1] == ".":
                raise ValueError("cannot use float as array index")
            if end == len(text):
                raise ValueError("non-integer value: \0")
            tokens.append(("INDEX", int(text[position:end][:18])))
            position = end
        elif character in "[].":
            tokens.append(({"[": "LSB", "]": "RSB", ".": "DOT"}[character], character))
            position += 1
        elif _START.match(character):
            match = _FIELD.match(text, position)
            assert match is not None
            tokens.append(("FIELD", match[0]))
            position = match.end()
        elif character == '"':
            end = position + 1
            while end < len(text) and text[end] not in '"]':
                end += 1
            tokens.append(("STRING", text[position + 1 : end]))
            position = end + 1
        else:
            raise ValueError(f"unexpected char {character}")
    return tokens
