"""PromQL text -> syntax tree. promql-parser gives the structure; tokens give the literal values.

promql-parser follows newer versions and takes more than Prometheus 2 does: numbers as durations and durations as
numbers, quoted metric names, `or` between matchers, functions that came later. Its numbers after `@` cannot be
negative. So the tree is read side by side with our own tokens: what a token cannot be in Prometheus 2 is refused.
"""

from __future__ import annotations

import math

import promql_parser as promql

from ...matchers import Matcher
from ...query_text import refuse_if_unreasonable
from ...quoting import unquote
from ...refusals import BadRequest, Unsupported
from ...times import parse_prometheus_duration
from ...vector_matching import SET_OPERATIONS, Cardinality, Matching
from ...vectors import Grouping
from .diagnosis import diagnose
from .lexer import AGGREGATIONS, METRIC_KEYWORDS, Token, located, refuse, tokenize
from .printer import show_number
from .syntax import (
    Aggregation,
    Anchor,
    Binary,
    Call,
    Expression,
    Number,
    Parentheses,
    Range,
    Selector,
    Subquery,
    Text,
    Unary,
)

#: The function that promql-parser knows by its later name only.
_HOLT_WINTERS = promql.Function(
    "holt_winters", [promql.ValueType.Matrix, promql.ValueType.Scalar, promql.ValueType.Scalar], promql.ValueType.Vector
)

#: Functions that came after Prometheus 2.42: their names are unknown there.
_LATER_FUNCTIONS = frozenset(
    """
    double_exponential_smoothing first_over_time histogram_avg histogram_quantiles histogram_stddev histogram_stdvar
    info mad_over_time max_of min_of sort_by_label sort_by_label_desc step range start end
    ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time
    """.split()  # noqa: SIM905
)
_NATIVE_HISTOGRAM_FUNCTIONS = frozenset(["histogram_count", "histogram_fraction", "histogram_sum"])

#: Milliseconds beyond which no sample can be.
_FARTHEST = 2**53

_MATCH_OPERATORS = ("=", "!=", "=~", "!~")

# Registrations are the process'; a module that is loaded anew starts from none.
promql.clear_extra_functions()
promql.register_extra_functions([_HOLT_WINTERS])


def parse(query: str) -> Expression:
    """The query's tree. Raises BadRequest."""
    refuse_if_unreasonable(query)
    tokens = tokenize(query)
    if tokens[0].kind == "end of input":
        refuse(query, 0, "no expression found in input")
    if tokens[-1].kind == "error":
        diagnose(query, tokens, tokens[-1].text)
    try:
        tree = promql.parse(_skeleton(tokens))
    except ValueError as error:
        diagnose(query, tokens, f"1:1: parse error: {error}")
    return _Reader(query, tokens).read(tree)


def parse_selector(text: str) -> tuple[Matcher, ...]:
    """The matchers of a series selector such as `up{job="x"}`: the value of a `match[]`. Raises BadRequest."""
    refuse_if_unreasonable(text)
    tokens = tokenize(text)
    if tokens[-1].kind == "error":
        diagnose(text, tokens, tokens[-1].text)
    matchers = _Reader(text, tokens).read_selector()
    if all(matcher.accepts("") for matcher in matchers):
        raise BadRequest("match[] must contain at least one non-empty matcher")
    return matchers


def _skeleton(tokens: list[Token]) -> str:
    """The query with the same literals everywhere: promql-parser's own rules for them must not count."""
    words: list[str] = []
    in_braces = after_at = False
    for token in tokens:
        in_braces = token.kind == "{" or (in_braces and token.kind != "}")
        if token.kind == "number":
            words.append("1")
        elif token.kind == "string":
            words.append('"x"')
        elif in_braces and token.kind in _MATCH_OPERATORS:
            words.append("=")
        elif not (after_at and token.kind in ("+", "-")):
            words.append(token.text)
        after_at = token.kind == "@"
    return " ".join(words)


class _Reader:
    """Walks promql-parser's tree and the tokens at the same time; both are in the order of the text."""

    def __init__(self, query: str, tokens: list[Token]) -> None:
        self._query = query
        self._tokens = tokens
        self._next = 0

    # -- tokens

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self, *kinds: str) -> Token:
        """The next token, which must be of one of the kinds."""
        token = self._token
        if token.kind not in kinds:
            # promql-parser takes what Prometheus does not.
            message = located(self._query, token.start, f"unexpected {token.describe()}")
            diagnose(self._query, self._tokens, message)
        self._next += 1
        return token

    def _accept(self, *kinds: str) -> Token | None:
        return self._take(*kinds) if self._token.kind in kinds else None

    def _names(self) -> tuple[str, ...]:
        """Label names in parentheses."""
        self._take("(")
        names = []
        while not self._accept(")"):
            token = self._token
            if ":" in token.text or not (token.text[:1].isalpha() or token.text[:1] == "_"):
                refuse(self._query, token.start, f"unexpected {token.describe()} in grouping opts, expected label")
            names.append(self._take(token.kind).text)
            if not self._accept(","):
                self._take(")")
                break
        return tuple(names)

    def _duration(self) -> int:
        token = self._take("duration")
        problem = token.duration_problem()
        if problem:
            refuse(self._query, token.start, problem)
        return parse_prometheus_duration(token.text) or 0

    def _string(self) -> str:
        token = self._take("string")
        try:
            return unquote(token.text)
        except ValueError:
            refuse(self._query, token.start, f"error unquoting string {token.text}: invalid syntax")

    def _number(self) -> float:
        token = self._take("number")
        text = token.text.lower()
        try:
            if text.startswith("0x"):
                return float(int(text, 16))
            if text.isdigit() and text[0] == "0" and set(text) <= set("01234567"):
                return float(int(text, 8))
            value = float(text)
            reason = "value out of range" if math.isinf(value) and text != "inf" else ""
        except ValueError:
            value, reason = 0.0, "invalid syntax"
        if reason:
            message = f'error parsing number: strconv.ParseFloat: parsing "{token.text}": {reason}'
            refuse(self._query, token.start, message)
        return value

    # -- tree

    def read(self, tree: promql.Expr) -> Expression:
        """The whole tree."""
        expression = self._expression(tree)
        self._take("end of input")
        return expression

    def read_selector(self) -> tuple[Matcher, ...]:
        """A selector that is all of the text."""
        if self._token.kind == "end of input":
            refuse(self._query, self._token.start, "unexpected end of input")
        selector = self._selector()
        if self._token.kind != "end of input":
            refuse(self._query, self._token.start, f"unexpected {self._token.describe()}")
        return selector.matchers

    def _expression(self, tree: promql.Expr) -> Expression:
        match tree:
            case promql.BinaryExpr():
                return self._binary(tree)
            case promql.UnaryExpr():
                while self._accept("+"):
                    pass
                self._take("-")
                return Unary("-", self._expression(tree.expr))
        if self._token.kind in ("+", "-"):
            # promql-parser leaves out a plus, and makes one number of a minus before a number.
            sign = self._take("+", "-")
            inner = self._expression(tree)
            if isinstance(inner, Number):
                return Number(-inner.value if sign.kind == "-" else inner.value)
            return Unary("+", inner)
        start = self._token.start
        match tree:
            case promql.ParenExpr():
                self._take("(")
                inner = self._expression(tree.expr)
                self._take(")")
                return Parentheses(inner)
            case promql.NumberLiteral():
                return Number(self._number())
            case promql.StringLiteral():
                return Text(self._string())
            case promql.VectorSelector():
                return self._modified(self._selector(), start)
            case promql.MatrixSelector():
                selector = self._selector()
                self._take("[")
                length = self._duration()
                self._take("]")
                return Range(self._modified(selector, start), length)
            case promql.SubqueryExpr():
                return self._subquery(tree)
            case promql.Call():
                return self._call(tree)
            case promql.AggregateExpr():
                return self._aggregation(tree)
        raise Unsupported(f"{type(tree).__name__} is not supported here")

    def _selector(self) -> Selector:
        name = None
        if self._token.kind != "{":
            name = self._take("identifier", "metric identifier", *METRIC_KEYWORDS).text
        matchers: list[Matcher] = []
        if self._accept("{"):
            while not self._accept("}"):
                label = self._take("identifier")
                operation = self._take(*_MATCH_OPERATORS)
                matchers.append(self._matcher(label, operation))
                if not self._accept(","):
                    self._take("}")
                    break
        if name is not None:
            matchers.append(Matcher("__name__", "=", name))
        return Selector(name, tuple(matchers))

    def _matcher(self, label: Token, operation: Token) -> Matcher:
        value = self._string()
        try:
            return Matcher(label.text, operation.kind, value)
        except BadRequest as error:
            # Prometheus' errors about brackets show the anchors that it puts around.
            message = str(error)
            if "missing closing )" in message or "unexpected )" in message:
                message = message.replace(f"`{value}`", f"`^(?:{value})$`")
            refuse(self._query, label.start, message)

    def _modified(self, selector: Selector, start: int) -> Selector:
        """The selector, checked, with the modifiers that follow."""
        others = selector.matchers if selector.name is None else selector.matchers[:-1]
        for matcher in others:
            if selector.name is not None and matcher.name == "__name__":
                message = f'metric name must not be set twice: "{selector.name}" or "{matcher.value}"'
                refuse(self._query, start, message)
        if selector.name is None and all(matcher.accepts("") for matcher in others):
            refuse(self._query, start, "vector selector must contain at least one non-empty matcher")
        offset, anchor = self._modifiers(start)
        return Selector(selector.name, selector.matchers, offset, anchor)

    def _modifiers(self, start: int) -> tuple[int, Anchor | None]:
        """What follows a selector that begins at `start`: `offset` and `@`, in any order."""
        offset, anchor = 0, None
        while True:
            if self._accept("offset"):
                sign = -1 if self._accept("-") else 1
                offset = sign * self._duration()
            elif self._accept("@"):
                anchor = self._anchor(start)
            else:
                return offset, anchor

    def _anchor(self, start: int) -> Anchor:
        word = self._accept("start", "end")
        if word:
            self._take("(")
            self._take(")")
            return Anchor(word.kind)
        sign = self._accept("+", "-")
        seconds = self._number()
        seconds = -seconds if sign and sign.kind == "-" else seconds
        if not -(2.0**63) < seconds < 2.0**63:
            shown = f"{seconds:f}" if math.isfinite(seconds) else show_number(seconds)
            refuse(self._query, start, f"timestamp out of bounds for @ modifier: {shown}")
        # Farther than any sample is far enough.
        return Anchor(max(-_FARTHEST, min(round(seconds * 1000), _FARTHEST)))

    def _subquery(self, tree: promql.SubqueryExpr) -> Subquery:
        start = self._token.start
        inner = self._expression(tree.expr)
        self._take("[")
        length = self._duration()
        self._take(":")
        step = self._duration() if self._token.kind == "duration" else None
        self._take("]")
        return Subquery(inner, length, step, *self._modifiers(start))

    def _call(self, tree: promql.Call) -> Call:
        place = self._token.start
        name = self._take("identifier").text
        if name in _LATER_FUNCTIONS:
            refuse(self._query, place, f'unknown function with name "{name}"')
        if name in _NATIVE_HISTOGRAM_FUNCTIONS:
            raise Unsupported(f"the function {name} is for native histograms, which the store does not keep")
        return Call(name, self._arguments(tree.args))

    def _arguments(self, trees: list[promql.Expr]) -> tuple[Expression, ...]:
        self._take("(")
        arguments: list[Expression] = []
        for tree in trees:
            if arguments:
                self._take(",")
            arguments.append(self._expression(tree))
        self._take(")")
        return tuple(arguments)

    def _aggregation(self, tree: promql.AggregateExpr) -> Aggregation:
        place = self._token.start
        operation = self._token.text.lower()
        if operation not in AGGREGATIONS:
            refuse(self._query, place, f'unknown function with name "{operation}"')
        self._take(operation)
        grouping = self._grouping()
        trees = [tree.expr] if tree.param is None else [tree.param, tree.expr]
        arguments = self._arguments(trees)
        grouping = grouping or self._grouping() or Grouping()
        return Aggregation(operation, arguments[-1], arguments[0] if len(arguments) > 1 else None, grouping)

    def _grouping(self) -> Grouping | None:
        word = self._accept("by", "without")
        return Grouping(self._names(), without=word.kind == "without") if word else None

    def _binary(self, tree: promql.BinaryExpr) -> Binary:
        place = self._token.start
        left = self._expression(tree.lhs)
        operation = self._token.kind
        self._take(operation)
        as_numbers = self._accept("bool") is not None
        names: tuple[str, ...] = ()
        include: tuple[str, ...] = ()
        cardinality = Cardinality.ONE_TO_ONE
        on = False
        if word := self._accept("on", "ignoring"):
            on = word.kind == "on"
            names = self._names()
            if word := self._accept("group_left", "group_right"):
                cardinality = Cardinality.MANY_TO_ONE if word.kind == "group_left" else Cardinality.ONE_TO_MANY
                include = self._names() if self._token.kind == "(" else ()
        right = self._expression(tree.rhs)
        if cardinality is not Cardinality.ONE_TO_ONE and operation in SET_OPERATIONS:
            refuse(self._query, place, f'no grouping allowed for "{operation}" operation')
        return Binary(operation, left, right, Matching(names, on, cardinality, include), as_numbers)
