"""Filling in a template. Errors say where, in Go's words; output and steps are bounded."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from .builtins import BUILTINS, OUTPUT_CHARACTERS
from .formatting import quote_go
from .parser import parse_template
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
from .values import (
    NO_VALUE,
    HasMethods,
    Int64,
    StringMap,
    TemplateError,
    is_nothing,
    name_of_type,
    show,
    truth,
    type_name,
)

#: Nodes that one filling in may visit: loops within loops end here.
_STEPS = 200_000

#: Templates that may include each other.
_INCLUDES = 30

#: Not given: tells `f` from `x | f` with x being nil.
_MISSING = object()


@dataclass(frozen=True)
class _Signature:
    parameters: tuple[type, ...]
    rest: type | None

    def parameter(self, number: int) -> type:
        return self.parameters[number] if number < len(self.parameters) else self.rest or object


@functools.lru_cache(maxsize=1024)
def _signature(function: Callable[..., object]) -> _Signature:
    """What a function takes, by its annotations; a parameter without one takes anything."""
    hints = typing.get_type_hints(function)
    parameters: list[type] = []
    rest: type | None = None
    for name, parameter in inspect.signature(function).parameters.items():
        kind = hints.get(name, object)
        kind = typing.get_origin(kind) or kind
        kind = kind if isinstance(kind, type) else object
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            rest = kind
        else:
            parameters.append(kind)
    return _Signature(tuple(parameters), rest)


class Template:
    """A template that can be filled in any number of times, by any number of threads."""

    def __init__(self, name: str, text: str, functions: Mapping[str, Callable[..., object]]) -> None:
        self.name = name
        self.text = text
        self.functions = {**BUILTINS, **functions}
        self.nodes, self.defined = parse_template(name, text, self.functions)

    def render(self, data: object, variables: Mapping[str, object] | None = None) -> str:
        """The template with the data as its `.`. Raises TemplateError."""
        filling = _Filling(self, data, variables or {})
        try:
            filling.walk_list(data, self.nodes)
        except RecursionError:
            raise TemplateError(f"template: {self.name}: exceeded maximum template depth") from None
        return "".join(filling.output)

    def location(self, node: Node) -> str:
        """`name:line:column`, the column counting bytes from 0."""
        before = self.text[: node.position]
        line_start = before.rfind("\n") + 1
        return f"{self.name}:{before.count(chr(10)) + 1}:{len(before[line_start:].encode())}"


def compile_template(text: str, functions: Mapping[str, Callable[..., object]], name: str = "template") -> Template:
    """The template of a text, with functions beside Go's own. Raises TemplateError with Go's message.

    A function's annotations say what it takes (str, int, float, `Int64`, bool, object; `*rest`); a ValueError raised by
    it becomes `error calling …`.
    """
    return Template(name, text, functions)


class _Left(Exception):
    """`{{break}}` or `{{continue}}`."""

    def __init__(self, keyword: str) -> None:
        self.keyword = keyword


class _Filling:
    """One filling in: its output, its variables and the node at which it is, for error messages."""

    def __init__(self, template: Template, data: object, variables: Mapping[str, object]) -> None:
        self.output: list[str] = []
        self._size = 0
        self._steps = 0
        self._includes = 0
        self._template = template
        self._node: Node | None = None
        self._variables: list[tuple[str, object]] = [("$", data)]
        self._variables += [(f"${name}", value) for name, value in variables.items()]

    # -- errors and bounds

    def _fail(self, message: str) -> NoReturn:
        template = self._template
        if self._node is None:
            raise TemplateError(f"template: {template.name}: {message}")
        where = f"{template.location(self._node)}: executing {quote_go(template.name)} at <{self._node}>"
        raise TemplateError(f"template: {where}: {message}")

    def _at(self, node: Node) -> None:
        self._node = node
        self._steps += 1
        if self._steps > _STEPS:
            self._fail(f"exceeded {_STEPS} steps")

    def _write(self, text: str) -> None:
        self._size += len(text)
        if self._size > OUTPUT_CHARACTERS:
            self._fail(f"output exceeds {OUTPUT_CHARACTERS} characters")
        self.output.append(text)

    # -- nodes

    def walk_list(self, dot: object, nodes: Iterable[Node]) -> None:
        """Writes what the nodes give."""
        for node in nodes:
            if isinstance(node, Text):
                self._write(node.text)
            elif isinstance(node, Action):
                self._at(node)
                value = self._pipeline(dot, node.pipe)
                if not node.pipe.variables:
                    self._at(node)
                    self._write("<no value>" if is_nothing(value) else show(value))
            elif isinstance(node, Block):
                self._at(node)
                known = len(self._variables)
                if node.keyword == "range":
                    self._range(dot, node)
                else:
                    self._choose(dot, node)
                del self._variables[known:]
            elif isinstance(node, Leave):
                raise _Left(node.keyword)
            elif isinstance(node, Include):
                self._include(dot, node)

    def _choose(self, dot: object, node: Block) -> None:
        value = self._pipeline(dot, node.pipe)
        if truth(value):
            self.walk_list(value if node.keyword == "with" else dot, node.nodes)
        elif node.otherwise is not None:
            self.walk_list(dot, node.otherwise)

    def _range(self, dot: object, node: Block) -> None:
        value = self._pipeline(dot, node.pipe)
        variables = node.pipe.variables
        pairs: Iterable[tuple[object, object]]
        if is_nothing(value):
            pairs = ()
        elif isinstance(value, int) and not isinstance(value, bool):
            if len(variables) > 1:
                self._fail(f"can't use {value} to iterate over more than one variable")
            pairs = ((None, number) for number in range(value))
        elif isinstance(value, Mapping):
            pairs = sorted(value.items())
        elif isinstance(value, Sequence) and not isinstance(value, str):
            pairs = enumerate(value)
        else:
            self._fail(f"range can't iterate over {show(value)}")
        known = len(self._variables)
        empty = True
        for key, element in pairs:
            empty = False
            self._bind(node.pipe, key, element, known)
            try:
                self.walk_list(element, node.nodes)
            except _Left as left:
                if left.keyword == "break":
                    break
            finally:
                del self._variables[known:]
            self._at(node)
        if empty and node.otherwise is not None:
            self.walk_list(dot, node.otherwise)

    def _bind(self, pipe: Pipe, key: object, element: object, known: int) -> None:
        values = (key, element) if len(pipe.variables) > 1 else (element,)
        for number, (variable, value) in enumerate(zip(pipe.variables, values, strict=False)):
            if pipe.assigns:
                self._set(variable.names[0], value)
            else:
                # The pipeline has already pushed its variables, in order.
                place = known - len(pipe.variables) + number
                self._variables[place] = (variable.names[0], value)

    def _include(self, dot: object, node: Include) -> None:
        self._at(node)
        nodes = self._template.defined.get(node.name)
        if nodes is None:
            self._fail(f"template {node.quoted} not defined")
        self._includes += 1
        if self._includes > _INCLUDES:
            self._fail("exceeded maximum template depth (100000)")
        data = self._pipeline(dot, node.pipe) if node.pipe else NO_VALUE
        outer, self._variables = self._variables, [("$", data)]
        self.walk_list(data, nodes)
        self._variables = outer
        self._includes -= 1

    # -- variables

    def _set(self, name: str, value: object) -> None:
        for place in range(len(self._variables) - 1, -1, -1):
            if self._variables[place][0] == name:
                self._variables[place] = (name, value)
                return
        self._fail(f"undefined variable: {name}")

    def _variable(self, name: str) -> object:
        for known, value in reversed(self._variables):
            if known == name:
                return value
        self._fail(f"undefined variable: {name}")

    # -- pipelines

    def _pipeline(self, dot: object, pipe: Pipe) -> object:
        self._at(pipe)
        value: object = _MISSING
        for command in pipe.commands:
            value = self._command(dot, command, value)
        for variable in pipe.variables:
            if pipe.assigns:
                self._set(variable.names[0], value)
            else:
                self._variables.append((variable.names[0], value))
        return value

    def _command(self, dot: object, command: Command, final: object) -> object:
        first = command.arguments[0]
        arguments = command.arguments[1:]
        if isinstance(first, Field):
            self._at(first)
            return self._fields(dot, dot, first, first.names, arguments, final)
        if isinstance(first, Identifier):
            self._at(first)
            return self._function(dot, first.name, command, arguments, final)
        if isinstance(first, Chain):
            self._at(first)
            return self._chain(dot, first, arguments, final)
        if isinstance(first, Variable):
            self._at(first)
            value = self._variable(first.names[0])
            if len(first.names) == 1:
                self._refuse_arguments(first, arguments, final)
                return value
            return self._fields(dot, value, first, first.names[1:], arguments, final)
        if isinstance(first, Pipe):
            self._refuse_arguments(first, arguments, final)
            return self._pipeline(dot, first)
        self._at(first)
        self._refuse_arguments(first, arguments, final)
        if isinstance(first, Dot):
            return dot
        if isinstance(first, Constant):
            return self._constant(first)
        self._fail("nil is not a command")

    def _refuse_arguments(self, node: Node, arguments: Sequence[Node], final: object) -> None:
        if arguments or final is not _MISSING:
            self._fail(f"can't give argument to non-function {node}")

    def _constant(self, node: Constant) -> object:
        if isinstance(node.value, int) and node.value >= 2**63:
            self._fail(f"{node.text} overflows int")
        return node.value

    # -- fields and methods

    def _chain(self, dot: object, node: Chain, arguments: Sequence[Node], final: object) -> object:
        if isinstance(node.node, Nil):
            self._fail(f"indirection through explicit nil in {node}")
        value = self._argument(dot, object, node.node)
        return self._fields(dot, value, node, node.names, arguments, final)

    def _fields(
        self, dot: object, value: object, node: Node, names: Sequence[str], arguments: Sequence[Node], final: object
    ) -> object:
        for name in names[:-1]:
            value = self._field(dot, value, node, name, (), _MISSING)
        return self._field(dot, value, node, names[-1], arguments, final)

    def _field(
        self, dot: object, value: object, node: Node, name: str, arguments: Sequence[Node], final: object
    ) -> object:
        if isinstance(value, Mapping):
            if arguments or final is not _MISSING:
                self._fail(f"{name} is not a method but has arguments")
            return value.get(name, "" if isinstance(value, StringMap) else NO_VALUE)
        if value is NO_VALUE:
            return NO_VALUE
        if value is None:
            self._fail(f"nil pointer evaluating interface {{}}.{name}")
        if isinstance(value, HasMethods):
            method = value.go_method(name)
            if method is not None:
                return self._call(dot, method, name, node, arguments, final)
        self._fail(f"can't evaluate field {name} in type {type_name(value)}")

    # -- functions

    def _function(self, dot: object, name: str, node: Node, arguments: Sequence[Node], final: object) -> object:
        function = self._template.functions[name]
        if function is truth:
            return self._and_or(dot, name, arguments, final)
        return self._call(dot, function, name, node, arguments, final)

    def _and_or(self, dot: object, name: str, arguments: Sequence[Node], final: object) -> object:
        if not arguments and final is _MISSING:
            self._fail(f"wrong number of args for {name}: want at least 1 got 0")
        value: object = None
        for argument in arguments:
            value = self._argument(dot, object, argument)
            if truth(value) == (name == "or"):
                return value
        return value if final is _MISSING else final

    def _call(
        self,
        dot: object,
        function: Callable[..., object],
        name: str,
        node: Node,
        arguments: Sequence[Node],
        final: object,
    ) -> object:
        signature = _signature(function)
        given = len(arguments) + (final is not _MISSING)
        wanted = len(signature.parameters)
        if signature.rest is not None:
            if given < wanted:
                self._fail(f"wrong number of args for {name}: want at least {wanted} got {len(arguments)}")
        elif given != wanted:
            self._fail(f"wrong number of args for {name}: want {wanted} got {given}")
        values = [
            self._argument(dot, signature.parameter(number), argument) for number, argument in enumerate(arguments)
        ]
        if final is not _MISSING:
            values.append(self._validated(final, signature.parameter(given - 1)))
        try:
            result = function(*values)
        except TemplateError:
            raise
        except (ValueError, OverflowError, ArithmeticError) as error:
            self._at(node)
            self._fail(f"error calling {name}: {error}")
        if isinstance(result, str) and len(result) > OUTPUT_CHARACTERS:
            self._at(node)
            self._fail(f"error calling {name}: output exceeds {OUTPUT_CHARACTERS} characters")
        return result

    def _argument(self, dot: object, kind: type, node: Node) -> object:
        self._at(node)
        if isinstance(node, Constant):
            return self._constant_as(kind, node)
        if isinstance(node, Dot):
            return self._validated(dot, kind)
        if isinstance(node, Nil):
            if kind is not object:
                self._fail(f"cannot assign nil to {name_of_type(kind)}")
            return None
        if isinstance(node, Pipe):
            return self._validated(self._pipeline(dot, node), kind)
        return self._validated(self._command(dot, Command(node.position, [node]), _MISSING), kind)

    def _constant_as(self, kind: type, node: Constant) -> object:
        value = node.value
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if kind is str:
            if not isinstance(value, str):
                self._fail(f"expected string; found {node}")
            return value
        if kind is bool:
            if not isinstance(value, bool):
                self._fail(f"expected bool; found {node}")
            return value
        if kind in (int, Int64):
            if not is_number or not float(value).is_integer():
                self._fail(f"expected integer; found {node}")
            return kind(value)
        if kind is float:
            if not is_number:
                self._fail(f"expected float; found {node}")
            return float(value)
        if kind is object:
            return self._constant(node)
        self._fail(f"can't handle {node} for arg of type {name_of_type(kind)}")

    def _validated(self, value: object, kind: type) -> object:
        if kind is object or type(value) is kind:
            return value
        if is_nothing(value):
            self._fail(f"invalid value; expected {name_of_type(kind)}")
        # Int64 is no int to Go, and True no number.
        if isinstance(value, kind) and not isinstance(value, int):
            return value
        self._fail(f"wrong type for value; expected {name_of_type(kind)}; got {type_name(value)}")
