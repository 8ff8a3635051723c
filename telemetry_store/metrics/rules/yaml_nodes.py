"""YAML text -> fields of known structures, complaining as Go's yaml package does.

Scalars keep the text that stands in the file: where a string is wanted, `on`, `1.50` and `0x10` are themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_SHOWN = 10


class YamlError(Exception):
    """The text is not YAML, or not of the structure wanted; the message is Go's."""


def read_document(content: bytes) -> Node | None:
    """The root of the first document; None when there is nothing. Raises YamlError."""
    try:
        loader = yaml.SafeLoader(content)
        try:
            return loader.get_node() if loader.check_node() else None
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise YamlError(f"yaml: line {mark.line + 1 if mark else 0}: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise YamlError(f"yaml: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise YamlError("yaml: exceeded max depth of 10000") from None


def line_of(node: Node) -> int:
    """The line where a node begins, the first being 1."""
    return node.start_mark.line + 1


def place_of(node: Node) -> str:
    """`line:column` of a node."""
    return f"{line_of(node)}:{node.start_mark.column + 1}"


class Decoder:
    """Takes nodes apart and gathers what is wrong, so that all of it can be said at once."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def finish(self) -> None:
        """Raises YamlError when something was wrong."""
        if self.errors:
            raise YamlError("yaml: unmarshal errors:\n" + "\n".join(f"  {error}" for error in self.errors))

    def _complain(self, node: Node, kind: str) -> None:
        tag = "!!" + node.tag.rsplit(":", 1)[-1]
        text = ""
        if isinstance(node, ScalarNode):
            shown = node.value if len(node.value) <= _SHOWN else f"{node.value[: _SHOWN - 3]}..."
            text = f" `{shown}`"
        self.errors.append(f"line {line_of(node)}: cannot unmarshal {tag}{text} into {kind}")

    def fields(self, node: Node, kind: str, known: Sequence[str]) -> dict[str, Node]:
        """The fields of a structure by name; those that it does not have are errors."""
        fields = self._pairs(node, kind)
        for name, (key, _) in fields.items():
            if name not in known:
                self.errors.append(f"line {line_of(key)}: field {name} not found in type {kind}")
        return {name: value for name, (_, value) in fields.items() if name in known}

    def texts(self, node: Node | None) -> dict[str, str]:
        """A mapping of texts."""
        if node is None:
            return {}
        return {name: self.text(value) for name, (_, value) in self._pairs(node, "map[string]string").items()}

    def _pairs(self, node: Node, kind: str) -> Mapping[str, tuple[Node, Node]]:
        if is_null(node):
            return {}
        if not isinstance(node, MappingNode):
            self._complain(node, kind)
            return {}
        pairs: dict[str, tuple[Node, Node]] = {}
        merged: dict[str, tuple[Node, Node]] = {}
        for key, value in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                for part in value.value if isinstance(value, SequenceNode) else [value]:
                    merged = {**self._pairs(part, kind), **merged}
                continue
            name = key.value if isinstance(key, ScalarNode) else ""
            if name in pairs:
                first = line_of(pairs[name][0])
                self.errors.append(f'line {line_of(key)}: mapping key "{name}" already defined at line {first}')
            pairs[name] = (key, value)
        return {**merged, **pairs}

    def items(self, node: Node | None, kind: str) -> list[Node]:
        """The elements of a list, without those that are nothing."""
        if node is None or is_null(node):
            return []
        if not isinstance(node, SequenceNode):
            self._complain(node, kind)
            return []
        return [element for element in node.value if not is_null(element)]

    def text(self, node: Node | None) -> str:
        """A scalar's text."""
        if node is None or is_null(node):
            return ""
        if not isinstance(node, ScalarNode):
            self._complain(node, "string")
            return ""
        return str(node.value)

    def integer(self, node: Node | None) -> int:
        """A whole number."""
        if node is None or is_null(node):
            return 0
        if isinstance(node, ScalarNode) and node.tag.endswith((":int", ":float")):
            try:
                return int(float(node.value.replace("_", "")))
            except (ValueError, OverflowError):
                pass
        self._complain(node, "int")
        return 0


def is_null(node: Node) -> bool:
    """Whether a node says that there is nothing."""
    return isinstance(node, ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def scalar(node: Node | None) -> str:
    """The text of a scalar of whatever kind; empty for anything else."""
    return str(node.value) if isinstance(node, ScalarNode) and not is_null(node) else ""
