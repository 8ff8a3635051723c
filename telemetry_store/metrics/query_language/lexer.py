"""PromQL text -> tokens with their places, and Prometheus' errors for what is no token.

promql-parser has a lexer of its own that takes more (numbers with units, quoted metric names, years of `@`); what
Prometheus would not take is refused here, and literal values are read from these tokens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from ...refusals import BadRequest
from ...times import parse_prometheus_duration

AGGREGATIONS = frozenset(
    "avg bottomk count count_values group max min quantile stddev stdvar sum topk".split()  # noqa: SIM905
)
SET_OPERATORS = frozenset(["and", "or", "unless"])
_KEYWORDS = AGGREGATIONS | SET_OPERATORS | {
    "atan2", "bool", "by", "end", "group_left", "group_right", "ignoring", "offset", "on", "start", "without",
}  # fmt: skip
#: Milliseconds that Go's durations can hold.
LONGEST_DURATION = 2**63 // 1_000_000

_HEXADECIMAL = "0123456789abcdefABCDEF"

#: Keywords that can be a metric's name.
METRIC_KEYWORDS = AGGREGATIONS | SET_OPERATORS | {"by", "end", "offset", "start", "without"}

_SPACE = re.compile(r"(?:[ \t\n\r]|#[^\n\r]*)*")
_WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*", re.ASCII)
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
# Nothing is given back: what looks like a number but for its end is no shorter number.
_DIGITS = r"(?>(?:0[xX][0-9a-fA-F]*(?:\.[0-9a-fA-F]*)?|[0-9]*(?:\.[0-9]*)?)(?:[eE][+-]?[0-9]*)?)"
_NUMBER = re.compile(rf"{_DIGITS}(?![a-zA-Z0-9_])", re.ASCII)
_DURATION = re.compile(rf"{_DIGITS}[smhdwy]s?(?:[0-9]+[smhdw]s?)*(?![a-zA-Z0-9_])", re.ASCII)
#: As much as is read before a duration turns out to be none.
_DURATION_LIKE = re.compile(rf"{_DIGITS}(?:[smhdwy]s?(?:[0-9]+[smhdw]s?)*[0-9a-zA-Z_]?)?", re.ASCII)
_OPERATOR = re.compile(r"==|!=|<=|>=|[-+*/%^<>=,()@]")
_MATCH_OPERATOR = re.compile(r"=~|!~|!=|=|,")
_ESCAPE = re.compile(r"""\\(?:[abfnrtv\\]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})""", re.ASCII)


@dataclass(frozen=True)
class Token:
    """A token: `kind` is an operator or keyword itself, or what `describe` calls it (identifier, number …), or error.

    Places are characters of the text. The text of an error is its message.
    """

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """The place after it."""
        return self.start + len(self.text)

    def describe(self) -> str:
        """The token as Prometheus names it in errors."""
        if self.kind == "end of input":
            return self.kind
        if self.kind in ("identifier", "metric identifier"):
            return f'{self.kind} "{self.text}"'
        if self.kind in ("number", "duration", "string"):
            return f'{self.kind} "{go_escape(self.text[:10])}"' + ("..." if len(self.text) > 10 else "")
        if self.kind in AGGREGATIONS:
            return f"<aggr:{self.text}>"
        if self.kind in _OPERATORS_IN_WORDS:
            return f"<op:{self.text}>"
        return f"<{self.text}>" if self.kind in _KEYWORDS - {"start", "end"} else f'"{self.text}"'

    def duration_problem(self) -> str:
        """What is wrong with a duration; empty when nothing is."""
        milliseconds = parse_prometheus_duration(self.text)
        if milliseconds is None:
            return f'not a valid duration string: "{self.text}"'
        if milliseconds > LONGEST_DURATION:
            return "duration out of range"
        return "" if milliseconds else "duration must be greater than 0"


_OPERATORS_IN_WORDS = frozenset(
    ["+", "-", "*", "/", "%", "^", "==", "!=", "<", "<=", ">", ">=", "=~", "!~", "and", "or", "unless", "atan2"]
)


def go_escape(text: str) -> str:
    """The text as Go's %q shows it, without the quotes around it."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


def located(text: str, place: int, message: str) -> str:
    """The message with the place (the number of a character) as line and column, as Prometheus writes it."""
    before = text[:place]
    line = before.count("\n") + 1
    column = len(before[before.rfind("\n") + 1 :].encode()) + 1
    return f"{line}:{column}: parse error: {message}"


def refuse(text: str, place: int, message: str) -> NoReturn:
    """Raises BadRequest with the message and its place."""
    raise BadRequest(located(text, place, message))


def tokenize(text: str) -> list[Token]:
    """The tokens; last comes `end of input`, or `error` where the text cannot be read on."""
    return _Lexer(text).tokens()


class _Unreadable(Exception):
    """The text cannot be read on: message and place."""

    def __init__(self, message: str, place: int) -> None:
        super().__init__(message)
        self.token = Token("error", message, place)


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._depth = 0
        self._in_braces = False
        self._in_brackets = False
        self._colon_seen = False

    def tokens(self) -> list[Token]:
        found: list[Token] = []
        try:
            while True:
                space = _SPACE.match(self._text, self._place)
                assert space is not None
                self._place = space.end()
                if self._place >= len(self._text) and not self._is_after_bracket():
                    break
                found.append(self._in_selector() if self._in_braces else self._outside())
            if self._in_braces:
                self._refuse("unexpected end of input inside braces")
            if self._depth:
                self._refuse("unclosed left parenthesis")
            if self._in_brackets:
                self._refuse("unclosed left bracket")
        except _Unreadable as error:
            return [*found, error.token]
        return [*found, Token("end of input", "", self._place)]

    def _refuse(self, message: str) -> NoReturn:
        raise _Unreadable(message, self._place)

    def _take(self, kind: str, length: int) -> Token:
        token = Token(kind, self._text[self._place : self._place + length], self._place)
        self._place += length
        return token

    def _in_selector(self) -> Token:
        character = self._text[self._place]
        if label := _LABEL.match(self._text, self._place):
            return self._take("identifier", len(label[0]))
        if character in "\"'`":
            return self._string()
        if operator := _MATCH_OPERATOR.match(self._text, self._place):
            return self._take(operator[0], len(operator[0]))
        if character == "}":
            self._in_braces = False
            return self._take("}", 1)
        if character == "!":
            self._refuse(f"unexpected character after '!' inside braces: {self._quoted(1)}")
        if character == "{":
            self._refuse("unexpected left brace '{'")
        self._refuse(f"unexpected character inside braces: {self._quoted(0)}")

    def _quoted(self, distance: int) -> str:
        place = self._place + distance
        if place >= len(self._text):
            return "'\\uffff'"
        character = self._text[place]
        return "'" + ("\\'" if character == "'" else go_escape(character).replace('\\"', '"')) + "'"

    def _outside(self) -> Token:
        if self._is_after_bracket():
            return self._first_in_brackets()
        character = self._text[self._place]
        following = self._text[self._place + 1 : self._place + 2]
        if character in "0123456789" or (character == "." and following.isdigit()):
            return self._number()
        if character in "\"'`":
            return self._string()
        if self._in_brackets and (character == ":" or _LABEL.match(character)):
            # Prometheus' lexer takes any letter for the colon, and notices with the second one.
            if self._colon_seen:
                self._refuse(f"unexpected colon {self._quoted(0)}")
            self._colon_seen = True
            return self._take(":", 1)
        if word := _WORD.match(self._text, self._place):
            return self._word(word[0])
        if character == "=" and following == "~":
            self._refuse("unexpected character after '=': '~'")
        if operator := _OPERATOR.match(self._text, self._place):
            return self._operator(operator[0])
        if character == "!":
            self._refuse(f"unexpected character after '!': {self._quoted(1)}")
        if character == "{":
            self._in_braces = True
            return self._take("{", 1)
        if character == "[":
            return self._bracket()
        if character == "]":
            if not self._in_brackets:
                self._refuse("unexpected right bracket ']'")
            self._in_brackets = False
            return self._take("]", 1)
        self._refuse(f"unexpected character: {self._quoted(0)}")

    def _operator(self, operator: str) -> Token:
        if operator == "(":
            self._depth += 1
        elif operator == ")":
            self._depth -= 1
            if self._depth < 0:
                self._place += 1
                self._refuse("unexpected right parenthesis ')'")
        return self._take(operator, len(operator))

    def _bracket(self) -> Token:
        if self._in_brackets:
            self._refuse("unexpected left bracket '['")
        self._in_brackets, self._colon_seen = True, False
        return self._take("[", 1)

    def _is_after_bracket(self) -> bool:
        return self._in_brackets and self._text[: self._place].rstrip(" \t\r\n").endswith("[")

    def _first_in_brackets(self) -> Token:
        """What follows a bracket is a duration, whatever it looks like."""
        number = _NUMBER.match(self._text, self._place)
        if number:
            self._refuse("missing unit character in duration")
        return self._duration("bad duration syntax")

    def _duration(self, otherwise: str) -> Token:
        if duration := _DURATION.match(self._text, self._place):
            return self._take("duration", len(duration[0]))
        like = _DURATION_LIKE.match(self._text, self._place)
        self._refuse(f'{otherwise}: "{like[0] if like else ""}"')

    def _number(self) -> Token:
        if number := _NUMBER.match(self._text, self._place):
            return self._take("number", len(number[0]))
        return self._duration("bad number or duration syntax")

    def _word(self, word: str) -> Token:
        lowered = word.lower()
        if lowered in ("inf", "nan"):
            return self._take("number", len(word))
        if lowered in _KEYWORDS:
            return self._take(lowered, len(word))
        return self._take("metric identifier" if ":" in word else "identifier", len(word))

    def _string(self) -> Token:
        quote = self._text[self._place]
        place = self._place + 1
        while place < len(self._text) and self._text[place] != quote:
            character = self._text[place]
            if quote == "`":
                place += 1
            elif character == "\n":
                self._refuse("unterminated quoted string")
            elif character == "\\":
                place = self._escape(place, quote)
            else:
                place += 1
        if place >= len(self._text):
            self._refuse("unterminated raw string" if quote == "`" else "unterminated quoted string")
        return self._take("string", place + 1 - self._place)

    def _escape(self, place: int, quote: str) -> int:
        if self._text[place + 1 : place + 2] == quote:
            return place + 2
        escape = _ESCAPE.match(self._text, place)
        if escape is None:
            following = self._text[place + 1 : place + 2]
            if not following:
                self._refuse("escape sequence not terminated")
            if following in "xuU01234567":
                self._refuse(self._bad_digit(place + 1))
            self._refuse(f"unknown escape sequence U+{ord(following):04X} '{following}'")
        if escape[0][1] in "uU" and (0xD800 <= int(escape[0][2:], 16) < 0xE000 or int(escape[0][2:], 16) > 0x10FFFF):
            self._refuse("escape sequence is an invalid Unicode code point")
        return escape.end()

    def _bad_digit(self, place: int) -> str:
        kind = self._text[place]
        digits, place = (_HEXADECIMAL, place + 1) if kind in "xuU" else ("01234567", place)
        while place < len(self._text) and self._text[place] in digits:
            place += 1
        if place >= len(self._text):
            return "escape sequence not terminated"
        bad = self._text[place]
        return f"illegal character U+{ord(bad):04X} '{bad}' in escape sequence"
