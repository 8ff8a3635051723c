"""A stream's labels as text, `{name="value", ...}`: read as Loki reads them, with its words for what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from ..quoting import quote, unquote
from ..refusals import BadRequest

_BLANK = re.compile(r"(?:[ \t\n\r]|#[^\n]*)*")
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`[^`]*`', re.ASCII)
_OPERATORS = ("=~", "!~", "!=", "==", "=")


def write_labels(labels: dict[str, str]) -> str:
    """The labels as text, names as they are: what a JSON push means."""
    return "{" + ", ".join(f"{name}={quote(labels[name])}" for name in sorted(labels)) + "}"


def parse_labels(text: str) -> dict[str, str]:
    """The labels that have a value. Raises BadRequest."""
    return {name: value for name, value in _Parser(text).labels() if value}


def check_names(labels: dict[str, str]) -> dict[str, str]:
    """The labels that have a value, when all names are right. Raises BadRequest."""
    for name in labels:
        if _NAME.fullmatch(name) is None:
            return parse_labels(write_labels(labels))
    return labels if all(labels.values()) else {name: value for name, value in labels.items() if value}


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._start = 0

    def labels(self) -> Iterable[tuple[str, str]]:
        """Names and values in order."""
        self._position = _end(_BLANK, self._text, 0)
        start = _NAME.match(self._text, self._position)
        if start is not None:
            yield "__name__", start[0]
            self._position = _end(_BLANK, self._text, start.end())
            if self._position == len(self._text):
                return
        if self._text[self._position : self._position + 1] != "{":
            where = self._where(self._position)
            shown = self._text[self._position :]
            raise _error(where, f"unexpected character: {_go_quote(shown[0])}" if shown else "unexpected end of input")
        self._position += 1
        kind, word = self._token()
        while kind != "}":
            if kind != "identifier":
                raise self._unexpected(kind, word, 'identifier or "}"')
            name = word
            kind, word = self._token()
            if kind != "=":
                raise self._unexpected(kind, word, '"="')
            kind, word = self._token()
            if kind != "string":
                raise self._unexpected(kind, word, "string")
            try:
                yield name, unquote(word)
            except ValueError:
                raise _error(self._where(self._start), "invalid syntax") from None
            kind, word = self._token()
            if kind == ",":
                kind, word = self._token()
            elif kind != "}":
                raise self._unexpected(kind, word, '"," or "}"')
        self._position = _end(_BLANK, self._text, self._position)
        if self._position < len(self._text):
            rest = self._text[self._position]
            raise _error(self._where(self._position), f"unexpected {json.dumps(rest, ensure_ascii=False)}")

    def _token(self) -> tuple[str, str]:
        text = self._text
        start = self._start = _end(_BLANK, text, self._position)
        if start >= len(text):
            raise _error(self._where(start), "unexpected end of input inside braces")
        character = text[start]
        for kind, pattern in (("identifier", _NAME), ("string", _STRING)):
            match = pattern.match(text, start)
            if match is not None:
                self._position = match.end()
                return kind, match[0]
        if character in "\"'`":
            raise _error(self._where(start), "unterminated " + ("raw" if character == "`" else "quoted") + " string")
        if character in "},":
            self._position = start + 1
            return character, character
        for operator in _OPERATORS:
            if text.startswith(operator, start):
                self._position = start + len(operator)
                return operator, operator
        raise _error(self._where(start), _inside(character))

    def _unexpected(self, kind: str, word: str, expected: str) -> BadRequest:
        name = f"{kind} " if kind in ("identifier", "string") else ""
        shown = json.dumps(word, ensure_ascii=False)
        return _error(self._where(self._start), f"unexpected {name}{shown} in label set, expected {expected}")

    def _where(self, position: int) -> str:
        line = self._text.count("\n", 0, position)
        column = position - (self._text.rfind("\n", 0, position) + 1)
        return f"{line + 1}:{len(self._text[position - column : position].encode()) + 1}"


def _inside(character: str) -> str:
    return f"unexpected character inside braces: {_go_quote(character)}"


def _go_quote(character: str) -> str:
    return "'\\''" if character == "'" else "'\\\\'" if character == "\\" else f"'{character}'"


def _error(where: str, message: str) -> BadRequest:
    return BadRequest(f"couldn't parse labels: {where}: parse error: {message}")


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position
