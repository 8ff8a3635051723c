"""Which fields of its data a template looks at, as far as its text shows."""

from __future__ import annotations

from collections.abc import Iterable

from .syntax import Action, Block, Command, Field, Node, Pipe


def field_names(nodes: Iterable[Node]) -> list[str]:
    """The names in `.a.b`, each once, in order; not those behind parentheses."""
    names: dict[str, None] = {}
    waiting = list(nodes)[::-1]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Field):
            names |= dict.fromkeys(node.names)
        elif isinstance(node, Action):
            waiting.append(node.pipe)
        elif isinstance(node, Pipe):
            waiting += node.commands[::-1]
        elif isinstance(node, Command):
            waiting += node.arguments[::-1]
        elif isinstance(node, Block):
            waiting += (node.otherwise or [])[::-1] + node.nodes[::-1] + [node.pipe]
    return list(names)
