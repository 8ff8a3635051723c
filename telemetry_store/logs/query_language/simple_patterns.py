"""Regular expressions that Loki answers by searching texts: alternatives of texts with `.*` around them.

It matters for label filters, because Loki then forgets that the whole value must match: `level=~"err.*"` finds `err`
anywhere. And `error|errno` is to Go's parser `err` before `or|no`, which Loki searches for anywhere, too, while `a1|b2`
compares the whole value. So the alternatives' common beginnings are factored out here as Go does it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

_ESCAPED = re.compile(r"\\([-\\.+*?()|\[\]{}^$/ \"'`<>=!:,;&%@#~_])")
_SPECIAL = frozenset("\\.+*?()|[]{}^$")


@dataclass(frozen=True)
class Node:
    """A part of an expression: `text`, `any` (`.*`), `some` (`.+`), `empty`, `all` (one after another) or `either`."""

    kind: str
    text: str = ""
    parts: tuple[Node, ...] = ()


@dataclass(frozen=True)
class TextTest:
    """One way to fulfil the expression: `equal` to the text, `contains` it, not empty (`some`), or `always`."""

    kind: str
    text: str = ""

    def accepts(self, value: str) -> bool:
        """Whether the value fulfils it."""
        if self.kind == "equal":
            return value == self.text
        return self.text in value if self.kind == "contains" else bool(value) or self.kind == "always"


_ALWAYS = TextTest("always")


@functools.lru_cache(maxsize=256)
def simplify(pattern: str, is_label: bool) -> tuple[TextTest, ...] | None:
    """The tests of which one must hold, or None when it takes a regular expression."""
    try:
        return tuple(_tests(_Parser(pattern).whole(), is_label))
    except _NotSimple:
        return None


def compile_test(pattern: str) -> Callable[[str], bool] | None:
    """A test for a label's value, or None when it takes a regular expression."""
    tests = simplify(pattern, is_label=True)
    if tests is None:
        return None
    if len(tests) == 1:
        return tests[0].accepts
    return lambda value: any(test.accepts(value) for test in tests)


class _NotSimple(Exception):
    pass


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._position = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._either()
        if self._position < len(self._pattern):
            raise _NotSimple
        return node

    def _either(self) -> Node:
        self._depth += 1
        if self._depth > 20:
            raise _NotSimple
        branches = [self._all()]
        while self._pattern[self._position : self._position + 1] == "|":
            self._position += 1
            branches.append(self._all())
        self._depth -= 1
        return _either(branches)

    def _all(self) -> Node:
        parts: list[Node] = []
        while self._position < len(self._pattern) and self._pattern[self._position] not in "|)":
            parts.append(self._piece())
        return _all(parts)

    def _piece(self) -> Node:
        pattern, position = self._pattern, self._position
        if pattern[position] == "(":
            start = 3 if pattern.startswith("(?:", position) else 1
            if pattern.startswith("(?", position) and start == 1:
                raise _NotSimple
            self._position += start
            node = self._either()
            if self._pattern[self._position : self._position + 1] != ")":
                raise _NotSimple
            self._position += 1
        elif pattern.startswith((".*", ".+"), position):
            self._position += 3 if pattern.startswith("?", position + 2) else 2
            node = Node("any" if pattern[position + 1] == "*" else "some")
        elif escaped := _ESCAPED.match(pattern, position):
            self._position = escaped.end()
            node = Node("text", escaped[1])
        elif pattern[position] not in _SPECIAL:
            self._position += 1
            node = Node("text", pattern[position])
        else:
            raise _NotSimple
        # What is repeated is not a plain text.
        if self._pattern[self._position : self._position + 1] in ("*", "+", "?", "{"):
            raise _NotSimple
        return node


def _all(parts: list[Node]) -> Node:
    flat: list[Node] = []
    for part in parts:
        for inner in part.parts if part.kind == "all" else (part,):
            if flat and inner.kind == "text" == flat[-1].kind:
                flat[-1] = Node("text", flat[-1].text + inner.text)
            else:
                flat.append(inner)
    if not flat:
        return Node("empty")
    return flat[0] if len(flat) == 1 else Node("all", parts=tuple(flat))


def _either(branches: list[Node]) -> Node:
    if len(branches) == 1:
        return branches[0]
    flat: list[Node] = []
    for branch in branches:
        flat += branch.parts if branch.kind == "either" else (branch,)
    factored = _without_common_beginnings(flat)
    return factored[0] if len(factored) == 1 else Node("either", parts=tuple(factored))


def _beginning(node: Node) -> str:
    first = node.parts[0] if node.kind == "all" else node
    return first.text if first.kind == "text" else ""


def _without(node: Node, length: int) -> Node:
    if node.kind == "text":
        return Node("text", node.text[length:]) if len(node.text) > length else Node("empty")
    rest = node.parts[0].text[length:]
    parts = (Node("text", rest), *node.parts[1:]) if rest else node.parts[1:]
    return parts[0] if len(parts) == 1 else Node("all", parts=parts)


def _common(left: str, right: str) -> int:
    length = 0
    while length < min(len(left), len(right)) and left[length] == right[length]:
        length += 1
    return length


def _without_common_beginnings(branches: list[Node]) -> list[Node]:
    factored: list[Node] = []
    start = 0
    common = ""
    for number in range(len(branches) + 1):
        text = _beginning(branches[number]) if number < len(branches) else ""
        if number < len(branches) and number > start and (same := _common(common, text)):
            common = common[:same]
            continue
        if number - start > 1:
            suffixes = [_without(branch, len(common)) for branch in branches[start:number]]
            factored.append(Node("all", parts=(Node("text", common), _either(suffixes))))
        else:
            factored += branches[start:number]
        start, common = number, text
    kept: list[Node] = []
    for node in factored:
        if kept and node.kind == "text" == kept[-1].kind and len(node.text) == 1 == len(kept[-1].text):
            # Go makes a class of characters of them.
            raise _NotSimple
        if not (kept and node.kind == "empty" == kept[-1].kind):
            kept.append(node)
    return kept


def _tests(node: Node, is_label: bool) -> list[TextTest]:
    if node.kind == "either":
        tests: list[TextTest] = []
        for part in node.parts:
            more = _tests(part, is_label)
            # What is always true drops out of Loki's alternatives.
            tests = more if tests == [_ALWAYS] else tests if more == [_ALWAYS] and tests else tests + more
        return tests
    if node.kind == "all":
        return _tests_of_all(node.parts, None)
    if node.kind == "text":
        return [TextTest("equal" if is_label else "contains", node.text)]
    return [TextTest("some")] if node.kind == "some" else [_ALWAYS]


def _tests_of_all(parts: tuple[Node, ...], before: str | None) -> list[TextTest]:
    parts = tuple(part for part in parts if part.kind != "empty")
    if len(parts) > 3:
        raise _NotSimple
    tests: list[TextTest] = []
    text = before
    texts = 0
    for part in parts:
        if part.kind == "text":
            if texts:
                raise _NotSimple
            texts += 1
            text = (text or "") + part.text
        elif part.kind == "either" and text is not None:
            tests += _tests_after(part, text)
        elif part.kind != "any":
            raise _NotSimple
    if tests:
        return tests
    if text is None:
        raise _NotSimple
    return [TextTest("contains", text)]


def _tests_after(node: Node, text: str) -> list[TextTest]:
    tests: list[TextTest] = []
    for part in node.parts:
        if part.kind == "text":
            tests.append(TextTest("contains", text + part.text))
        elif part.kind in ("empty", "any"):
            tests.append(TextTest("contains", text))
        elif part.kind == "all":
            tests += _tests_of_all(part.parts, text)
        else:
            raise _NotSimple
    return tests
