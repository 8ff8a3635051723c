"""What is wrong with a query that does not parse, in Prometheus' words and with its place.

promql-parser says that a query is wrong, but neither where nor in these words. So the tokens of such a query (and only
of such a one) are read once more, by Prometheus' grammar and then by its rules of types, until the first error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from ...quoting import unquote
from ...refusals import BadRequest
from .lexer import AGGREGATIONS, METRIC_KEYWORDS, SET_OPERATORS, Token, refuse
from .signatures import SIGNATURES
from .syntax import Type

_PRECEDENCE = {
    **dict.fromkeys(("or",), 1),
    **dict.fromkeys(("and", "unless"), 2),
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%", "atan2"), 5),
    "^": 6,
}
_COMPARISON = frozenset(["==", "!=", "<", "<=", ">", ">="])
_WITH_PARAMETER = {"topk": Type.SCALAR, "bottomk": Type.SCALAR, "quantile": Type.SCALAR, "count_values": Type.STRING}
#: Prometheus' own names of types, which one message shows.
_SHORT = {Type.VECTOR: "vector", Type.MATRIX: "matrix", Type.SCALAR: "scalar", Type.STRING: "string"}
_BEFORE_MODIFIER = "must be preceded by an instant vector selector or range vector selector or a subquery"


@dataclass
class _Node:
    """A part of the query, as far as its errors need it: `kind` is the name of its grammar rule or of an operator.

    `names` are the labels of on and ignoring, or what a selector compares the metric's name with.
    """

    kind: str
    type: Type
    start: int
    parts: list[_Node] = field(default_factory=list)
    name: str = ""
    as_numbers: bool = False
    on: bool = False
    names: list[str] = field(default_factory=list)
    include: list[str] | None = None
    operator_start: int = 0
    offset: bool = False
    anchor: bool = False


def diagnose(query: str, tokens: list[Token], otherwise: str) -> NoReturn:
    """Raises BadRequest with the first error that Prometheus would name; with `otherwise` when it would name none."""
    reader = _Reader(query, tokens)
    _check(query, reader.read())
    raise BadRequest(otherwise)


class _Reader:
    def __init__(self, query: str, tokens: list[Token]) -> None:
        self._query = query
        self._tokens = tokens
        self._next = 0

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _refuse(self, place: int, message: str) -> NoReturn:
        refuse(self._query, place, message)

    def _unexpected(self, context: str = "", expected: str = "") -> NoReturn:
        token = self._token
        if token.kind == "error":
            self._refuse(token.start, token.text)
        where = f" in {context}" if context else ""
        what = f", expected {expected}" if expected else ""
        self._refuse(token.start, f"unexpected {token.describe()}{where}{what}")

    def _accept(self, *kinds: str) -> Token | None:
        token = self._token
        if token.kind in kinds:
            self._next += 1
            return token
        return None

    def _expect(self, kind: str, context: str = "", expected: str = "") -> Token:
        token = self._accept(kind)
        if token is None:
            self._unexpected(context, expected)
        return token

    def read(self) -> _Node:
        node = self._binary(1)
        self._expect("end of input")
        return node

    def _binary(self, least: int) -> _Node:
        left = self._unary()
        while (precedence := _PRECEDENCE.get(self._token.kind, 0)) >= least:
            operator = self._token
            self._next += 1
            node = _Node(operator.kind, Type.VECTOR, left.start, operator_start=operator.start)
            node.as_numbers = self._accept("bool") is not None
            if word := self._accept("on", "ignoring"):
                node.on = word.kind == "on"
                node.names = self._names()
                if self._accept("group_left", "group_right"):
                    node.include = self._names() if self._token.kind == "(" else []
            # A power is worked out from the right.
            right = self._binary(precedence if operator.kind == "^" else precedence + 1)
            node.parts = [left, right]
            if left.type is right.type is Type.SCALAR:
                node.type = Type.SCALAR
            left = node
        return left

    def _unary(self) -> _Node:
        if sign := self._accept("+", "-"):
            inner = self._binary(_PRECEDENCE["^"])
            return _Node("unary", inner.type, sign.start, [inner])
        return self._with_modifiers(self._primary())

    def _primary(self) -> _Node:
        token = self._token
        if token.kind == "(":
            self._next += 1
            inner = self._binary(1)
            self._expect(")")
            return _Node("parentheses", inner.type, token.start, [inner])
        if token.kind in ("number", "string"):
            self._next += 1
            return _Node(token.kind, Type.SCALAR if token.kind == "number" else Type.STRING, token.start)
        following = self._tokens[min(self._next + 1, len(self._tokens) - 1)].kind
        if token.kind in AGGREGATIONS and following in ("(", "by", "without"):
            return self._aggregation()
        if token.kind == "identifier" and following == "(":
            return self._call()
        return self._selector()

    def _aggregation(self) -> _Node:
        operation = self._token
        self._next += 1
        grouped = self._grouping()
        if self._token.kind != "(":
            self._unexpected("aggregation")
        arguments = self._arguments()
        if not grouped:
            self._grouping()
        if not arguments:
            self._refuse(operation.start, "no arguments for aggregate expression provided")
        wanted = 2 if operation.kind in _WITH_PARAMETER else 1
        if len(arguments) != wanted:
            self._refuse(
                operation.start,
                f"wrong number of arguments for aggregate expression provided, expected {wanted}, got {len(arguments)}",
            )
        return _Node("aggregation", Type.VECTOR, operation.start, arguments, operation.kind)

    def _grouping(self) -> bool:
        if self._accept("by", "without"):
            self._names()
            return True
        return False

    def _names(self) -> list[str]:
        context = "grouping opts"
        self._expect("(", context, '"("')
        names: list[str] = []
        while not self._accept(")"):
            token = self._token
            if token.kind in ("number", "duration", "string") or not token.text.replace("_", "a").isalnum():
                self._unexpected(context, "label")
            self._next += 1
            names.append(token.text)
            if not self._accept(","):
                self._expect(")", context, '"," or ")"')
                break
        return names

    def _arguments(self) -> list[_Node]:
        self._expect("(")
        arguments: list[_Node] = []
        if self._accept(")"):
            return arguments
        while True:
            arguments.append(self._binary(1))
            comma = self._accept(",")
            if comma is None:
                self._expect(")")
                return arguments
            if self._token.kind in (")", ","):
                self._refuse(comma.start, "trailing commas not allowed in function call args")

    def _call(self) -> _Node:
        name = self._token
        self._next += 1
        arguments = self._arguments()
        signature = SIGNATURES.get(name.text)
        if signature is None:
            self._refuse(name.start, f'unknown function with name "{name.text}"')
        return _Node("call", signature.result, name.start, arguments, name.text)

    def _selector(self) -> _Node:
        token = self._token
        name = ""
        if token.kind in ("identifier", "metric identifier") or token.kind in METRIC_KEYWORDS:
            self._next += 1
            name = token.text
        elif token.kind != "{":
            self._unexpected()
        node = _Node("selector", Type.VECTOR, token.start, name=name)
        if self._accept("{"):
            while not self._accept("}"):
                node.names += self._matcher()
                if not self._accept(","):
                    self._expect("}", "label matching", '"," or "}"')
                    break
        return node

    def _matcher(self) -> list[str]:
        """What the metric's name is compared with, if it is."""
        context = "label matching"
        label = self._expect("identifier", context, 'identifier or "}"')
        if not self._accept("=", "!=", "=~", "!~"):
            self._unexpected(context, "label matching operator")
        value = self._expect("string", context, "string")
        return [unquote(value.text)] if label.text == "__name__" else []

    def _with_modifiers(self, node: _Node) -> _Node:
        while True:
            if bracket := self._accept("["):
                node = self._range(node, bracket)
            elif self._accept("offset"):
                self._accept("-")
                self._duration("offset", "duration")
                if node.kind not in ("selector", "range", "subquery"):
                    self._refuse(node.start, f"offset modifier {_BEFORE_MODIFIER}")
                if node.offset:
                    self._refuse(node.start, "offset may not be set multiple times")
                node.offset = True
            elif self._accept("@"):
                self._anchor(node)
            else:
                return node

    def _range(self, node: _Node, bracket: Token) -> _Node:
        self._duration("subquery selector", "duration")
        if self._accept(":"):
            if self._token.kind == "duration":
                self._duration("", "")
                self._expect("]", "subquery selector", '"]"')
            else:
                self._expect("]", "subquery selector", 'duration or "]"')
            return _Node("subquery", Type.MATRIX, node.start, [node])
        self._expect("]", "subquery or range", '":" or "]"')
        if node.kind != "selector":
            self._refuse(bracket.start, "ranges only allowed for vector selectors")
        if node.offset:
            self._refuse(bracket.start, "no offset modifiers allowed before range")
        if node.anchor:
            self._refuse(bracket.start, "no @ modifiers allowed before range")
        return _Node("range", Type.MATRIX, node.start, [node])

    def _duration(self, context: str, expected: str) -> None:
        token = self._expect("duration", context, expected)
        problem = token.duration_problem()
        if problem:
            self._refuse(token.start, problem)

    def _anchor(self, node: _Node) -> None:
        if self._accept("start", "end"):
            if not (self._accept("(") and self._accept(")")):
                self._unexpected("@", "timestamp")
        else:
            self._accept("+", "-")
            self._expect("number", "@", "timestamp")
        if node.kind not in ("selector", "range", "subquery"):
            self._refuse(node.start, f"@ modifier {_BEFORE_MODIFIER}")
        if node.anchor:
            self._refuse(node.start, "@ <timestamp> may not be set multiple times")
        node.anchor = True


def _check(query: str, node: _Node) -> None:
    """Raises BadRequest for the first part whose type is not what stands around it needs."""

    def expect(part: _Node, wanted: Type, context: str) -> None:
        _check(query, part)
        if part.type is not wanted:
            refuse(query, part.start, f"expected type {wanted.value} in {context}, got {part.type.value}")

    if node.kind == "aggregation":
        expect(node.parts[-1], Type.VECTOR, "aggregation expression")
        if node.name in _WITH_PARAMETER:
            expect(node.parts[0], _WITH_PARAMETER[node.name], "aggregation parameter")
    elif node.kind == "call":
        _check_count(query, node)
        wanted = SIGNATURES[node.name].arguments
        for number, part in enumerate(node.parts):
            expect(part, wanted[min(number, len(wanted) - 1)], f'call to function "{node.name}"')
    elif node.kind in _PRECEDENCE:
        for part in node.parts:
            _check(query, part)
        _check_binary(query, node)
    else:
        for part in node.parts:
            _check(query, part)
        if node.kind == "selector" and node.name and node.names:
            message = f'metric name must not be set twice: "{node.name}" or "{node.names[0]}"'
            refuse(query, node.start, message)
        if node.kind == "unary" and node.type in (Type.MATRIX, Type.STRING):
            message = "unary expression only allowed on expressions of type scalar or instant vector"
            refuse(query, node.start, f'{message}, got "{node.type.value}"')
        if node.kind == "subquery" and node.parts[0].type is not Type.VECTOR:
            got = _SHORT[node.parts[0].type]
            refuse(query, node.start, f"subquery is only allowed on instant vector, got {got} instead")


def _check_count(query: str, node: _Node) -> None:
    signature, count = SIGNATURES[node.name], len(node.parts)
    most = len(signature.arguments)
    if signature.optional == 0 and count != most:
        refuse(query, node.start, f'expected {most} argument(s) in call to "{node.name}", got {count}')
    least = most - 1 if signature.optional else most
    if signature.optional and count < least:
        refuse(query, node.start, f'expected at least {least} argument(s) in call to "{node.name}", got {count}')
    if signature.optional > 0 and count > most:
        refuse(query, node.start, f'expected at most {most} argument(s) in call to "{node.name}", got {count}')


def _check_binary(query: str, node: _Node) -> None:
    left, right = node.parts
    types = (left.type, right.type)
    if node.as_numbers and node.kind not in _COMPARISON:
        refuse(query, node.operator_start, "bool modifier can only be used on comparison operators")
    if node.kind in _COMPARISON and not node.as_numbers and types == (Type.SCALAR, Type.SCALAR):
        refuse(query, node.operator_start, "comparisons between scalars must use BOOL modifier")
    for name in node.names:
        if node.on and name in (node.include or ()):
            message = f'label "{name}" must not occur in ON and GROUP clause at once'
            refuse(query, node.operator_start, message)
    for part in node.parts:
        if part.type not in (Type.SCALAR, Type.VECTOR):
            refuse(query, part.start, "binary expression must contain only scalar and instant vector types")
    if types != (Type.VECTOR, Type.VECTOR) and node.names:
        refuse(query, node.start, "vector matching only allowed between instant vectors")
    if node.kind in SET_OPERATORS:
        if types == (Type.VECTOR, Type.VECTOR) and node.include is not None:
            refuse(query, node.start, f'no grouping allowed for "{node.kind}" operation')
        if Type.SCALAR in types:
            refuse(query, node.start, f'set operator "{node.kind}" not allowed in binary scalar expression')
