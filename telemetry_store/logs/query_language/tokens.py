"""LogQL text -> tokens, by the rules of Loki's scanner, which is Go's: comments, numbers, literals and all.

A token's line is 0 where Loki's scanner has forgotten it: it does as soon as it has looked beyond what Go takes for one
token, and messages show that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lark import Token
from lark.lexer import Lexer

from ...quoting import unquote
from ...refusals import BadRequest
from .units import parse_go_duration, parse_prometheus_duration, parse_size

#: Tokens that are words or signs, by what Loki calls them in messages.
WORDS = {
    ",": "COMMA", ".": "DOT", "{": "OPEN_BRACE", "}": "CLOSE_BRACE", "=": "EQ", "!=": "NEQ", "=~": "RE", "!~": "NRE",
    "!>": "NPA", "|=": "PIPE_EXACT", "|~": "PIPE_MATCH", "|>": "PIPE_PATTERN", "|": "PIPE", "unwrap": "UNWRAP",
    "(": "OPEN_PARENTHESIS", ")": "CLOSE_PARENTHESIS", "by": "BY", "without": "WITHOUT", "bool": "BOOL",
    "[": "OPEN_BRACKET", "]": "CLOSE_BRACKET", "label_replace": "LABEL_REPLACE", "offset": "OFFSET", "on": "ON",
    "ignoring": "IGNORING", "group_left": "GROUP_LEFT", "group_right": "GROUP_RIGHT", "or": "OR", "and": "AND",
    "unless": "UNLESS", "+": "ADD", "-": "SUB", "*": "MUL", "/": "DIV", "%": "MOD", "^": "POW", "==": "CMP_EQ",
    ">": "GT", ">=": "GTE", "<": "LT", "<=": "LTE", "json": "JSON", "regexp": "REGEXP", "logfmt": "LOGFMT",
    "unpack": "UNPACK", "pattern": "PATTERN", "label_format": "LABEL_FMT", "line_format": "LINE_FMT", "ip": "IP",
    "decolorize": "DECOLORIZE", "drop": "DROP", "keep": "KEEP", "variants": "VARIANTS", "of": "OF",
}  # fmt: skip

#: Words that are tokens only before a parenthesis or a grouping; elsewhere they may name labels.
_FUNCTIONS = {
    name: name.upper()
    for name in (
        "rate", "rate_counter", "count_over_time", "bytes_rate", "bytes_over_time", "avg_over_time", "sum_over_time",
        "min_over_time", "max_over_time", "stdvar_over_time", "stddev_over_time", "quantile_over_time",
        "first_over_time", "last_over_time", "absent_over_time", "vector", "sum", "avg", "max", "min", "count",
        "stddev", "stdvar", "bottomk", "topk", "sort", "sort_desc", "label_replace", "approx_topk", "ip",
    )
} | {"bytes": "BYTES_CONV", "duration": "DURATION_CONV", "duration_seconds": "DURATION_SECONDS_CONV"}  # fmt: skip

_FLAGS = ("--strict", "--keep-empty")
_BLANKS = re.compile(r"(?:[ \t\n\r]|//[^\n]*|/\*.*?\*/|#[^\n]*)+", re.DOTALL)
_WORD = re.compile(r"[^\W\d]\w*")
_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?\d*)?|0[oO][0-7_]*|0[bB][01_]+|"
    r"(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?[\d_]*)?",
    re.ASCII,
)
_DURATION_TAIL = re.compile(r"[\dnuµmshdwy.]*")
_BYTES_TAIL = re.compile(r"[\dBikKMGTP.]*")
_FLAG = re.compile(r"-[^\W\d_-]*[^\W\d_]?[-\w]*")
_CHARACTER = re.compile(r"'(?:[^'\\\n]|\\(?:[abfnrtv\\']|[0-7]{3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}))'")
_ESCAPE = re.compile(r'\\(?:[abfnrtv\\"]|[0-7]{3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})')
_CALL = re.compile(r"\s*(?:\(|(?:by|without)\s*\()", re.IGNORECASE)


class LogqlLexer(Lexer):
    """Lark's way to a lexer of one's own."""

    def __init__(self, lexer_conf: Any) -> None:
        pass

    def lex(self, text: str) -> Iterator[Token]:  # type: ignore[override]
        """The tokens of a query. Raises BadRequest for what is none."""
        return _Scanner(text).tokens()


def shown_position(text: str, position: int) -> tuple[int, int]:
    """Line and column of a place, from 1; those of an empty query are 0."""
    if not text:
        return 0, 0
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def parse_error(message: str, line: int = 0, column: int = 0) -> BadRequest:
    """An error as Loki's parser words it."""
    where = f" at line {line}, col {column}:" if line or column else " :"
    return BadRequest(f"parse error{where} {message}")


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text

    def tokens(self) -> Iterator[Token]:
        position = 0
        while True:
            blank = _BLANKS.match(self._text, position)
            position = blank.end() if blank else position
            if position >= len(self._text):
                return
            kind, content, end, looked_beyond = self._token(position)
            line, column = shown_position(self._text, position)
            yield Token(
                kind, content, start_pos=position, line=0 if looked_beyond else line, column=column, end_pos=end
            )
            position = end

    def _fail(self, message: str, position: int, looked_beyond: bool = False) -> BadRequest:
        line, column = shown_position(self._text, position)
        return parse_error(message, 0 if looked_beyond else line, column)

    def _token(self, position: int) -> tuple[str, str, int, bool]:
        """(kind, text, end, whether the scanner looked beyond Go's token)"""
        text = self._text
        character = text[position]
        if character == "\0":
            raise self._fail("invalid character NUL", position)
        if character == '"':
            return self._quoted(position)
        if character == "`":
            end = text.find("`", position + 1)
            if end < 0:
                raise self._fail("literal not terminated", position)
            return "STRING", text[position : end + 1], end + 1, False
        if character == "'":
            return self._character(position)
        if character == "/" and text.startswith("/*", position):
            raise self._fail("comment not terminated", position)
        if _NUMBER.match(text, position):
            return self._number(position)
        if character == "-":
            flag_or_duration = self._after_minus(position)
            if flag_or_duration is not None:
                return flag_or_duration
        if character == "[":
            return self._range(position)
        word = _WORD.match(text, position)
        return self._word(position, word.end() if word else position + 1)

    def _quoted(self, position: int) -> tuple[str, str, int, bool]:
        text = self._text
        end = position + 1
        while True:
            character = text[end : end + 1]
            if character in ("", "\n"):
                raise self._fail("literal not terminated", position)
            if character == '"':
                break
            if character == "\\":
                escape = _ESCAPE.match(text, end)
                if escape is None:
                    raise self._fail("invalid char escape", position)
                end = escape.end()
            else:
                end += 1
        literal = text[position : end + 1]
        try:
            unquote(literal)
        except ValueError as error:
            raise self._fail(str(error), position) from None
        return "STRING", literal, end + 1, False

    def _character(self, position: int) -> tuple[str, str, int, bool]:
        one = _CHARACTER.match(self._text, position)
        if one:
            # Go's scanner knows characters, Loki's language does not: they count as names.
            return "IDENTIFIER", one[0], one.end(), False
        end = self._text.find("'", position + 1)
        line_end = self._text.find("\n", position + 1)
        if end < 0 or 0 <= line_end < end:
            raise self._fail("literal not terminated", position)
        raise self._fail("invalid char literal", position)

    def _number(self, position: int) -> tuple[str, str, int, bool]:
        match = _NUMBER.match(self._text, position)
        assert match is not None
        literal = match[0]
        complaint = _number_complaint(literal)
        if complaint:
            raise self._fail(complaint, position)
        end = self._measured(position, match.end(), _DURATION_TAIL, _is_duration)
        if end is not None:
            return "DURATION", self._text[position:end], end, True
        end = self._measured(position, match.end(), _BYTES_TAIL, _is_size)
        if end is not None:
            return "BYTES", self._text[position:end], end, True
        return "NUMBER", literal, match.end(), False

    def _measured(self, start: int, end: int, tail: re.Pattern[str], is_one: Any) -> int | None:
        match = tail.match(self._text, end)
        if match is None or not match[0] or not is_one(self._text[start : match.end()]):
            return None
        return match.end()

    def _after_minus(self, position: int) -> tuple[str, str, int, bool] | None:
        text = self._text
        if text.startswith("--", position):
            end = position + 1
            while end < len(text) and (text[end].isalpha() or text[end] == "-"):
                end += 1
            if text[position:end] in _FLAGS:
                return "FUNCTION_FLAG", text[position:end], end, True
        duration = self._measured(position, position + 1, _DURATION_TAIL, _is_duration)
        return ("DURATION", text[position:duration], duration, True) if duration is not None else None

    def _range(self, position: int) -> tuple[str, str, int, bool]:
        end = self._text.find("]", position)
        if end < 0:
            raise self._fail("missing closing ']' in duration", position, True)
        literal = self._text[position + 1 : end]
        try:
            parse_prometheus_duration(literal)
        except ValueError as error:
            raise self._fail(str(error), position, True) from None
        return "RANGE", literal, end + 1, True

    def _word(self, position: int, end: int) -> tuple[str, str, int, bool]:
        text = self._text
        word = text[position:end]
        lower = word.lower()
        if lower in _FUNCTIONS:
            is_call = _CALL.match(text, end) is not None
            return (_FUNCTIONS[lower] if is_call else "IDENTIFIER"), word, end, False
        longer = (word + text[end : end + 1]).lower()
        if longer in WORDS and end < len(text):
            return WORDS[longer], text[position : end + 1], end + 1, True
        return WORDS.get(lower, "IDENTIFIER"), word, end, False


def _is_duration(text: str) -> bool:
    for parse in (parse_prometheus_duration, parse_go_duration):
        try:
            parse(text)
        except ValueError:
            continue
        return True
    return False


def _is_size(text: str) -> bool:
    try:
        parse_size(text)
    except ValueError:
        return False
    return True


def duration_of(text: str) -> int:
    """Nanoseconds of a DURATION token."""
    try:
        return parse_prometheus_duration(text)
    except ValueError:
        return parse_go_duration(text)


def _number_complaint(literal: str) -> str | None:
    """What Go's scanner says of a number that is none."""
    prefix = literal[:2].lower()
    name = {"0x": "hexadecimal", "0o": "octal", "0b": "binary"}.get(prefix, "decimal")
    if prefix in ("0x", "0o") and len(literal) == 2:
        return f"{name} literal has no digits"
    if prefix == "0x":
        if "." in literal and "p" not in literal.lower():
            return "hexadecimal mantissa requires a 'p' exponent"
        return None
    if re.search(r"[eE][+-]?$", literal):
        return "exponent has no digits"
    if literal[0] == "0" and literal.isdigit() and (wrong := re.search("[89]", literal)):
        return f"invalid digit '{wrong[0]}' in octal literal"
    if re.search(r"_(?:[^\d]|_|$)|(?:^|[^\d])_", literal):
        return "'_' must separate successive digits"
    return None
