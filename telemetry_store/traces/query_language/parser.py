"""TraceQL text -> syntax tree, with its types checked. What the tree means is in `evaluator`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lark import Token, Transformer, v_args

from ...grammar import Stop, build_tree
from ...query_text import refuse_if_unreasonable
from ...quoting import unquote
from ...refusals import BadRequest, Unsupported
from ...regexes import compile_pattern
from ...times import parse_go_duration

#: OTLP's numbers of TraceQL's words.
STATUSES = {"unset": 0, "ok": 1, "error": 2}
KINDS = {"unspecified": 0, "internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}


@dataclass(frozen=True)
class Attribute:
    """`span.http.method`, `resource.service.name`, or `.name` (scope empty: span first, then resource)."""

    scope: str
    name: str

    def __str__(self) -> str:
        return f"{self.scope}.{self.name}"


@dataclass(frozen=True)
class Intrinsic:
    """A property that every span or trace has, under its scoped name (`span:status`); `text` is what was written."""

    name: str
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Literal:
    """A constant. `type` is one of string, int, float, bool, duration (nanoseconds), status, kind, nil."""

    type: str
    value: str | int | float | bool | None
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Compare:
    """`left operation right`."""

    operation: str
    left: Operand
    right: Operand

    def __str__(self) -> str:
        return f"{self.left} {self.operation} {self.right}"


@dataclass(frozen=True)
class Logical:
    """All (`&&`) or any (`||`) of the parts."""

    operation: str
    parts: tuple[Operand, ...]

    def __str__(self) -> str:
        return f" {self.operation} ".join(f"({part})" for part in self.parts)


@dataclass(frozen=True)
class Not:
    """`!part`."""

    part: Operand

    def __str__(self) -> str:
        return f"!{self.part}"


Operand = Attribute | Intrinsic | Literal | Compare | Logical | Not


@dataclass(frozen=True)
class SpanFilter:
    """`{ condition }`; without a condition every span passes."""

    condition: Operand | None


#: Intrinsics by their short names.
_SHORT = {
    "name": "span:name",
    "status": "span:status",
    "statusMessage": "span:statusMessage",
    "kind": "span:kind",
    "duration": "span:duration",
    "traceDuration": "trace:duration",
    "rootName": "trace:rootName",
    "rootServiceName": "trace:rootService",
}

_TYPES = {
    "span:name": "string",
    "span:status": "status",
    "span:statusMessage": "string",
    "span:kind": "kind",
    "span:duration": "duration",
    "span:id": "string",
    "span:parentID": "string",
    "trace:duration": "duration",
    "trace:rootName": "string",
    "trace:rootService": "string",
    "trace:id": "string",
    "event:name": "string",
    "event:timeSinceStart": "duration",
    "link:traceID": "string",
    "link:spanID": "string",
    "instrumentation:name": "string",
    "instrumentation:version": "string",
}

_NUMERIC = frozenset(("int", "float", "duration"))
_ORDERED = _NUMERIC | {"string"}

#: Intrinsics whose words are known to TraceQL, but not evaluated here.
_UNSUPPORTED_WORDS = frozenset(
    (
        "parent",
        "nestedSetParent",
        "nestedSetLeft",
        "nestedSetRight",
        "select",
        "by",
        "coalesce",
        "count",
        "avg",
        "min",
        "max",
        "sum",
        "rate",
        "count_over_time",
        "min_over_time",
        "max_over_time",
        "avg_over_time",
        "sum_over_time",
        "quantile_over_time",
        "histogram_over_time",
        "compare",
        "topk",
        "bottomk",
        "with",
    )
)

_TOKEN = re.compile(
    r"""(?P<STRING>"(?:[^"\\]|\\.)*"|`[^`]*`)|(?P<INTEGER>[0-9]+(?:\.[0-9]+)?)|(?P<IDENTIFIER>[a-zA-Z_]\w*)|"""
    r"""(?P<SYMBOL>&&|\|\||=~|!~|!=|>=|<=|>>|<<|!>|!<|[^\s])""",
    re.ASCII,
)


def parse(query: str) -> SpanFilter:
    """The query's tree. Raises BadRequest in Tempo's words, Unsupported for what this store does not evaluate."""
    try:
        refuse_if_unreasonable(query)
        tree = _parse(query)
        if tree.condition is not None and _type_of(tree.condition) not in ("bool", "attribute"):
            raise BadRequest(f"span filter field expressions must resolve to a boolean: {{ {tree.condition} }}")
    except BadRequest as error:
        raise type(error)(f"invalid TraceQL query: {error}") from None
    return tree


def _parse(query: str) -> SpanFilter:
    tree: SpanFilter = build_tree(__package__, "traceql.lark", _TreeBuilder(), query, _explain)
    return tree


def _explain(stop: Stop) -> BadRequest:
    where, rest, query, position = stop.where, stop.rest, stop.query, stop.position
    if stop.at_end:
        return BadRequest(f"{where}: syntax error: unexpected $end")
    match = _TOKEN.match(rest)
    kind, word = (match.lastgroup or "", match[0]) if match else ("", rest[0])
    if word in ('"', "`"):
        return BadRequest(f"{where}: literal not terminated")
    closed = query[:position].rstrip().endswith("}")
    if word in _UNSUPPORTED_WORDS or (
        closed and word in (">", ">>", "<", "<<", "~", "!>", "!<", "!~", "&&", "||", "|", "&")
    ):
        return Unsupported(f"{where}: {word} is not supported here; one selector {{ … }} is")
    if word in ("+", "-", "*", "/", "%", "^"):
        return Unsupported(f"{where}: the arithmetic operator {word} is not supported here")
    if word == "(" and position == len(query) - len(query.lstrip()):
        return Unsupported(f"{where}: ( before a selector is not supported here")
    if kind == "IDENTIFIER" and query[:position].rstrip()[-1:] in ("{", "(", "&", "|", "!"):
        return BadRequest(f"{where}: unknown identifier: {word}")
    return BadRequest(
        f"{where}: syntax error: unexpected {kind if kind in ('IDENTIFIER', 'STRING', 'INTEGER') else word}"
    )


@v_args(inline=True)
class _TreeBuilder(Transformer[Token, Any]):
    def start(self, condition: Operand | None = None) -> SpanFilter:
        return SpanFilter(condition)

    def disjunction(self, *parts: Operand) -> Logical:
        return _logical("||", parts)

    def conjunction(self, *parts: Operand) -> Logical:
        return _logical("&&", parts)

    def negation(self, part: Operand) -> Not:
        if _type_of(part) not in ("bool", "attribute"):
            raise BadRequest(f"illegal operation for the given type: !{part}")
        return Not(part)

    def compare(self, left: Operand, operation: Token, right: Operand) -> Compare:
        comparison = Compare(str(operation), left, right)
        _check_types(comparison)
        return comparison

    def attribute(self, token: Token) -> Attribute:
        scope, _, name = str(token).partition(".")
        # A part in quotes may hold any character.
        parts = re.split(r'("(?:[^"\\]|\\.)*")', name)
        return Attribute(scope, "".join(_unquote(part) if part.startswith('"') else part for part in parts))

    def intrinsic(self, token: Token) -> Intrinsic:
        return Intrinsic(_SHORT.get(str(token), str(token)), str(token))

    def literal(self, token: Token) -> Literal:
        text = str(token)
        match token.type:
            case "STRING":
                value = _unquote(text)
                return Literal("string", value, f"`{value}`")
            case "DURATION":
                nanoseconds = parse_go_duration(text)
                if nanoseconds is None:
                    raise BadRequest(f"not a valid duration: {text}")
                return Literal("duration", nanoseconds, text)
            case "FLOAT":
                return Literal("float", float(text), text)
            case "INTEGER":
                if abs(int(text)) >= 2**63:
                    raise BadRequest(f"number out of range: {text[:40]}")
                return Literal("int", int(text), text)
            case "BOOLEAN":
                return Literal("bool", text == "true", text)
            case "STATUS":
                return Literal("status", STATUSES[text], text)
            case "KIND":
                return Literal("kind", KINDS[text], text)
            case _:
                return Literal("nil", None, text)


def _unquote(literal: str) -> str:
    try:
        return unquote(literal)
    except ValueError:
        raise BadRequest(f"invalid syntax in {literal[:100]}") from None


def _logical(operation: str, parts: tuple[Operand, ...]) -> Logical:
    tree = Logical(operation, parts)
    for part in parts:
        if _type_of(part) not in ("bool", "attribute"):
            raise BadRequest(f"binary operations must operate on the same type: {tree}")
    return tree


def _type_of(operand: Operand) -> str:
    if isinstance(operand, Attribute):
        return "attribute"
    if isinstance(operand, Intrinsic):
        return _TYPES[operand.name]
    return operand.type if isinstance(operand, Literal) else "bool"


def _check_types(comparison: Compare) -> None:
    left, right = _type_of(comparison.left), _type_of(comparison.right)
    operation = comparison.operation
    if operation in ("=~", "!~"):
        if left not in ("string", "attribute") or right != "string":
            raise BadRequest(f"binary operations must operate on the same type: {comparison}")
        assert isinstance(comparison.right, Literal)
        try:
            compile_pattern(str(comparison.right.value))
        except BadRequest:
            raise BadRequest(f"invalid regex: {comparison.right}") from None
        return
    open_ended = {"attribute", "nil"} & {left, right}
    if not open_ended and left != right and not (left in _NUMERIC and right in _NUMERIC):
        raise BadRequest(f"binary operations must operate on the same type: {comparison}")
    kind = right if left == "attribute" else left
    if operation not in ("=", "!=") and kind not in _ORDERED and kind != "attribute":
        raise BadRequest(f"illegal operation for the given types: {comparison}")
