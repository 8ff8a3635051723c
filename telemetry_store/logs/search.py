"""Which lines of a block fulfil conditions on their text.

A condition goes over the text of all lines at once, and line numbers are worked out from where it was found: a line
without a match costs nothing but the search. Only few remaining lines are looked at one by one.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import re2  # type: ignore[import-untyped]

from ..regexes import engine_options
from .chunks import Lines, Rows

#: Below this part of a block's lines, the remaining ones are looked at one by one.
_FEW = 0.05

#: What a pattern may say about the text as a whole; such a pattern is tried on each line alone.
_ABOUT_WHOLE_TEXT = re.compile(r"\\[AzZC]|\(\?[a-zA-Z]*-|\\x|\\0")

_LITERAL_ALTERNATIVES = re.compile(r"[^\\.+*?()|\[\]{}^$\n]+(?:\|[^\\.+*?()|\[\]{}^$\n]+)*")


@dataclass(frozen=True)
class LineCondition:
    """One line filter: any of the texts must be in the line, or none of them when negated.

    The texts are RE2 expressions when `is_pattern`; they must have been checked by `regexes.compile_pattern`.
    """

    texts: tuple[str, ...]
    is_pattern: bool = False
    negated: bool = False


@dataclass
class LineConditions:
    """Conditions that all must hold; none at all accept every line."""

    conditions: list[LineCondition] = field(default_factory=list)

    def add(self, *texts: str, is_pattern: bool = False, negated: bool = False) -> None:
        """Adds a line filter."""
        self.conditions.append(LineCondition(texts, is_pattern, negated))

    def accepted(self, lines: Lines, first: int, last: int) -> Rows:
        """The numbers of the lines in [first, last) that fulfil every condition, rising."""
        rows: Rows = np.arange(first, last, dtype=np.intp)
        # What a line must contain is found quickest and leaves the fewest for the rest.
        for condition in sorted(self.conditions, key=lambda c: (c.negated, c.is_pattern)):
            if not len(rows):
                break
            finder = _finder(condition)
            if len(rows) < _FEW * (last - first):
                text, starts, ends = lines.text, lines.starts, lines.ends
                found = np.fromiter((finder.is_in(text[starts[r] : ends[r]]) for r in rows), bool, len(rows))
                rows = rows[found != condition.negated]
                continue
            hits = np.zeros(last - first, dtype=bool)
            hits[finder.rows(lines, first, last) - first] = True
            rows = rows[hits[rows - first] != condition.negated]
        return rows


@dataclass(frozen=True)
class _Finder:
    """How one condition is found: in one line, and in all lines of a block."""

    literals: tuple[bytes, ...]
    #: For a line by itself, and for many lines that end in line ends (None: not possible).
    pattern: Any = None
    multiline: Any = None

    def is_in(self, line: bytes) -> bool:
        """Whether a line has it."""
        if self.pattern is not None:
            return self.pattern.search(line) is not None
        return any(literal in line for literal in self.literals)

    def rows(self, lines: Lines, first: int, last: int) -> Rows:
        """The numbers of the lines that have it; some may come twice."""
        if any(not literal for literal in self.literals):
            return np.arange(first, last, dtype=np.intp)
        whole_lines = not lines.has_inner_line_ends
        if self.pattern is None and whole_lines:
            positions = [place for literal in self.literals for place in _find_literal(literal, lines, first, last)]
            return np.searchsorted(lines.ends, positions, side="left")
        if self.pattern is None:
            found = [row for text in self.literals for row in _find_among_inner_line_ends(text, lines, first, last)]
        elif self.multiline is not None and whole_lines:
            return np.searchsorted(lines.ends, _find_pattern(self.multiline, lines, first, last), side="left")
        else:
            search = self.pattern.search
            text, starts, ends = lines.text, lines.starts.tolist(), lines.ends.tolist()
            found = [row for row in range(first, last) if search(text[starts[row] : ends[row]]) is not None]
        return np.array(found, dtype=np.intp)


def _find_literal(literal: bytes, lines: Lines, first: int, last: int) -> list[int]:
    text = lines.text
    position, end = int(lines.starts[first]), int(lines.ends[last - 1])
    if b"\n" in literal:
        return []
    find: Callable[[bytes, int, int], int] = text.find
    found = []
    while (position := find(literal, position, end)) >= 0:
        found.append(position)
        position = find(b"\n", position, end)
        if position < 0:
            break
    return found


def _find_among_inner_line_ends(literal: bytes, lines: Lines, first: int, last: int) -> list[int]:
    text, ends = lines.text, lines.ends
    position, end = int(lines.starts[first]), int(ends[last - 1])
    found = []
    while (position := text.find(literal, position, end)) >= 0:
        row = bisect_left(ends, position)
        if position + len(literal) <= ends[row]:
            found.append(row)
            position = int(ends[row])
        # What reaches from one line into the next is in neither.
        position += 1
    return found


def _find_pattern(pattern: Any, lines: Lines, first: int, last: int) -> list[int]:
    text = lines.text
    position, end = int(lines.starts[first]), int(lines.ends[last - 1])
    search, find = pattern.search, text.find
    found = []
    while position <= end and (match := search(text, position, end)) is not None:
        position = match.start()
        found.append(position)
        position = find(b"\n", position, end) + 1
        if not position:
            break
    return found


@lru_cache(maxsize=256)
def _finder(condition: LineCondition) -> _Finder:
    texts = condition.texts
    if not condition.is_pattern:
        return _Finder(tuple(text.encode(errors="surrogateescape") for text in texts))
    if all(_LITERAL_ALTERNATIVES.fullmatch(text) for text in texts):
        return _Finder(tuple(part.encode() for text in texts for part in text.split("|")))
    pattern = "|".join(f"(?:{text})" for text in texts) if len(texts) > 1 else texts[0]
    multiline = None
    if not any(_ABOUT_WHOLE_TEXT.search(text) for text in texts):
        # With one line at a time in its text, the pattern never sees the line ends between lines.
        multiline = re2.compile(f"(?m:{pattern})", engine_options(ignores_line_ends=True))
    return _Finder((), re2.compile(pattern, engine_options()), multiline)
