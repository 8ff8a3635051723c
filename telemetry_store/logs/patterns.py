"""What many lines have in common: patterns with `<_>` where they differ, and how often each came.

The idea is Drain's (He et al., ICWS 2017). Words with digits are variable from the start. Lines of one shape, which is
their keys and punctuation, are compared by what they say: their message, or all words of a line without one. Those
that agree in half of it are one pattern, and words in which they differ become variable.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

VARIABLE = "<_>"

#: Part of what lines say in which they must agree to be one pattern.
_LIKENESS = 0.5

#: Fields that hold the message of a JSON or logfmt line, as Loki names them.
_MESSAGES = frozenset(("log", "message", "msg", "msg_", "_msg", "content"))

#: Characters of a line beyond which its rest is variable (Loki leaves such lines out), and patterns in all, of one
#: shape, and distinct lines whose pattern is remembered.
_CHARACTERS = 3_000
_PATTERNS = 1_000
_ALIKE = 50
_REMEMBERED = 20_000

_BETWEEN = r"\s\"'=,;:{}\[\]()/&?|<>"
# Begins only where a word does, so that the time grows with the line's length and not with its square.
_WITH_DIGIT = re.compile(rf"(?<![^{_BETWEEN}])[^{_BETWEEN}\d]*\d[^{_BETWEEN}]*")
_ROW_OF_VARIABLES = re.compile(r"<_>(?:[:./,+-]?<_>)+")

#: A key with what ends it, a word, or a character between words.
_TOKEN = re.compile(rf'("[^"\\]*"\s?:|[^{_BETWEEN}]+=)|(<_>|[^{_BETWEEN}]+)|(?s:.)')

#: A line's keys and punctuation, with None in the place of each word.
_Shape = tuple[str | None, ...]


@dataclass
class Pattern:
    """A pattern, the level of its lines, and how many came in each step (by the step's first instant)."""

    shape: _Shape
    words: list[str]
    #: Whether each word belongs to what the lines say.
    says: list[bool]
    level: str
    counts: dict[int, int] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The pattern as Loki writes it; it can stand in a query behind `|>`."""
        words = iter(self.words)
        return _shorten("".join(next(words) if part is None else part for part in self.shape))

    def takes(self, words: Sequence[str]) -> bool:
        """Whether a line of the same shape says much the same; if so, the words that differ become variable."""
        alike = compared = 0
        for mine, other, says in zip(self.words, words, self.says, strict=True):
            if says and not mine == other == VARIABLE:
                compared += 1
                alike += mine == other
        if alike < _LIKENESS * compared:
            return False
        # What was variable stays so: it differs from any word, and no word becomes constant again.
        self.words = [mine if mine == other else VARIABLE for mine, other in zip(self.words, words, strict=True)]
        return True


class Miner:
    """Finds patterns within each stream and level. The same lines in the same order give the same patterns."""

    def __init__(self) -> None:
        self._of_line: dict[tuple[int, str, str], Pattern] = {}
        self._groups: dict[tuple[int, str, _Shape], list[Pattern]] = {}
        self._count = 0

    def add(self, line: str, level: str, step: int, stream: int = 0) -> None:
        """Counts a line in its pattern; left out when it is blank or there are too many patterns."""
        masked = _mask(line)
        key = stream, level, masked
        pattern = self._of_line.get(key)
        if pattern is None:
            pattern = self._find(masked, level, stream)
            if pattern is None:
                return
            if len(self._of_line) < _REMEMBERED:
                self._of_line[key] = pattern
        pattern.counts[step] = pattern.counts.get(step, 0) + 1

    def _find(self, masked: str, level: str, stream: int) -> Pattern | None:
        if not masked or masked.isspace():
            return None
        shape, words, says = _take_apart(masked)
        group = self._groups.get((stream, level, shape), [])
        for pattern in group:
            if pattern.takes(words):
                return pattern
        if self._count >= _PATTERNS or len(group) >= _ALIKE:
            return None
        self._count += 1
        group.append(Pattern(shape, words, says, level))
        self._groups[stream, level, shape] = group
        return group[-1]

    def patterns(self) -> list[Pattern]:
        """The patterns, the most frequent first; those of one level that read the same are one."""
        merged: dict[tuple[str, str], Pattern] = {}
        for group in self._groups.values():
            for pattern in group:
                same = merged.setdefault((pattern.level, pattern.text), pattern)
                if same is not pattern:
                    for step, count in pattern.counts.items():
                        same.counts[step] = same.counts.get(step, 0) + count
        return [merged[key] for key in sorted(merged, key=lambda key: (-sum(merged[key].counts.values()), key))]


def _mask(line: str) -> str:
    """The line with `<_>` for every word with a digit."""
    cut = line[:_CHARACTERS]
    masked = _WITH_DIGIT.sub(VARIABLE, cut)
    return _shorten(masked + VARIABLE if len(cut) < len(line) else masked)


def _shorten(text: str) -> str:
    return _ROW_OF_VARIABLES.sub(VARIABLE, text)


def _take_apart(masked: str) -> tuple[_Shape, list[str], list[bool]]:
    """A line's shape, its words, and whether each belongs to what the line says."""
    shape: list[str | None] = []
    words: list[str] = []
    in_message: list[bool] = []
    is_message = False
    for token in _TOKEN.finditer(masked):
        key, word = token.groups()
        if key:
            is_message = key.strip('"=: \t').lower() in _MESSAGES
        if word:
            words.append(word)
            in_message.append(is_message)
        shape.append(None if word else token[0])
    return tuple(shape), words, in_message if any(in_message) else [True] * len(words)
