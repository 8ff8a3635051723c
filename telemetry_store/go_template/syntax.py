"""The tree of a template. A node's text is how Go prints it in error messages; its position counts characters."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Node:
    """Anything in a tree."""

    position: int


@dataclass
class Text(Node):
    """What is copied."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass
class Dot(Node):
    """`.`"""

    def __str__(self) -> str:
        return "."


@dataclass
class Nil(Node):
    """`nil`"""

    def __str__(self) -> str:
        return "nil"


@dataclass
class Field(Node):
    """`.a.b`"""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return "".join(f".{name}" for name in self.names)


@dataclass
class Variable(Node):
    """`$x.a`: the first name is the variable's, with its dollar."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(self.names)


@dataclass
class Identifier(Node):
    """A function's name."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass
class Constant(Node):
    """A literal: a text, a truth value or a number. An int may stand where a float is asked for."""

    value: str | bool | int | float
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass
class Chain(Node):
    """`(pipeline).a.b`"""

    node: Node
    names: tuple[str, ...]

    def __str__(self) -> str:
        inner = f"({self.node})" if isinstance(self.node, Pipe) else str(self.node)
        return inner + "".join(f".{name}" for name in self.names)


@dataclass
class Command(Node):
    """A function with its arguments, or a single operand."""

    arguments: list[Node]

    def __str__(self) -> str:
        return " ".join(f"({part})" if isinstance(part, Pipe) else str(part) for part in self.arguments)


@dataclass
class Pipe(Node):
    """Commands, each getting the value of the one before, and the variables that take the last value."""

    commands: list[Command]
    variables: list[Variable] = field(default_factory=list)
    assigns: bool = False

    def __str__(self) -> str:
        names = ", ".join(map(str, self.variables))
        start = f"{names} {'=' if self.assigns else ':='} " if names else ""
        return start + " | ".join(map(str, self.commands))


@dataclass
class Action(Node):
    """`{{pipeline}}`"""

    pipe: Pipe

    def __str__(self) -> str:
        return f"{{{{{self.pipe}}}}}"


@dataclass
class Block(Node):
    """`{{if}}`, `{{with}}` or `{{range}}` with what stands in it and after `{{else}}`."""

    keyword: str
    pipe: Pipe
    nodes: list[Node]
    otherwise: list[Node] | None

    def __str__(self) -> str:
        rest = "" if self.otherwise is None else "{{else}}" + "".join(map(str, self.otherwise))
        return f"{{{{{self.keyword} {self.pipe}}}}}" + "".join(map(str, self.nodes)) + rest + "{{end}}"


@dataclass
class Leave(Node):
    """`{{break}}` or `{{continue}}`."""

    keyword: str

    def __str__(self) -> str:
        return f"{{{{{self.keyword}}}}}"


@dataclass
class Include(Node):
    """`{{template "name" pipeline}}`"""

    name: str
    quoted: str
    pipe: Pipe | None

    def __str__(self) -> str:
        return f"{{{{template {self.quoted}{f' {self.pipe}' if self.pipe else ''}}}}}"
