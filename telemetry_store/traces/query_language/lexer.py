"""TraceQL text -> tokens, read as Tempo reads it: by Go's text/scanner, with attribute names as a mode of their own."""

from __future__ import annotations

import re

from ...quoting import unquote
from ...refusals import BadRequest
from ...times import NANOSECONDS, parse_go_duration
from .precedence import END, Token

#: Every terminal of the grammar with its text; the order is the one in which errors list what was expected.
TERMINALS: dict[str, str] = {
    "IDENTIFIER": "IDENTIFIER", "STRING": "STRING", "INTEGER": "INTEGER", "FLOAT": "FLOAT", "DURATION": "DURATION",
    "DOT": ".", "_OPEN_BRACE": "{", "_CLOSE_BRACE": "}", "_OPEN_PARENS": "(", "_CLOSE_PARENS": ")", "_COMMA": ",",
    "NIL": "nil", "TRUE": "true", "FALSE": "false",
    "STATUS_ERROR": "error", "STATUS_OK": "ok", "STATUS_UNSET": "unset",
    "KIND_UNSPECIFIED": "unspecified", "KIND_INTERNAL": "internal", "KIND_SERVER": "server", "KIND_CLIENT": "client",
    "KIND_PRODUCER": "producer", "KIND_CONSUMER": "consumer",
    "IDURATION": "duration", "CHILDCOUNT": "childCount", "NAME": "name", "STATUS": "status",
    "STATUS_MESSAGE": "statusMessage", "PARENT": "parent", "KIND": "kind", "ROOTNAME": "rootName",
    "ROOTSERVICENAME": "rootServiceName", "ROOTSERVICE": "rootService", "TRACEDURATION": "traceDuration",
    "NESTEDSETLEFT": "nestedSetLeft", "NESTEDSETRIGHT": "nestedSetRight", "NESTEDSETPARENT": "nestedSetParent",
    "ID": "id", "TRACE_ID": "traceID", "SPAN_ID": "spanID", "PARENT_ID": "parentID", "TIMESINCESTART": "timeSinceStart",
    "VERSION": "version",
    "PARENT_DOT": "parent.", "RESOURCE_DOT": "resource.", "SPAN_DOT": "span.", "TRACE_COLON": "trace:",
    "SPAN_COLON": "span:", "EVENT_COLON": "event:", "EVENT_DOT": "event.", "LINK_COLON": "link:", "LINK_DOT": "link.",
    "INSTRUMENTATION_COLON": "instrumentation:", "INSTRUMENTATION_DOT": "instrumentation.",
    "COUNT": "count", "AVG": "avg", "MAX": "max", "MIN": "min", "SUM": "sum",
    "_BY": "by", "_COALESCE": "coalesce", "_SELECT": "select", "_END_ATTRIBUTE": "END_ATTRIBUTE",
    "RATE": "rate", "COUNT_OVER_TIME": "count_over_time", "MIN_OVER_TIME": "min_over_time",
    "MAX_OVER_TIME": "max_over_time", "AVG_OVER_TIME": "avg_over_time", "SUM_OVER_TIME": "sum_over_time",
    "QUANTILE_OVER_TIME": "quantile_over_time", "HISTOGRAM_OVER_TIME": "histogram_over_time", "_COMPARE": "compare",
    "TOPK": "topk", "BOTTOMK": "bottomk", "_WITH": "with",
    "_PIPE": "|", "AND": "&&", "OR": "||", "EQ": "=", "NEQ": "!=", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">=",
    "NRE": "!~", "RE": "=~", "DESC": ">>", "ANCE": "<<", "SIBL": "~", "NOT_CHILD": "!>", "NOT_PARENT": "!<",
    "NOT_DESC": "!>>", "NOT_ANCE": "!<<", "UNION_CHILD": "&>", "UNION_PARENT": "&<", "UNION_DESC": "&>>",
    "UNION_ANCE": "&<<", "UNION_SIBL": "&~", "ADD": "+", "SUB": "-", "NOT": "!", "MUL": "*", "DIV": "/", "MOD": "%",
    "POW": "^",
}  # fmt: skip

_FREE = frozenset(("IDENTIFIER", "STRING", "INTEGER", "FLOAT", "DURATION", "_END_ATTRIBUTE"))
_KINDS = {text: kind for kind, text in TERMINALS.items() if kind not in _FREE}

_BEFORE_ATTRIBUTES = frozenset(
    ("DOT", "RESOURCE_DOT", "SPAN_DOT", "PARENT_DOT", "EVENT_DOT", "LINK_DOT", "INSTRUMENTATION_DOT")
)
#: Scopes that may follow `parent.`.
_INNER_SCOPE = re.compile(r"(?:resource|span)\.")
#: What ends a name that is not in quotes.
_ATTRIBUTE_ENDS = frozenset("{}()=~!<>&|^,")

_SKIPPED = re.compile(r"(?:[ \t\r\n]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F_]*|0[bB][01_]*|0[oO][0-7_]*|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9_]*)?|\.[0-9][0-9_]*(?:[eE][-+]?[0-9_]*)?"
)
_WORD = re.compile(r"[^\W\d]\w*")
_STRING = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
_CHARACTER = re.compile(r"'(?:[^'\\\n]|\\[^\n])*'")
_MORE_DURATION = re.compile(r"[\dnsumhµdwy.]+")
_PROMETHEUS_DURATION = re.compile(
    r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII
)
_PROMETHEUS_UNITS = (365 * 86400_000, 7 * 86400_000, 86400_000, 3600_000, 60_000, 1000, 1)
_GO_UNITS = re.compile(r"[dwy]")

_LARGEST = 2**63 - 1


class Lexer:
    """Reads a query token by token, and knows where it is."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._line = self._column = 0
        self._in_attribute = False
        self._after_parent = False

    def error(self, message: str) -> BadRequest:
        """An error at the token that was read last."""
        if not self._line and not self._column:
            return BadRequest(f"parse error : {message}")
        return BadRequest(f"parse error at line {self._line}, col {self._column}: {message}")

    def next(self) -> Token:
        """The next token. Raises BadRequest for what is none."""
        if self._in_attribute:
            return self._next_of_attribute()
        self._position = _match_end(_SKIPPED, self._text, self._position)
        self._note_position()
        if self._position >= len(self._text):
            return Token(END, None)
        character = self._text[self._position]
        if character in ('"', "`"):
            return Token("STRING", self._string(character))
        number = _NUMBER.match(self._text, self._position)
        if number is not None:
            self._position = number.end()
            return self._number(number[0])
        return self._word()

    # -- words and operators

    def _word(self) -> Token:
        match = _WORD.match(self._text, self._position) or _CHARACTER.match(self._text, self._position)
        if match is None and self._text[self._position] == "'":
            raise self.error("literal not terminated")
        text = match[0] if match else self._text[self._position]
        self._position += len(text)
        kind = _KINDS.get(text)
        # As many characters more as still make a word of the language.
        while self._position < len(self._text) and (longer := text + self._text[self._position]) in _KINDS:
            text = longer
            kind = _KINDS[text]
            self._position += 1
            self._line = 0
        if kind is None:
            return Token("IDENTIFIER", text)
        self._in_attribute = kind in _BEFORE_ATTRIBUTES
        self._after_parent = kind == "PARENT_DOT"
        return Token(kind, text)

    # -- attributes

    def _next_of_attribute(self) -> Token:
        if not self._continues_attribute():
            self._in_attribute = False
            return Token("_END_ATTRIBUTE", None)
        self._line = 0
        scope = _INNER_SCOPE.match(self._text, self._position) if self._after_parent else None
        self._after_parent = False
        if scope is not None:
            self._position = scope.end()
            return Token(_KINDS[scope[0]], scope[0])
        parts: list[str] = []
        while self._continues_attribute():
            character = self._text[self._position]
            self._position += 1
            parts.append(self._quoted_part() if character == '"' else character)
        return Token("IDENTIFIER", "".join(parts))

    def _continues_attribute(self) -> bool:
        if self._position >= len(self._text):
            return False
        character = self._text[self._position]
        return character not in _ATTRIBUTE_ENDS and not character.isspace()

    def _quoted_part(self) -> str:
        parts: list[str] = []
        while self._position < len(self._text):
            character = self._text[self._position]
            self._position += 1
            if character == '"':
                return "".join(parts)
            if character == "\\":
                character = self._text[self._position : self._position + 1]
                if character not in ('"', "\\"):
                    raise self.error("invalid escape sequence")
                self._position += 1
            parts.append(character)
        raise self.error('unexpected EOF, expecting "')

    # -- literals

    def _string(self, quote: str) -> str:
        if quote == "`":
            end = self._text.find("`", self._position + 1)
            literal = self._text[self._position : end + 1] if end >= 0 else ""
        else:
            match = _STRING.match(self._text, self._position)
            literal = match[0] if match else ""
        if not literal:
            raise self.error("literal not terminated")
        self._position += len(literal)
        try:
            return unquote(literal)
        except ValueError:
            raise self.error("invalid char escape") from None

    def _number(self, text: str) -> Token:
        more = _MORE_DURATION.match(self._text, self._position)
        if more is not None:
            nanoseconds = _duration(text + more[0])
            if nanoseconds is not None:
                self._position = more.end()
                self._line = 0
                return Token("DURATION", nanoseconds)
        if text.isdigit():
            if int(text) > _LARGEST:
                raise self.error(f'strconv.Atoi: parsing "{text[:100]}": value out of range')
            return Token("INTEGER", int(text))
        try:
            number = float(text) if "_" not in text else None
        except ValueError:
            if text[-1:] in "eE+-":
                raise self.error("exponent has no digits") from None
            number = None
        if number is None:
            function = "ParseFloat" if "." in text else "Atoi"
            raise self.error(f'strconv.{function}: parsing "{text[:100]}": invalid syntax')
        if number in (float("inf"), float("-inf")):
            raise self.error(f'strconv.ParseFloat: parsing "{text[:100]}": value out of range')
        return Token("FLOAT", number)

    def _note_position(self) -> None:
        before = self._text[: self._position]
        self._line = before.count("\n") + 1
        self._column = len(before) - (before.rfind("\n") + 1) + 1
        if not self._text:
            self._line = self._column = 0
        elif self._position >= len(self._text) and before.endswith("\n"):
            # After the last line end there is no line to stand on.
            lines = before[:-1].split("\n")
            self._line, self._column = len(lines), len(lines[-1]) + 1


def _match_end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _duration(text: str) -> int | None:
    """Nanoseconds, as Prometheus writes durations (`1d12h`) or as Go does (`1.5ms`)."""
    match = _PROMETHEUS_DURATION.fullmatch(text)
    if match is not None:
        milliseconds = sum(int(n) * unit for n, unit in zip(match.groups(), _PROMETHEUS_UNITS, strict=True) if n)
        nanoseconds = milliseconds * (NANOSECONDS // 1000)
        return nanoseconds if nanoseconds <= _LARGEST else None
    return None if _GO_UNITS.search(text) else parse_go_duration(text)
