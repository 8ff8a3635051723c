"""Template text -> tree. Errors are worded and placed as Go's text/template/parse does."""

from __future__ import annotations

import math
import re
from collections.abc import Container
from typing import NoReturn

from ..quoting import unquote
from .formatting import quote_go
from .lexer import Item, lex
from .syntax import (
    Action,
    Block,
    Chain,
    Command,
    Constant,
    Dot,
    Field,
    Identifier,
    Include,
    Leave,
    Nil,
    Node,
    Pipe,
    Text,
    Variable,
)
from .values import TemplateError

#: Blocks or parentheses within each other. Go allows thousands; here parser and evaluator recurse in Python.
_DEEPEST = 64

_OPERANDS = frozenset(("bool", "character", "dot", "field", "identifier", "number", "nil", "string", "variable", "("))
_INTEGER = re.compile(
    r"[+-]?(?:0[xX]_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|0[bB]_?[01]+(?:_[01]+)*|0[oO]?_?[0-7]+(?:_[0-7]+)*"
    r"|[1-9]\d*(?:_\d+)*|0)"
)
_FLOAT = re.compile(r"[+-]?(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def parse_template(name: str, text: str, functions: Container[str]) -> tuple[list[Node], dict[str, list[Node]]]:
    """The template's nodes, and those of the templates defined in it. Raises TemplateError."""
    parser = _Parser(name, text, functions)
    nodes = parser.whole()
    return nodes, parser.defined


class _End(Node):
    """`{{end}}` or `{{else}}`, which close a list of nodes."""

    def __init__(self, position: int, keyword: str) -> None:
        super().__init__(position)
        self.keyword = keyword

    def __str__(self) -> str:
        return f"{{{{{self.keyword}}}}}"


class _Parser:
    def __init__(self, name: str, text: str, functions: Container[str]) -> None:
        self._name = name
        self._functions = functions
        self._items = lex(text)
        self._ahead: list[Item] = []
        self._last_line = 1
        self._action_line = 0
        self._variables = ["$"]
        self._range_depth = 0
        self._depth = 0
        self.defined: dict[str, list[Node]] = {}

    # -- items

    def _next(self) -> Item:
        if self._ahead:
            return self._ahead.pop()
        item = next(self._items)
        self._last_line = item.line
        return item

    def _peek(self) -> Item:
        item = self._next()
        self._ahead.append(item)
        return item

    def _next_non_space(self) -> Item:
        while True:
            item = self._next()
            if item.kind != "space":
                return item

    def _peek_non_space(self) -> Item:
        item = self._next_non_space()
        self._ahead.append(item)
        return item

    def _expect(self, kind: str, context: str) -> Item:
        item = self._next_non_space()
        if item.kind != kind:
            self._unexpected(item, context)
        return item

    # -- errors

    def _fail(self, message: str) -> NoReturn:
        raise TemplateError(f"template: {self._name}:{self._last_line}: {message}")

    def _unexpected(self, item: Item, context: str) -> NoReturn:
        if item.kind == "error":
            extra = ""
            if self._action_line and self._action_line != item.line:
                extra = f" in action started at {self._name}:{self._action_line}"
                if item.text.endswith(" action"):
                    extra = extra.removeprefix(" in action")
            self._fail(f"{item}{extra}")
        self._fail(f"unexpected {item} in {context}")

    def _unquote(self, item: Item) -> str:
        try:
            return unquote(item.text)
        except ValueError as error:
            self._fail(str(error))

    # -- lists and actions

    def whole(self) -> list[Node]:
        nodes: list[Node] = []
        while (item := self._peek()).kind != "EOF":
            if item.kind == "left delimiter":
                delimiter = self._next()
                first = self._next_non_space()
                if first.kind == "define":
                    self._definition()
                    continue
                self._ahead += [first, delimiter]
            node = self._text_or_action()
            if isinstance(node, _End):
                self._fail(f"unexpected {node}")
            nodes.append(node)
        return nodes

    def _definition(self) -> None:
        context = "define clause"
        name = self._unquote(self._expect("string", context))
        self._expect("right delimiter", context)
        outer, self._variables = self._variables, ["$"]
        nodes, end = self._list()
        self._variables = outer
        if end.keyword != "end":
            self._fail(f"unexpected {end} in {context}")
        self.defined[name] = nodes

    def _list(self) -> tuple[list[Node], _End]:
        nodes: list[Node] = []
        while self._peek_non_space().kind != "EOF":
            node = self._text_or_action()
            if isinstance(node, _End):
                return nodes, node
            nodes.append(node)
        self._fail("unexpected EOF")

    def _text_or_action(self) -> Node:
        item = self._next_non_space()
        if item.kind == "text":
            return Text(item.position, item.text)
        if item.kind != "left delimiter":
            self._unexpected(item, "input")
        self._action_line = item.line
        try:
            return self._action()
        finally:
            self._action_line = 0

    def _action(self) -> Node:
        item = self._next_non_space()
        match item.kind:
            case "if" | "with" | "range":
                return self._block(item.kind)
            case "else":
                following = self._peek_non_space()
                if following.kind in ("if", "with"):
                    return _End(following.position, "else")
                return _End(self._expect("right delimiter", "else").position, "else")
            case "end":
                return _End(self._expect("right delimiter", "end").position, "end")
            case "break" | "continue":
                closing = self._next_non_space()
                if closing.kind != "right delimiter":
                    self._unexpected(closing, f"{{{{{item.kind}}}}}")
                if not self._range_depth:
                    self._fail(f"{{{{{item.kind}}}}} outside {{{{range}}}}")
                return Leave(item.position, item.kind)
            case "template":
                return self._include()
            case "block":
                return self._inline_definition()
        self._ahead.append(item)
        return Action(item.position, self._pipeline("command", "right delimiter"))

    def _block(self, keyword: str) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            self._fail("max expression depth exceeded")
        known = len(self._variables)
        pipe = self._pipeline(keyword, "right delimiter")
        self._range_depth += keyword == "range"
        nodes, end = self._list()
        self._range_depth -= keyword == "range"
        otherwise: list[Node] | None = None
        if end.keyword == "else":
            if keyword in ("if", "with") and self._peek().kind == keyword:
                self._next()
                otherwise = [self._block(keyword)]
            else:
                otherwise, end = self._list()
                if end.keyword != "end":
                    self._fail(f"expected end; found {end}")
        del self._variables[known:]
        self._depth -= 1
        return Block(pipe.position, keyword, pipe, nodes, otherwise)

    def _include(self) -> Node:
        item = self._next_non_space()
        if item.kind != "string":
            self._unexpected(item, "template clause")
        name = self._unquote(item)
        pipe = None
        if self._peek_non_space().kind == "right delimiter":
            self._next_non_space()
        else:
            pipe = self._pipeline("template clause", "right delimiter")
        return Include(item.position, name, quote_go(name), pipe)

    def _inline_definition(self) -> Node:
        context = "block clause"
        item = self._next_non_space()
        if item.kind != "string":
            self._unexpected(item, context)
        name = self._unquote(item)
        pipe = self._pipeline(context, "right delimiter")
        outer, self._variables = self._variables, ["$"]
        nodes, end = self._list()
        self._variables = outer
        if end.keyword != "end":
            self._fail(f"unexpected {end} in {context}")
        self.defined.setdefault(name, nodes)
        return Include(item.position, name, quote_go(name), pipe)

    # -- pipelines

    def _pipeline(self, context: str, end: str) -> Pipe:
        pipe = Pipe(self._peek_non_space().position, [])
        self._declarations(pipe, context)
        while True:
            item = self._next_non_space()
            if item.kind == end:
                self._check(pipe, context)
                return pipe
            if item.kind not in _OPERANDS:
                self._unexpected(item, context)
            self._ahead.append(item)
            pipe.commands.append(self._command())

    def _declarations(self, pipe: Pipe, context: str) -> None:
        while self._peek_non_space().kind == "variable":
            variable = self._next_non_space()
            after = self._peek()
            following = self._peek_non_space()
            declares = following.kind in ("=", ":=")
            if not declares and not (following.kind == "character of its own" and following.text == ","):
                if after.kind == "space":
                    self._ahead.append(after)
                self._ahead.append(variable)
                return
            pipe.assigns = following.kind == "="
            self._next_non_space()
            pipe.variables.append(Variable(variable.position, (variable.text,)))
            self._variables.append(variable.text)
            if declares:
                return
            if context != "range" or len(pipe.variables) > 1:
                self._fail(f"too many declarations in {context}")
            if self._peek_non_space().kind not in ("variable", "right delimiter", ")"):
                self._fail("range can only initialize variables")

    def _check(self, pipe: Pipe, context: str) -> None:
        if not pipe.commands:
            self._fail(f"missing value for {context}")
        for number, command in enumerate(pipe.commands[1:], 2):
            if isinstance(command.arguments[0], Dot | Nil | Constant):
                self._fail(f"non executable command in pipeline stage {number}")

    def _command(self) -> Command:
        command = Command(self._peek_non_space().position, [])
        while True:
            self._peek_non_space()
            operand = self._operand()
            if operand is not None:
                command.arguments.append(operand)
            item = self._next()
            if item.kind == "space":
                continue
            if item.kind in ("right delimiter", ")"):
                self._ahead.append(item)
            elif item.kind != "|":
                self._unexpected(item, "operand")
            break
        if not command.arguments:
            self._fail("empty command")
        return command

    def _operand(self) -> Node | None:
        node = self._term()
        if node is None or self._peek().kind != "field":
            return node
        position = self._peek().position
        names: list[str] = []
        while self._peek().kind == "field":
            names.append(self._next().text[1:])
        if isinstance(node, Field):
            return Field(position, (*node.names, *names))
        if isinstance(node, Variable):
            return Variable(position, (*node.names, *names))
        if isinstance(node, Constant | Nil | Dot):
            self._fail(f"unexpected . after term {quote_go(str(node))}")
        return Chain(position, node, tuple(names))

    def _term(self) -> Node | None:
        item = self._next_non_space()
        match item.kind:
            case "identifier":
                if item.text not in self._functions:
                    self._fail(f"function {quote_go(item.text)} not defined")
                return Identifier(item.position, item.text)
            case "dot":
                return Dot(item.position)
            case "nil":
                return Nil(item.position)
            case "variable":
                if item.text not in self._variables:
                    self._fail(f"undefined variable {quote_go(item.text)}")
                return Variable(item.position, (item.text,))
            case "field":
                return Field(item.position, (item.text[1:],))
            case "bool":
                return Constant(item.position, item.text == "true", item.text)
            case "number" | "character":
                return Constant(item.position, self._number(item), item.text)
            case "string":
                return Constant(item.position, self._unquote(item), item.text)
            case "(":
                self._depth += 1
                if self._depth > _DEEPEST:
                    self._fail("max expression depth exceeded")
                pipe = self._pipeline("parenthesized pipeline", ")")
                self._depth -= 1
                return pipe
        self._ahead.append(item)
        return None

    def _number(self, item: Item) -> int | float:
        text = item.text
        if item.kind == "character":
            try:
                character = unquote(f'"{text[1:-1]}"') if text[1:-1] != '"' else '"'
            except ValueError as error:
                self._fail(str(error))
            if len(character) != 1:
                self._fail(f"malformed character constant: {text}")
            return ord(character)
        if _INTEGER.fullmatch(text):
            digits = text.replace("_", "")
            sign, digits = (-1, digits[1:]) if digits[0] == "-" else (1, digits.lstrip("+"))
            is_octal = digits[0] == "0" and digits[1:].isdigit()
            value = sign * int(digits, 8 if is_octal else 0)
            if not -(2**63) <= value < 2**64:
                self._fail(f"integer overflow: {quote_go(text)}")
            return value
        if _FLOAT.fullmatch(text):
            number = float(text.replace("_", ""))
            if math.isfinite(number):
                return number
        self._fail(f"illegal number syntax: {quote_go(text)}")
